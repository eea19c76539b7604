// From a difference to the instruction behind which it begins.
import { disassemble } from "../../src/assembler";
import {
  BASE, CPL, CR0, CR0_PG, CS, type Cpu, EIP, PTE_PS, SEGMENTS, TLB_FRAME,
  tlbFind, walkQuietly,
} from "../../src/machine";
import { differences, hex } from "./names";
import { type Build, Pair, type Piece, Side } from "./pair";
import type { Program } from "./program";

/** What was found, for a reader. */
export interface Report {
  readonly seed: number;
  /** Instructions behind which the machines differ first. */
  readonly count: number;
  readonly text: string;
}

/** Machines that have done these pieces, not looked at on the way. */
function replay(
  program: Program, builds: readonly [Build, Build],
  pieces: readonly Piece[],
) {
  const pair = new Pair(program, ...builds);
  let agree = true;
  for (const piece of pieces) agree = pair.do(piece).agree && agree;
  return { pair, differ: !agree || !pair.same(true) };
}

/** The shortest last piece behind which the machines differ; it ends a run
 * at the first instruction that did it, unless that hides the difference. */
function shortest(
  program: Program, builds: readonly [Build, Build],
  pieces: readonly Piece[],
): readonly Piece[] {
  const last = pieces.at(-1)!, before = pieces.slice(0, -1);
  if (last.kind !== "run") return pieces;
  const cut = (most: number): Piece[] =>
    [...before, { kind: "run", most, ask: last.ask }];
  let good = 0, bad = last.most;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (replay(program, builds, cut(middle)).differ) bad = middle;
    else good = middle;
  }
  return cut(bad);
}

/** Looks at RAM behind every piece: which is the first that differs. */
function firstPiece(
  program: Program, builds: readonly [Build, Build],
  pieces: readonly Piece[],
): readonly Piece[] {
  const pair = new Pair(program, ...builds);
  for (const [i, piece] of pieces.entries())
    if (!pair.do(piece).agree || !pair.same(true))
      return pieces.slice(0, i + 1);
  return pieces;
}

/** Where the machines differ first, and what they did before. */
export function explain(
  program: Program, builds: readonly [Build, Build],
  pieces: readonly Piece[],
): Report {
  const found = shortest(program, builds,
    firstPiece(program, builds, pieces));
  const { pair } = replay(program, builds, found);
  const { seed, options, schedule } = program;
  const last = found.at(-1)!;
  const text = [
    `seed ${seed}: the machines differ behind instruction ${pair.count}`,
    `${JSON.stringify(options)}, ${JSON.stringify(schedule).slice(0, 80)}`,
    `piece ${found.length}: ${JSON.stringify(last)}`,
    ...differences(pair.first.machine, pair.second.machine),
    ...trace(program, builds[0], found),
  ].join("\n");
  return { seed, count: pair.count, text };
}

/** The last instructions that the first machine began. */
function trace(
  program: Program, build: Build, pieces: readonly Piece[], most = 12,
): string[] {
  const side = new Side(program, build), lines: string[] = [];
  const { machine } = side, { schedule } = program;
  for (const piece of pieces) {
    if (piece.kind !== "run") {
      side.do(piece);
      lines.push(`  (${piece.kind})`);
      continue;
    }
    const end = machine.count + piece.most;
    machine.run({ schedule, stopWhen: (cpu) => {
      if (machine.count >= end) return true;
      lines.push(`  ${cpu.id} ring ${cpu.w[CPL]} ${shown(cpu)}`);
      if (lines.length > 4 * most) lines.splice(0, 3 * most);
      return false;
    } });
  }
  return lines.slice(-most);
}

function shown(cpu: Cpu): string {
  const { w } = cpu, eip = w[EIP]!;
  const linear = (w[SEGMENTS + 4 * CS + BASE]! + eip) | 0;
  const byteAt = (i: number) => {
    const at = physical(cpu, (linear + i) | 0);
    if (i > 15 || at < 0 || at >= cpu.board.ramSize)
      throw new RangeError("no memory");
    return cpu.board.ram[at]!;
  };
  const code16 = !cpu.code32;
  return `${hex(eip)} ${disassemble(byteAt, eip, { code16 }).text}`;
}

/** Where code lies, as the CPU would find it, without any trace; or -1. */
function physical(cpu: Cpu, linear: number): number {
  const { w } = cpu, at = tlbFind(cpu, true, linear);
  if (!(w[CR0]! & CR0_PG) || at < 0) return walkQuietly(cpu, linear) ?? -1;
  const within = w[at]! & PTE_PS ? 0x3fffff : 0xfff;
  return (w[at + TLB_FRAME]! | (linear & within)) >>> 0;
}
