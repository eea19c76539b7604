// From a seed to a machine and a program: options, bytes of memory, and how
// long.
import { assemble } from "../../src/assembler";
import type { MachineOptions, Schedule } from "../../src/machine";
import { mix, Random } from "../silicon/random";
import { Draft, type Surroundings } from "./draft";
import { makeKernel } from "./kernel";
import {
  CODE, CODE_END, DATA, type Frame, FRAME, FRAME_BYTES, FRAMES, HIGH, NARROW, S, STACK16_BASE, STACKS,
} from "./layout";
import { somePlace } from "./soup";
import { themes } from "./themes";
import { supervisorParts, type Supervised } from "./world";

/** Bytes at a physical address. */
export interface Part {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Program {
  readonly seed: number;
  readonly options: MachineOptions;
  readonly schedule: Schedule;
  readonly parts: readonly Part[];
  /** Where CPUs begin. */
  readonly entry: number;
  /** Ticks between two looks of the watchdog. */
  readonly watchdog: number;
  /** Names of the themes of its blocks. */
  readonly themes: ReadonlySet<string>;
  readonly supervised: Supervised;
}

const names = Object.keys(themes);
/** Loops that get hot. */
const hot = ["compute", "branches", "calls", "jumps", "walk", "stack", "bits",
  "locked", "segments", "modify", "strings"];
/** Themes that fill pages. */
const roomy = new Set(["crossing", "codePages"]);

interface Block {
  readonly draft: Draft;
  readonly start: string;
  readonly frame: Partial<Frame>;
}

function makeBlock(r: Random, n: number, around: Surroundings,
  used: Set<string>): Block {
  const ring = r.pick([0, 0, 0, 3, 3, 3, 3, 1]);
  const draft = new Draft(r, ring, around), start = `block${n}`;
  draft.add(`.balign ${r.pick([1, 4, 16, 64])}`);
  draft.put(start);
  const plain = () => {
    for (let i = 1 + r.below(3); i > 0; i--) {
      let name = r.pick(r.chance(40) ? hot : names);
      if (roomy.has(name) && used.has(`${name} twice`)) name = "compute";
      if (roomy.has(name) && used.has(name)) used.add(`${name} twice`);
      used.add(name);
      themes[name]!(draft);
    }
  };
  const whole = () => r.chance(ring === 1 ? 0 : 15)
    ? draft.based(plain) : plain();
  if (r.chance(40)) draft.loopOutside(2 + r.below(3), whole);
  else whole();
  leave(draft);
  draft.text += draft.behind;
  return { draft, start, frame: frameOf(r, ring) };
}

function leave(draft: Draft): void {
  const { r, ring, around } = draft, next = around.at("next");
  draft.add(".balign 16");
  if (ring !== 0) draft.add("int $0x80");
  else if (r.chance(50)) draft.add(`mov $${next},%eax`, "jmp *%eax");
  else draft.add(`push $${next}`, "ret");
  draft.add(".balign 16", ".space 16, 0x90", ring ? "int $0x80"
    : `ljmp $${S.code0},$${next}`);
}

/** What the registers hold when a block begins. */
function frameOf(r: Random, ring: number): Partial<Frame> {
  const outer = ring === 3;
  const cs = [S.code0, S.code1, 0, S.code3][ring]!;
  const data = [S.data0, S.data1, 0, S.data3][ring]!;
  const narrowStack = outer && r.chance(12);
  let eflags = 2 | (r.chance(70) ? 0x200 : 0) | (r.chance(25) ? 0x3000 : 0) |
    (r.chance(30) ? 0x40000 : 0) |
    (r.chance(6) ? 0x100 : 0) | (r.word() & 0x8d5);
  if (ring === 1) eflags |= 0x1000;
  const stack = STACKS + [0, 0x4000, 0, 0x8000][ring]! + 0xf00;
  return {
    cs, ds: data, es: data, fs: outer || ring === 0 ? S.fs & ~3 | ring : data,
    gs: outer || ring === 0 ? S.gs & ~3 | ring : data,
    ss: narrowStack ? S.stack16 : data,
    esp: narrowStack ? stack - STACK16_BASE : stack - r.below(4) * (
      r.chance(15) ? 1 : 0),
    eflags, eax: r.operand(), ecx: r.operand(), edx: r.operand(),
    ebx: somePlace(r), ebp: somePlace(r), esi: somePlace(r),
    edi: somePlace(r),
  };
}

function frameBytes(blocks: readonly { frame: Partial<Frame> }[]) {
  const words = new Uint32Array(blocks.length * FRAME_BYTES / 4);
  blocks.forEach(({ frame }, i) => FRAME.forEach((name, j) => {
    words[i * FRAME.length + j] = frame[name] ?? 0;
  }));
  return new Uint8Array(words.buffer);
}

/** The blocks' bytes, and those of their parts of 16 bits. */
function assembleBlocks(blocks: readonly Block[]) {
  const text = blocks.map(({ draft }) => draft.text).join("");
  const shared = text.match(/^shared\d+(?=:)/gm) ?? [blocks[0]!.start];
  const resolved = text.replace(/SHARED_(\d+)_/g,
    (_, n: string) => shared[Number(n) % shared.length]!);
  const narrow = blocks.flatMap(({ draft }) => draft.narrowParts)
    .sort((a, b) => a.at - b.at);
  const last = narrow.map(({ at, text }) =>
    `  .org ${at - CODE}\n${text}`).join("");
  const { bytes, symbols } = assemble(`${resolved}theEnd:\n${last}`,
    { origin: CODE, name: "program" });
  const end = symbols.get("theEnd")! - CODE;
  const parts = [{ at: CODE, bytes: bytes.slice(0, end) }];
  if (last) parts.push({ at: NARROW, bytes: bytes.slice(NARROW - CODE) });
  return { parts, symbols, fits: end <= CODE_END - CODE };
}

/** The program of a seed. */
export function makeProgram(seed: number): Program {
  const r = new Random(mix(seed) ^ 0x10c57e9);
  const cpus = r.pick([1, 1, 1, 2, 2, 3, 4]);
  const [dataTlb, codeTlb] = r.pick([[1, 1], [2, 3], [64, 32], [64, 32],
    [4096, 4096]] as const);
  const options = { cpus, dataTlb, codeTlb, memory: r.pick([1, 1, 2, 3]) <<
    20, seed: 1 + r.below(1000) };
  const count = 14 + r.below(22);
  const setting = {
    blocks: count,
    cr0: (0x80000011 | (r.chance(70) ? 0x10000 : 0) |
      (r.chance(40) ? 0x40000 : 0)) | 0,
    cr4: (r.chance(70) ? 0x10 : 0) | (r.chance(60) ? 0x80 : 0) |
      (r.chance(30) ? 8 : 0),
    timer: r.pick([0, 300, 1000, 5000, 20000]),
  };
  const kernel = makeKernel(setting);
  const used = new Set<string>();
  for (;;) {
    const around = { cpus, at: kernel.at,
      numbers: { label: 0, counter: 0, narrow: 0 } };
    const blocks = Array.from({ length: count }, (_, n) =>
      makeBlock(r, n, around, used));
    const { parts, symbols, fits } = assembleBlocks(blocks);
    if (!fits) {
      used.add("crossing twice").add("codePages twice");
      continue;
    }
    const frames = blocks.map(({ start, frame }) => ({ frame: { ...frame,
      eip: symbols.get(start)! + (r.chance(30) ? HIGH : 0) } }));
    const data = Uint8Array.from({ length: 0x10000 }, () => r.below(256));
    const supervised = { ...setting, cpus, kernel };
    return {
      seed, options, schedule: someSchedule(r, cpus),
      parts: [{ at: DATA, bytes: data },
        ...parts,
        { at: FRAMES, bytes: frameBytes(frames) },
        ...supervisorParts(r, supervised)],
      entry: kernel.at("boot"), watchdog: r.pick([20_000, 6_000, 3_000]) ,
      themes: used, supervised,
    };
  }
}

function someSchedule(r: Random, cpus: number): Schedule {
  const quantum = r.pick([1, 3, 17, 100, 1000, 10_000]);
  if (r.chance(30)) return { kind: "random", quantum };
  if (r.chance(10)) return { kind: "list", turns: Array.from({ length: 8 },
    () => ({ cpu: r.below(cpus), instructions: 1 + r.below(200) })),
    then: quantum };
  return { kind: "round-robin", quantum };
}
