// Woven from chapters/520-guest-segments.md.
// Where addresses lead, drawn from the machine's memory.
import { cpuArea, get, HOST, hostMemory, most, place, Shared } from
  "../host";
import {
  LgCpu, Lguest, lguestMap, lguestOf, LguestPerCpu, SHADOWS,
} from "../lguest";
import { hex32 } from "../machine";
import type { Machine } from "../machine";
import { letters } from "./letters";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";

const P = 1, LARGE = 0x80;
const RW = 2;

function frameOf(entry: number): number {
  return entry - (entry & 4095);
}

const physically = (machine: Machine) => (at: number) =>
  hostMemory(machine).load32(place.KERNEL + at);

/** The frame in which a page of a Guest's memory lies, if it has one. */
function frameBehind(
  machine: Machine, guest: number, address: number,
): number | undefined {
  const read = physically(machine), at = place.MEM_BASE + address;
  const directory = get(hostMemory(machine), lguestOf(guest),
    Lguest.directory);
  const pde = directory && read(directory + 4 * (at >>> 22));
  if (!(pde & P)) return undefined;
  const pte = read(frameOf(pde) + 4 * ((at >>> 12) & 1023));
  return pte & P ? frameOf(pte) : undefined;
}

/** Words of a Guest's memory from a physical address of its own on, seen
 * from outside; 0 where it has none. */
export function guestWords(
  machine: Machine, guest: number, address: number, count: number,
): number[] {
  const read = physically(machine);
  return Array.from({ length: count }, (_, i) => {
    const at = address + 4 * i, frame = frameBehind(machine, guest, at);
    return frame === undefined ? 0 : read(frame + (at & 4095));
  });
}

/** What is behind a directory: the entries on the way, and the page. */
interface Way {
  /** The directory, the table and the page; no more than there are. */
  readonly frames: readonly (number | undefined)[];
  readonly entries: readonly number[];
}

function wayOf(
  read: (at: number) => number, directory: number, address: number,
): Way {
  const pde = read(directory + 4 * (address >>> 22)), table = frameOf(pde);
  if (!(pde & P)) return { frames: [directory], entries: [pde] };
  const pte = read(table + 4 * ((address >>> 12) & 1023));
  return { frames: [directory, table, pte & P ? frameOf(pte) : undefined],
    entries: [pde, pte] };
}

function drawWay(
  sheet: Sheet, y: number, tone: Tone, { frames, entries }: Way,
  address: number,
): void {
  ["directory", "table", "page"].forEach((what, level) => {
    const x = 19 * level, frame = frames[level], entry = entries[level];
    const there = frame !== undefined;
    sheet.text(x + 1, y, what, "quiet")
      .box(x, y + 1, 16, 4, there ? tone : "quiet", undefined, there)
      .text(x + 2, y + 2, there ? hex32(frame) : "none",
        there ? tone : "quiet");
    if (entry === undefined) return;
    const index = (address >>> (level === 0 ? 22 : 12)) & 1023;
    sheet.text(x + 2, y + 3,
      `${index}: ${entry & P ? letters(entry) : "nothing"}`,
      entry & P ? "ink" : "quiet");
    if (entry & P) sheet.arrow([[x + 16, y + 3], [x + 18, y + 3]], tone);
  });
}

/** The way of a Guest's address: by its own tables, and by the shadow. */
export function drawWalk(
  machine: Machine, guest: number, address: number,
): Picture {
  const sheet = new Sheet(), memory = hostMemory(machine);
  const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
  if (vcpu === 0)
    return sheet.text(0, 0, `Guest ${guest} has no tables`).picture();
  const slot = get(memory, vcpu, LgCpu.directory) % SHADOWS;
  const theirs = get(memory, vcpu, LgCpu.linear)
    ? { frames: [, , frameOf(address)], entries: [] }
    : wayOf((at) => guestWords(machine, guest, at, 1)[0]!,
      get(memory, vcpu, LgCpu.guest_directory, slot), address);
  const ours = wayOf(physically(machine),
    get(memory, vcpu, LgCpu.shadow, slot), address);
  const name = `0x${hex32(address)} by `;
  sheet.text(0, 0, `${name}the Guest's tables`, "guest");
  drawWay(sheet, 1, "guest", theirs, address);
  sheet.text(0, 7, `${name}our shadow`, "host");
  drawWay(sheet, 8, "host", ours, address);
  const page = theirs.frames[2], behind = ours.frames[2];
  if (page !== undefined && behind !== undefined &&
    frameBehind(machine, guest, page) === behind)
    sheet.arrow([[46, 6], [46, 8]]).text(38, 7, "lies in", "quiet");
  return sheet.picture();
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

/** Whose registers lie in a frame, if they are a Guest's. */
function ownerOf(machine: Machine, frame: number): number {
  const memory = hostMemory(machine), { GUESTS_MAX } = lguestMap;
  return Array.from({ length: GUESTS_MAX }, (_, guest) =>
    get(memory, lguestOf(guest), Lguest.vcpu)).findIndex((vcpu) =>
    vcpu !== 0 && get(memory, vcpu, LgCpu.regs_page) === frame);
}

function drawPage(
  sheet: Sheet, x: number, y: number, entry: number, what: string, tone: Tone,
): void {
  const there = (entry & P) !== 0, frame = hex32(frameOf(entry));
  sheet.box(x, y, 19, 4, there ? tone : "quiet", undefined, there)
    .text(x + 2, y + 1, there ? what : "nothing", there ? "ink" : "quiet");
  if (there) sheet.text(x + 2, y + 2,
    `${frame}  ${entry & RW ? "write" : "read"}`, tone);
}

/** The Switcher's pages: as the Host has them, and as a Guest on a CPU. */
export function drawSwitcher(machine: Machine, cpu: number): Picture {
  const memory = hostMemory(machine), read = physically(machine);
  const tables = [get(memory, HOST, Shared.window_ptes),
    get(memory, cpuArea(cpu), LguestPerCpu.guest_ptes)];
  const sheet = new Sheet().text(9, 0, "the Host", "host")
    .text(35, 0, `a Guest on CPU ${cpu}`, "guest");
  const cpus = Math.min(get(memory, HOST, Shared.cpus_present),
    most.CPUS_MAX);
  for (let page = 0; page < 1 + 2 * cpus; page++) {
    const [host = 0, guest = 0] = tables.map((table) =>
      table && read(table + 4 * page));
    const y = 1 + 3 * page, of = (page - 1) >>> 1, text = page === 0;
    const address = lguestMap.SWITCHER + 4096 * page;
    const what = text ? "text" : `${page & 1 ? "registers" : "state"} CPU ${of}`;
    const same = guest & P && frameOf(host) === frameOf(guest);
    const owner = same ? -1 : ownerOf(machine, frameOf(guest));
    const tone = !text && of !== cpu ? "wrong" : same ? "switcher" : "guest";
    sheet.text(0, y + 1, hex32(address), "ink", { cpu, address });
    drawPage(sheet, 9, y, host, what, "host");
    drawPage(sheet, 35, y, guest, owner < 0 ? what : `of Guest ${owner}`, tone);
    if (same)
      sheet.text(29, y + 1, "same", "quiet")
        .line([[28, y + 2], [34, y + 2]]);
  }
  return sheet.picture();
}
