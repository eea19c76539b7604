// Woven from chapters/844-worlds.md.
// Both worlds of a CPU: where each stands, and which is in force.
import { cpuArea, get, HOST, hostDeath, hostMemory, place, Shared } from
  "../host";
import {
  LgCpu, Lguest, lguestMap, lguestOf, LguestPages, LguestPerCpu, Registers,
  regsOffset, SHADOWS,
} from "../lguest";
import { CPL, CR0, CR0_PG, CR3, EIP, ESP, hex32 } from "../machine";
import type { Machine } from "../machine";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
import { pagesOf } from "./pictures";
import { NOBODY, whereIs } from "./whereis";

const P = 1, LARGE = 0x80, WORDS = 5;

/** A world: its page directory, and where it goes on or would. */
interface World {
  readonly name: string;
  readonly tone: Tone;
  readonly inForce: boolean;
  readonly cr3: number;
  readonly esp: number;
  /** The Host's lies on its stack while it waits. */
  readonly eip?: number | undefined;
  /** The first directory entry of its kernel; and what is below. */
  readonly kernel: number;
  readonly below: string;
}


function hostIsUp(machine: Machine): boolean {
  const memory = hostMemory(machine);
  const directory = get(memory, HOST, Shared.boot_directory);
  const table = get(memory, HOST, Shared.window_ptes);
  const entry = memory.load32(place.KERNEL + directory + 4 * 1023);
  return table !== 0 && (entry & P) !== 0 && entry - (entry & 4095) === table;
}

/** A word of an address space, read by its tables. */
function wordIn(
  machine: Machine, cr3: number, address: number,
): number | undefined {
  const read = (at: number) =>
    hostMemory(machine).load32(place.KERNEL + at);
  const pde = read(cr3 + 4 * (address >>> 22));
  if (!(pde & P)) return undefined;
  if (pde & LARGE) return read(pde - (pde & 0x3fffff) + (address & 0x3fffff));
  const pte = read(pde - (pde & 4095) + 4 * ((address >>> 12) & 1023));
  return pte & P ? read(pte - (pte & 4095) + (address & 4095)) : undefined;
}


/** The Guest whose tables a CPU has, or had last; and its vcpu. */
function guestOf(machine: Machine, id: number) {
  const memory = hostMemory(machine), cr3 = machine.cpus[id]!.w[CR3]!;
  const last = get(memory, cpuArea(id), LguestPerCpu.last_vcpu);
  const guests = Array.from({ length: lguestMap.GUESTS_MAX }, (_, guest) =>
    ({ guest, vcpu: get(memory, lguestOf(guest), Lguest.vcpu) }))
    .filter(({ vcpu }) => vcpu !== 0);
  const shadows = (vcpu: number) => Array.from({ length: SHADOWS },
    (_, slot) => get(memory, vcpu, LgCpu.shadow, slot));
  const here = guests.find(({ vcpu }) =>
    shadows(vcpu).includes((cr3 & -4096) >>> 0));
  return { inForce: here !== undefined,
    ...here ?? guests.find(({ vcpu }) => vcpu === last) };
}

function guestWorld(machine: Machine, id: number): World | undefined {
  const memory = hostMemory(machine), { w } = machine.cpus[id]!;
  const { guest, vcpu, inForce } = guestOf(machine, id);
  if (guest === undefined || vcpu === undefined) return undefined;
  const slot = get(memory, vcpu, LgCpu.directory) % SHADOWS;
  const saved = new Registers(memory, place.KERNEL + regsOffset +
    get(memory, vcpu, LgCpu.regs_page));
  const kernel = get(memory, lguestOf(guest), Lguest.kernel_address);
  return { name: `Guest ${guest}`, tone: "guest", inForce,
    cr3: inForce ? w[CR3]! >>> 0 : get(memory, vcpu, LgCpu.shadow, slot),
    esp: (inForce ? w[ESP]! : saved.esp) >>> 0,
    eip: (inForce ? w[EIP]! : saved.eip) >>> 0,
    kernel: (kernel || place.KERNEL) >>> 22, below: "its programs" };
}

function hostWorld(machine: Machine, id: number, inForce: boolean): World {
  const memory = hostMemory(machine), { w } = machine.cpus[id]!;
  const pages = pagesOf(memory, id), { host_cr3, host_sp } = LguestPages;
  const cr3 = inForce ? w[CR3]! >>> 0 : get(memory, pages, host_cr3);
  const launcher = Array.from({ length: lguestMap.GUESTS_MAX }, (_, guest) =>
    get(memory, lguestOf(guest), Lguest.directory)).indexOf(cr3);
  const none = cr3 === get(memory, HOST, Shared.boot_directory);
  return { name: "the Host", tone: "host", inForce, cr3,
    esp: inForce ? w[ESP]! >>> 0 : get(memory, pages, host_sp),
    eip: inForce ? w[EIP]! >>> 0 : undefined,
    kernel: place.KERNEL >>> 22,
    below: launcher >= 0 ? `Guest ${launcher}'s Launcher`
      : none ? "no process" : "a process" };
}


/** Entries of a directory that lead anywhere. */
function entriesIn(
  machine: Machine, cr3: number, from: number, end: number,
): number {
  const { load32 } = hostMemory(machine);
  let count = 0;
  for (let i = from; i < end; i++)
    count += load32(place.KERNEL + cr3 + 4 * i) & P;
  return count;
}

function drawSpaceOf(
  sheet: Sheet, machine: Machine, x: number, world: World, cpu: number,
): void {
  const { name, tone, inForce, cr3, eip, esp, kernel, below } = world;
  const ends = [1024, 1023, kernel, 0] as const;
  sheet.text(x + 1, 2, name, tone)
    .text(x + 1, 3, `cr3 ${hex32(cr3)}${inForce ? "  in force" : ""}`);
  ["the Switcher", "the kernel", below].forEach((what, i) => {
    const first = ends[i + 1]!, end = ends[i]!, y = 4 + 3 * i;
    const has = (at?: number) => at !== undefined &&
      at >>> 22 >= first && at >>> 22 < end;
    const count = entriesIn(machine, cr3, first, end);
    sheet.box(x, y, 26, 4, i === 0 ? "switcher" : tone, undefined, inForce)
      .text(x + 2, y + 1, what, i === 0 ? "switcher" : tone)
      .text(x + 2, y + 2, `${hex32(first * 2 ** 22)} ${count} ${
        count === 1 ? "entry" : "entries"}`, count ? "ink" : "quiet");
    if (has(eip)) sheet.text(x + 22, y + 1, "eip", "ink",
      inForce ? { cpu, address: eip } : undefined);
    if (has(esp)) sheet.text(x + 22, y + 2, "esp");
  });
  const where = eip === undefined ? "waits" : `eip ${hex32(eip)}`;
  sheet.text(x + 1, 15, where, eip === undefined ? "quiet" : "ink")
    .text(x + 1, 16, `esp ${hex32(esp)}`)
    .box(x, 17, 26, WORDS + 2, tone, undefined, inForce);
  for (let i = 0; i < WORDS; i++) {
    const address = (esp + 4 * i) >>> 0, word = wordIn(machine, cr3, address);
    sheet.text(x + 2, 18 + i, hex32(address), "quiet",
      inForce ? { cpu, address } : undefined)
      .text(x + 12, 18 + i, word === undefined ? "no memory" : hex32(word));
  }
}


function headline(machine: Machine, id: number): string {
  const where = whereIs(machine, id), ring = machine.cpus[id]!.w[CPL];
  if (where === "asleep" || where === "off") return `CPU ${id} is ${where}`;
  const who = where === NOBODY ? "an unknown Guest"
    : typeof where === "number" ? `Guest ${where}`
      : where === "program" ? "a program of the Host's" : `the ${where}`;
  return `CPU ${id} is in ${who}, in ring ${ring}`;
}

/** Both worlds of a CPU, now; a line if there is no Host. */
export function drawWorlds(machine: Machine, id: number): Picture {
  const sheet = new Sheet(), cpu = machine.cpus[id];
  if (!cpu || !hostIsUp(machine))
    return sheet.text(0, 0, cpu ? "no Host of ours runs on this machine"
      : `there is no CPU ${id}`).picture();
  const dead = hostDeath(machine)?.[0];
  sheet.text(0, 0, headline(machine, id));
  if (dead) sheet.text(0, 1, `The Host is dead: ${dead}`, "wrong");
  if (!(cpu.w[CR0]! & CR0_PG))
    return sheet.text(0, 2, "it has no page tables yet", "quiet").picture();
  const guest = guestWorld(machine, id);
  const host = hostWorld(machine, id, !guest?.inForce);
  drawSpaceOf(sheet, machine, 0, host, id);
  if (guest) drawSpaceOf(sheet, machine, 28, guest, id);
  else sheet.text(29, 2, "no Guest is here now", "quiet");
  return sheet.picture();
}
