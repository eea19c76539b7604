// Woven from chapters/748-step.md, 779-engine.md.
import { decode, InstructionTooLong, segmentPrefixes } from "../../table";
import type { Insn } from "../../table";
import type { Builder } from "./builder";
import { CodeCache, CodePage } from "./codecache";
import type { Cpu } from "../cpu/cpu";
import { Decoded } from "./decoded";
import { checkCode, DR6_BS, holdTrap } from "../cpu/breakpoints";
import { deliver, deliverTrap } from "../cpu/exceptions";
import { Fault, gp, UD } from "../ground/fault";
import { Immediate } from "./immediate";
import { Engine } from "./interpreter/engine";
import { takeInterrupt } from "../cpu/interrupts";
import type { Board } from "../ground/board";
import {
  ACTIVITY, ATTENTION, CLOCK, CPL, CS_BASE, CS_LIMIT, DEBUG_PENDING, EIP,
  HALTED, INHIBIT, RETIRED, RF, RUNNING, SHADOW_SS, SYSTEM_FLAGS, TF,
} from "../ground/state";
import { unimplemented } from "./unimplemented";
import { virtualIsDue } from "../cpu/virtual";

// No page begins at an odd address.
const NO_PAGE = 1;
// JavaScript's engines keep a number in a register if it's a whole one and
// has no more bits than this.
const MOST_LEFT = 0x3fffffff;

/** Makes one CPU execute; holds only what can be made again. */
export class Runner {
  private readonly builder: Builder;
  // The page that we execute, where it lies, and its records.
  private page = NO_PAGE;
  private physical = 0;
  private frame = -1;
  private code = new CodePage();
  private records = this.code.wide;
  // For code in no memory: nothing is ever remembered here.
  private readonly nowhere = new CodePage();
  // The shadow in which the next instruction is.
  private shadow: number | undefined;
  private readonly engine: Engine | undefined;

  constructor(private readonly cpu: Cpu, private readonly cache: CodeCache) {
    this.builder = new Immediate(cpu) as unknown as Builder;
    if (cpu.board.interpreter !== "plain")
      this.engine = new Engine(cpu, cache);
  }

  /** Makes up to `most` steps, each an instruction or the delivery of an
   * interrupt or fault; ends early when the clock reaches the deadline, the
   * CPU stops, or the machine was woken. Gives the number of steps. */
  run(most: number, deadline: number): number {
    const { cpu } = this, { board, w, d } = cpu;
    const start = d[RETIRED]!, end = start + most;
    cpu.look = true;
    while (d[RETIRED]! < end && d[CLOCK]! < deadline && !board.woken) {
      if (w[ACTIVITY] !== RUNNING) break;
      try {
        this.stretch(end, deadline);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        this.raise(thrown);
      }
    }
    return d[RETIRED]! - start;
  }

  // What the instruction at EIP ends in.
  private raise(fault: Fault): void {
    const { cpu } = this;
    cpu.w[DEBUG_PENDING] = 0;
    deliver(cpu, fault);
    this.delivered();
  }

  private countStep(): void {
    const { d } = this.cpu;
    d[RETIRED]! += 1;
    d[CLOCK]! += 1;
    this.cpu.look = true;
  }

  // A delivery was this step; no instruction any more.
  private delivered(): false {
    this.countStep();
    return false;
  }
  private stretch(end: number, deadline: number): void {
    const { cpu, builder } = this, { board, w, d } = cpu;
    let { page, records } = this, left = 0, base = 0, limit = 0;
    for (;;) {
      if (left === 0 || cpu.look || board.woken) {
        left = Math.min(end - d[RETIRED]!, Math.ceil(deadline - d[CLOCK]!),
          MOST_LEFT) | 0;
        if (left <= 0 || board.woken || !this.mayGoOn()) return;
        page = this.page;
        base = w[CS_BASE]!;
        limit = w[CS_LIMIT]!;
      }
      if (this.engine?.mayRun()) {
        left = this.engine.interpret(left);
        const { fault } = this.engine;
        if (fault) this.raise(fault);
        if (left === 0 || cpu.look || board.woken) continue;
      }
      const eip = w[EIP]!, linear = (base + eip) | 0;
      if ((linear & -4096) !== page) {
        if (cpu.codeGuards?.has(linear >>> 12)) return this.stepCarefully();
        this.enterPage(eip);
        ({ page, records } = this);
      }
      const insn = records[linear & 0xfff] ?? this.decodeAt(eip);
      const next = (eip + insn.length) | 0;
      if ((next - 1) >>> 0 > limit >>> 0) throw gp();
      cpu.next = next;
      insn.run(builder, insn);
      w[EIP] = cpu.next;
      d[RETIRED]! += 1;
      d[CLOCK]! += 1;
      left--;
    }
  }
  // False if this was the time for something else than an instruction.
  private mayGoOn(): boolean {
    const { cpu } = this, { w } = cpu;
    if (cpu.look) {
      this.page = NO_PAGE;
      cpu.look = false;
    }
    if (w[ACTIVITY] !== RUNNING) return false;
    const shadow = this.shadow = w[INHIBIT]!;
    if (w[DEBUG_PENDING] !== 0 && shadow !== SHADOW_SS) {
      deliverTrap(cpu);
      return this.delivered();
    }
    if (w[ATTENTION] !== 0 && takeInterrupt(cpu)) return this.delivered();
    if (shadow !== 0) {
      w[INHIBIT] = 0;
      cpu.look = true;
    }
    const plain = (w[SYSTEM_FLAGS]! & (TF | RF)) === 0;
    if (plain && !virtualIsDue(cpu)) return true;
    this.stepCarefully();
    return false;
  }
  private enterPage(eip: number): void {
    const { cpu } = this, { w } = cpu, linear = (w[CS_BASE]! + eip) | 0;
    if (eip >>> 0 > w[CS_LIMIT]! >>> 0) throw gp();
    const physical = cpu.codeAddress(linear);
    this.page = cpu.tlbWatch ? NO_PAGE : linear & -4096;
    this.physical = physical & -4096;
    this.frame = cpu.board.frameOf(physical);
    this.code = this.frame < 0 ? this.nowhere : this.cache.page(this.frame);
    this.records = cpu.code32 ? this.code.wide : this.code.narrow;
  }
  private decodeAt(eip: number): Decoded {
    const { cpu, code } = this, start = (cpu.w[CS_BASE]! + eip) & 0xfff;
    const known = this.crossingAt(eip, start);
    if (known) return known;
    const insn = new Decoded(
      fetchInstruction(cpu, eip, (i) => this.byteAt(eip, i)));
    if (this.frame < 0) return insn;
    const here = 4096 - start, beyond = insn.length - here;
    if (beyond <= 0) this.records[start] = insn;
    else if (code.crossing) code.live--;
    if (beyond > 0) code.crossing = { insn, start, wide: cpu.code32,
      rest: Array.from({ length: beyond },
        (_, n) => cpu.codeByte((eip + here + n) | 0)) };
    cpu.markCode(this.frame);
    code.live++;
    return insn;
  }

  // What is known of an instruction that begins here and ends elsewhere.
  private crossingAt(eip: number, start: number): Decoded | undefined {
    const { cpu } = this, { crossing } = this.code, rest = eip + 4096 - start;
    if (crossing?.start !== start || crossing.wide !== cpu.code32) return;
    for (let n = 0; n < crossing.rest.length; n++) {
      if (cpu.codeByte((rest + n) | 0) !== crossing.rest[n]) return;
    }
    return crossing.insn;
  }

  private byteAt(eip: number, i: number): number {
    const { cpu, physical } = this, { w } = cpu, at = (eip + i) | 0;
    const linear = (w[CS_BASE]! + at) | 0, first = (w[CS_BASE]! + eip) | 0;
    if ((linear ^ first) & -4096 || at >>> 0 > w[CS_LIMIT]! >>> 0)
      return cpu.codeByte(at);
    return cpu.readPhysical((physical | (linear & 0xfff)) >>> 0, 1);
  }
  // One instruction, with all that TF, RF and breakpoints ask for.
  private stepCarefully(): void {
    const { cpu, builder } = this, { w } = cpu;
    const eip = w[EIP]!, linear = (w[CS_BASE]! + eip) | 0;
    const flags = w[SYSTEM_FLAGS]!;
    if (flags & RF) w[SYSTEM_FLAGS] = flags & ~RF;
    else if (cpu.codeGuards && this.shadow !== SHADOW_SS &&
      !cpu.repeating()) checkCode(cpu, linear);
    if (virtualIsDue(cpu)) throw gp();
    this.enterPage(eip);
    const insn = this.records[linear & 0xfff] ?? this.decodeAt(eip);
    cpu.next = (eip + insn.length) | 0;
    if ((cpu.next - 1) >>> 0 > w[CS_LIMIT]! >>> 0) throw gp();
    cpu.entered = false;
    insn.run(builder, insn);
    w[EIP] = cpu.next;
    this.countStep();
    if (flags & TF && !cpu.entered) holdTrap(cpu, DR6_BS);
    if (w[DEBUG_PENDING] && w[ACTIVITY] === HALTED) w[ACTIVITY] = RUNNING;
  }
}

/** Fetches and decodes one instruction, or throws what that raises. */
function fetchInstruction(
  cpu: Cpu, eip: number, byteAt: (i: number) => number,
): Insn {
  try {
    return decode(byteAt, cpu.code32) ?? undecodable(cpu, byteAt);
  } catch (thrown) {
    if (thrown instanceof InstructionTooLong) throw gp();
    if (thrown instanceof Fault && endsUnarmed(cpu, byteAt))
      throw new Fault(UD);
    throw thrown;
  }
}

// A host call that nobody armed is two bytes, and #UD: its third byte may lie
// on a page that isn't there.
function endsUnarmed(cpu: Cpu, byteAt: (i: number) => number): boolean {
  if (cpu.board.hostArmed && cpu.w[CPL] === 0) return false;
  try {
    let at = 0;
    while (isPrefix(byteAt(at))) at++;
    return byteAt(at) === 0x0f && byteAt(at + 1) === 0x3f;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function isPrefix(byte: number): boolean {
  return segmentPrefixes.includes(byte) ||
    [0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte);
}

function undecodable(cpu: Cpu, byteAt: (i: number) => number): never {
  let at = 0;
  while (isPrefix(byteAt(at))) {
    if (byteAt(at++) === 0xf0) throw new Fault(UD);
  }
  const hex = (i: number) => byteAt(i).toString(16).padStart(2, "0");
  const escaped = byteAt(at) === 0x0f ? ` ${hex(at + 1)}` : "";
  throw unimplemented(cpu, `opcode ${hex(at)}${escaped}`);
}

const caches = new WeakMap<Board, CodeCache>();
const runners = new WeakMap<Cpu, Runner>();

/** What makes this CPU execute. */
export function runnerOf(cpu: Cpu): Runner {
  let runner = runners.get(cpu);
  if (runner) return runner;
  const { board } = cpu;
  const cache = caches.get(board) ?? new CodeCache(board);
  caches.set(board, cache);
  runner = new Runner(cpu, cache);
  runners.set(cpu, runner);
  return runner;
}

/** One step of a CPU: an instruction, or the delivery of an interrupt or
 * a fault. A CPU that doesn't run does nothing. */
export function step(cpu: Cpu): void {
  cpu.board.woken = false;
  runnerOf(cpu).run(1, Infinity);
}
