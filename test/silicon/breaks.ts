// Breakpoints and single steps, asked of our machine and of the processor:
// where a few instructions stop, and what DR6 says there.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  ACTIVITY, assemble, CS, DR, DS, EAX, EBX, ECX, EDI, EDX, EIP, ES, ESI,
  ESP, loadGdtr, loadIdtr, Machine, putSegment, refreshDebug, RUNNING, SS,
} from "../../src";
import { compile } from "./compile";
import { CODE, DATA } from "./map";
import { mix, Random } from "./random";

/** Instructions at CODE, with EAX and ESI at DATA, EBX at DATA + 4, EDI at
 * DATA + 8 and ECX 3. */
export interface BreakCase {
  readonly code: readonly number[];
  /** DR0 to DR3. */
  readonly addresses: readonly number[];
  readonly dr7: number;
  /** Whether it goes in single steps. */
  readonly steps: boolean;
}

/** A stop: where, B0 to B3, BD, BS and BT of DR6, and RF where no breakpoint
 * on code was met. */
export type BreakStop = readonly [eip: number, dr6: number, rf: number];

const MOST = 16, BYTES = 64, RF = 0x10000, TF = 0x100, TOLD = 0xe00f;

/** A case: its code, with stops at addresses by kind. `x0` is a breakpoint
 * on the code at offset 0, `w4` one on 4 bytes written at DATA + 4, `a` one on
 * bytes read or written. */
export function breakCase(
  text: string, points: string, steps = false,
): BreakCase {
  const { bytes } = assemble(text, { origin: CODE });
  const addresses = [0, 0, 0, 0];
  let dr7 = 0;
  points.split(" ").filter(Boolean).forEach((point, n) => {
    const kind = "xw a".indexOf(point[0]!), at = Number(point.slice(1));
    addresses[n] = (kind ? DATA : CODE) + at;
    dr7 |= 1 << (2 * n) | (kind | (kind ? 0xc : 0)) << (16 + 4 * n);
  });
  return { code: [...bytes], addresses, dr7: dr7 >>> 0, steps };
}

const pool = ["mov %ebx, (%eax)", "mov (%eax), %edx", "mov %edx, 4(%eax)",
  "incl 8(%eax)", "rep movsl", "movsl", "stosb", "rep stosb", "cmpsl",
  "xadd %ebx, (%eax)", "xchg %edx, 4(%eax)", "push %edx", "nop",
  "movb %dl, 2(%eax)", "addw $5, 6(%eax)", "repe cmpsb", "repne scasl",
  ".byte 0xf1", "pushf\n pop %edx", "mov $3, %ecx", "testl %edx, (%esi)",
  `lodsw\n mov $0x${DATA.toString(16)}, %eax`,
  `rep lodsb\n mov $0x${DATA.toString(16)}, %eax`];

/** A case with that seed and number. */
export function randomBreaks(seed: number, number: number): BreakCase {
  const r = new Random(mix(seed) + number);
  const lines = Array.from({ length: 2 + r.below(5) }, () => r.pick(pool));
  // Where each of them begins.
  const starts = lines.map((_, i) =>
    breakCase(lines.slice(0, i).join("\n"), "").code.length);
  const points = Array.from({ length: r.below(5) }, () => r.chance(40)
    ? `x${r.pick(starts)}` : r.pick(["w", "a"]) + 4 * r.below(6));
  return breakCase(lines.join("\n"), points.join(" "), r.chance(30));
}

/** Where the processor stops; or why it can't be asked. */
export function stopsOfProcessor(
  cases: readonly BreakCase[],
): BreakStop[][] | string {
  const built = compile(join(__dirname, "breaks.c"));
  if ("problem" in built) return built.problem;
  const input = Buffer.concat(cases.map((c) => {
    const head = [...c.addresses, c.dr7, c.steps ? 1 : 0, c.code.length];
    const bytes = Buffer.alloc(4 * head.length + BYTES, 0xcc);
    head.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i));
    bytes.set(c.code, 4 * head.length);
    return bytes;
  }));
  const done = spawnSync(built.program, { input, maxBuffer: 1 << 30 });
  if (done.status !== 0) return `no debug registers: ${done.stderr}`;
  let at = 0;
  const get = () => done.stdout.readUInt32LE((at += 4) - 4);
  return cases.map(() => Array.from({ length: get() },
    () => [get(), get(), get()] as const));
}

/** A machine whose handlers of traps halt, and what it is at first. */
function makeStage() {
  const machine = new Machine({ memory: 1 << 20 });
  const cpu = machine.cpus[0]!;
  loadGdtr(cpu, 0x1000, 0x1f);
  const handler = 0x3000;
  cpu.store32(0x1018, 0xffff);
  cpu.store32(0x101c, 0x00cf9b00);
  loadIdtr(cpu, 0x2000, 0x1f);
  for (const vector of [1, 3]) {
    cpu.store32(0x2000 + 8 * vector, 0x180000 | handler);
    cpu.store32(0x2004 + 8 * vector, 0x8e00);
  }
  cpu.store8(handler, 0xf4);
  return { machine, cpu, fresh: machine.snapshot() };
}

let stage: ReturnType<typeof makeStage> | undefined;

/** Where our machine stops, with somebody who goes on as Linux does. */
export function stopsOfOurs(c: BreakCase): BreakStop[] {
  const { machine, cpu, fresh } = stage ??= makeStage();
  const { w } = cpu;
  machine.restore(fresh);
  // Offsets are the processor's addresses: the bases see to that.
  const low = (at: number) => at >= CODE ? at - CODE + 0x8000
    : at - DATA + 0x9000;
  machine.writeRam(0x8000, Uint8Array.from([...c.code, 0xcc, 0xcc]));
  putSegment(cpu, SS, 0x10, 0, -1, 0xc093);
  for (const s of [DS, ES]) {
    putSegment(cpu, s, 0x10, low(DATA) - DATA, -1, 0xc093);
  }
  Object.assign(w, { [EAX]: DATA, [ESI]: DATA, [EBX]: DATA + 4,
    [EDI]: DATA + 8, [ECX]: 3, [EDX]: 0 });
  c.addresses.forEach((at, n) => { w[DR + n] = at ? low(at) : 0; });
  w[DR + 7] = c.dr7;
  refreshDebug(cpu);
  w[EIP] = CODE;
  cpu.setEflags(c.steps ? TF | 2 : 2);
  const stops: BreakStop[] = [];
  w[ESP] = 0x7000;
  while (stops.length < MOST) {
    w[DR + 6] = 0xffff0ff0;
    w[ACTIVITY] = RUNNING;
    // The handler has another one.
    putSegment(cpu, CS, 8, low(CODE) - CODE, -1, 0xc09b);
    machine.run({ maxInstructions: 1000 });
    const frame: number = w[ESP]!;
    const eip = cpu.load32(frame), flags = cpu.load32(frame + 8);
    w[ESP] = frame + 12;
    if (eip - CODE >= c.code.length) break;
    const dr6 = w[DR + 6]! & TOLD;
    const code = [0, 1, 2, 3].some((n) =>
      (dr6 >> n) & 1 && !((c.dr7 >>> (16 + 4 * n)) & 3));
    stops.push([eip - CODE, dr6, code ? 0 : flags & RF]);
    w[EIP] = eip;
    cpu.setEflags((flags & ~TF) | (code ? RF : 0) | (c.steps ? TF : 0));
  }
  return stops;
}

const STORE = "mov %ebx, (%eax)\n nop\n nop", REP = "rep movsl\n nop";
/** What is told together with what, and what apart: no manual says, so a
 * processor may have another habit. */
const habits: readonly BreakCase[] = [
  breakCase(STORE, "w0 x2"), breakCase(STORE, "w0 x2", true),
  breakCase(STORE, "x2", true), breakCase(REP, "a4 x0"),
  breakCase(REP, "w16 x2"), breakCase(".byte 0xf1\n nop", "x1"),
];

/** Why the processor's stops say nothing about ours: its debug registers can't
 * be had, or it has another habit. */
export function whyNoStops(): string | undefined {
  const asked = stopsOfProcessor(habits);
  if (typeof asked === "string") return asked;
  const other = habits.findIndex((c, i) =>
    JSON.stringify(asked[i]) !== JSON.stringify(stopsOfOurs(c)));
  return other < 0 ? undefined : "this processor tells of breakpoints in " +
    `another way (habit ${other}): left open`;
}

/** Random cases on both: what differs, in words. Where the processor says
 * nothing about ours the text tells why, and nothing differs. */
export function compareBreaks(
  seed: number, count: number,
): { text: string; different: number } {
  const cases = Array.from({ length: count }, (_, n) =>
    randomBreaks(seed, n));
  const right = whyNoStops() ?? stopsOfProcessor(cases);
  if (typeof right === "string") return { text: right, different: 0 };
  const text = (stops: readonly BreakStop[]) => JSON.stringify(stops);
  const ours = cases.map((c) => text(stopsOfOurs(c)));
  const numbers = [...cases.keys()];
  const once = numbers.filter((n) => text(right[n]!) !== ours[n]);
  // Now and then, in a REP, Linux hands on a trap without its DR6.
  let wrong = once;
  for (let tries = 0; tries < 3 && wrong.length > 0; tries++) {
    const again = stopsOfProcessor(wrong.map((n) => cases[n]!));
    wrong = wrong.filter((n, i) =>
      typeof again === "string" || text(again[i]!) !== ours[n]);
  }
  const reports = wrong.slice(0, 5).map((n) => {
    const c = cases[n]!, hex = Buffer.from(c.code).toString("hex");
    return `case ${n} of seed ${seed}: ${hex}, DR0-3 ${c.addresses}, DR7 ` +
      `${c.dr7}${c.steps ? ", in steps" : ""}\n  ${text(right[n]!)}\n` +
      `  ours ${ours[n]}`;
  });
  const stops = right.reduce((n, { length }) => n + length, 0);
  const more = once.length - wrong.length;
  return { different: wrong.length,
    text: [...reports, `${count} cases with breakpoints and single steps, ` +
      `${stops} stops: ${wrong.length} differences` +
      (more ? `, ${more} differed once and not again` : "")].join("\n") };
}
