// Woven from chapters/520-guest-segments.md.
// Where addresses lead, drawn from the machine's memory.
import { cpuArea, get, HOST, hostMemory, most, place, Shared } from
  "../host";
import { LgCpu, Lguest, lguestMap, lguestOf, LguestPerCpu } from "../lguest";
import { hex32 } from "../machine";
import type { Machine } from "../machine";

const P = 1, LARGE = 0x80;

function frameOf(entry: number): number {
  return entry - (entry & 4095);
}

function show(entry: number): string {
  if (!(entry & P)) return "nothing";
  const letters = ([[2, "w"], [4, "u"], [0x20, "a"], [0x40, "d"],
    [0x100, "g"]] as const).map(([bit, l]) => entry & bit ? l : "-");
  return `${hex32(frameOf(entry))} ${letters.join("")}`;
}

/** Words of a Guest's memory from a physical address of its own on, seen
 * from outside; 0 where it has none. */
export function guestWords(
  machine: Machine, guest: number, address: number, count: number,
): number[] {
  const { load32 } = hostMemory(machine), lg = lguestOf(guest);
  const directory = get(hostMemory(machine), lg, Lguest.directory);
  return Array.from({ length: count }, (_, i) => {
    const at = place.MEM_BASE + address + 4 * i;
    const pde = load32(place.KERNEL + directory + 4 * (at >>> 22));
    if (directory === 0 || !(pde & P)) return 0;
    const pte = load32(place.KERNEL + frameOf(pde) +
      4 * ((at >>> 12) & 1023));
    return pte & P ? load32(place.KERNEL + frameOf(pte) + (at & 4095)) : 0;
  });
}

/** The way of a Guest's address: by its own tables, and by the shadow. */
export function drawWalk(
  machine: Machine, guest: number, address: number,
): string {
  const memory = hostMemory(machine);
  const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
  if (vcpu === 0) return "no tables";
  const slot = get(memory, vcpu, LgCpu.directory);
  const theirs = (at: number) => guestWords(machine, guest, at, 1)[0]!;
  const ours = (at: number) => memory.load32(place.KERNEL + at);
  const own = get(memory, vcpu, LgCpu.linear) ? "sees its memory as it is"
    : way(theirs, get(memory, vcpu, LgCpu.guest_directory, slot), address);
  return `the Guest  ${own}\nthe shadow ${
    way(ours, get(memory, vcpu, LgCpu.shadow, slot), address)}`;
}

/** A directory, its entry, and that of the table behind it. */
function way(
  read: (at: number) => number, directory: number, address: number,
): string {
  const pde = read(directory + 4 * (address >>> 22));
  const start = `${hex32(directory)} -> ${show(pde)}`;
  if (!(pde & P)) return start;
  const pte = read(frameOf(pde) + 4 * ((address >>> 12) & 1023));
  return `${start} -> ${show(pte)}`;
}

/** A Launcher's address space, stretch by stretch. */
export function drawSpace(machine: Machine, guest: number): string {
  const memory = hostMemory(machine);
  const directory = get(memory, lguestOf(guest), Lguest.directory);
  const lines: string[] = [];
  let from = 0, end = 0, kind = "";
  const put = (at: number, size: number, entry: number) => {
    const now = !(entry & P) ? "" : (size === 4096 ? "4 KiB" : "4 MiB") +
      (entry & 4 ? ", user" : "") + (entry & 2 ? ", writable" : "") +
      (entry & 0x100 ? ", global" : "");
    if (now !== kind) {
      if (kind) lines.push(`${hex32(from)} to ${hex32(end - 1)}  ${kind}`);
      from = at;
      kind = now;
    }
    end = at + size;
  };
  for (let i = 0; directory !== 0 && i < 1024; i++) {
    const pde = memory.load32(place.KERNEL + directory + 4 * i);
    const at = i * 2 ** 22;
    if (!(pde & P) || pde & LARGE) put(at, 2 ** 22, pde);
    else for (let k = 0; k < 1024; k++)
      put(at + 4096 * k, 4096,
        memory.load32(place.KERNEL + frameOf(pde) + 4 * k));
  }
  put(2 ** 32, 4096, 0);
  return lines.join("\n");
}

/** The Switcher's pages: as the Host has them, and as a Guest on a CPU. */
export function drawSwitcher(machine: Machine, cpu: number): string {
  const memory = hostMemory(machine);
  const host = get(memory, HOST, Shared.window_ptes);
  const guest = get(memory, cpuArea(cpu), LguestPerCpu.guest_ptes);
  const entry = (table: number, page: number) =>
    show(memory.load32(place.KERNEL + table + 4 * page));
  const cpus = get(memory, HOST, Shared.cpus_present);
  const pages = 1 + 2 * Math.min(cpus, most.CPUS_MAX);
  const lines = [" ".repeat(10) +
    `the Host        a Guest on CPU ${cpu}`];
  for (let page = 0; page < pages; page++) {
    const what = page === 0 ? "text" : (page & 1 ? "registers, CPU "
      : "state, CPU ") + ((page - 1) >>> 1);
    lines.push(`${hex32(lguestMap.SWITCHER + 4096 * page)}  ` +
      `${entry(host, page).padEnd(14)}  ${entry(guest, page).padEnd(14)}  ` +
      what);
  }
  return lines.join("\n");
}
