// Woven from chapters/779-engine.md.
import type { CodeCache } from "../codecache";
import type { Cpu } from "../../cpu/cpu";
import {
  allowed, enterData, isPlain, physicalOf, quietWalk, reach,
} from "../../cpu/paging";
import {
  PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US, TLB_FRAME, tlbFind,
} from "../../cpu/tlb";
import type { Fault } from "../../ground/fault";
import { PAGE } from "../../ground/layout";
import { compile, instantiate } from "../../ground/linear";
import type { Compiled } from "../../ground/linear";
import {
  CLOCK, CPL, CR0, CR0_PG, CS_BASE, CS_LIMIT, EIP, RETIRED,
} from "../../ground/state";
import type { Blocks } from "./blocks";
import { type Means, repeatInBulk } from "./bulk";
import { generate } from "./interpreter";
import { COLD, DONE, LOOK, REPEAT, WHY_BITS } from "./record";
import { Records } from "./records";

type Run = (
  cpu: number, fast: number, fastCode: number, readBit: number,
  writeBit: number, tables: number, left: number,
) => number;

/** Instructions after which it returns, so that an engine can put
 * better code in its place. */
const SLICE = 50_000;

interface Interpreter {
  readonly handlers: ReadonlyMap<string, number>;
  readonly module: Compiled;
}

const interpreters = new Map<boolean, Interpreter>();

/** An interpreter, generated and compiled when it is first asked for;
 * throws {@link NoModule} if the engine doesn't want it. */
function interpreter(segmented: boolean): Interpreter {
  const known = interpreters.get(segmented);
  if (known) return known;
  const { bytes, handlers } = generate(segmented);
  const one = { handlers, module: orNoModule(() => compile(bytes)) };
  interpreters.set(segmented, one);
  return one;
}

/** Instructions that may well be all. */
const PATIENCE = 50_000;
let waited = 0;

/** The engine has something against our module. */
class NoModule extends Error {}

function orNoModule<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new NoModule(cause instanceof Error ? cause.message
      : String(cause));
  }
}

/** The interpreter as one CPU runs it. */
export class Engine {
  // For flat segments, and for any.
  private flat: Run | undefined;
  private segmented: Run | undefined;
  private records: Records | undefined;
  private means: Means | undefined;
  /** The page fault in which the next instruction ends, if it is known. */
  fault: Fault | undefined;
  // Whether the last access that wasn't granted is one.
  private denied = false;
  // What the page tables said of the last access, if the TLB knew nothing.
  private found = 0;
  // The instructions of the present slice, and where the counts were.
  private given = 0;
  private retired = 0;
  private clock = 0;

  // Where the CPU's words, its fast tables and the records are.
  private readonly place;

  constructor(
    private readonly cpu: Cpu, private readonly cache: CodeCache,
  ) {
    const { w, fast, fastCode, board: { layout } } = cpu;
    this.place = { cpu: w.byteOffset, fast: fast.byteOffset,
      fastCode: fastCode.byteOffset, tables: layout.codeTables };
  }

  private instance(segmented: boolean): Run {
    const { cache, cpu: { board } } = this;
    const { handlers, module } = interpreter(segmented);
    const slow = (linear: number, what: number, left: number) =>
      this.slow(linear, what, left);
    const functions = orNoModule(
      () => instantiate(module, board.memory, { slow }));
    const { locate } = this, blocks = functions as unknown as Blocks;
    this.means = { locate, copy: blocks.copy, fill: blocks.fill };
    const known = cache.others;
    this.records = known instanceof Records ? known
      : new Records(board, cache, handlers);
    cache.others = this.records;
    return functions.run as Run;
  }

  // What runs with the present segments; undefined if nothing does.
  private present(): Run | undefined {
    return this.cpu.flat32 ? this.flat ??= this.made(false)
      : this.segmented ??= this.made(true);
  }

  // It is made if it is time for it, and it can be.
  private made(segmented: boolean): Run | undefined {
    const { board } = this.cpu;
    if (board.interpreter === "plain") return undefined;
    const early = !board.layout.atOnce && interpreters.size === 0;
    if (early && waited++ < PATIENCE) return undefined;
    try {
      return this.instance(segmented);
    } catch (cause) {
      if (!(cause instanceof NoModule)) throw cause;
      board.interpreter = "plain";
      board.interpreterTrouble = cause.message;
      return undefined;
    }
  }

  /** Whether this is a moment for it. */
  mayRun(): boolean {
    const { cpu } = this;
    return cpu.code32 && cpu.stack32 && !cpu.look && !cpu.tlbWatch &&
      !cpu.codeGuards && !cpu.aligned && this.present() !== undefined;
  }

  // Brings the counts up to date; says how many instructions that were.
  private settle(left: number): number {
    const { d } = this.cpu, done = this.given - left;
    d[RETIRED] = this.retired + done;
    d[CLOCK] = this.clock + done;
    return done;
  }

  /** Executes up to so many instructions; says how many are left, as the
   * next one isn't for the interpreter. */
  interpret(left: number): number {
    const { cpu, place } = this, { d, board } = cpu;
    const run = this.present()!;
    this.fault = undefined;
    while (left > 0) {
      this.given = Math.min(left, SLICE);
      this.retired = d[RETIRED]!;
      this.clock = d[CLOCK]!;
      const answer = run(place.cpu, place.fast, place.fastCode, cpu.readBit,
        cpu.writeBit, place.tables, this.given);
      left -= this.settle(answer >>> WHY_BITS);
      const why = answer & ((1 << WHY_BITS) - 1);
      if (why === COLD) break;
      if (why === DONE || left === 0) continue;
      const done = this.helped(why, left);
      left -= Math.max(done, 0);
      if (done < 0 || cpu.look || board.woken) break;
    }
    return left;
  }

  // Does what the interpreter asks for; how many instructions that were,
  // or -1 if the next one isn't for us.
  private helped(why: number, left: number): number {
    const { cpu, cache } = this, { board, w } = cpu;
    const eip = w[EIP]!, linear = (w[CS_BASE]! + eip) | 0;
    if (eip >>> 0 > w[CS_LIMIT]! >>> 0) return -1;
    const offset = linear & (PAGE - 1);
    if (why === REPEAT) {
      const here = (cpu.fastCode[linear >>> 12]! ^ linear) >>> 12;
      const known = cache.page(here).wide[offset];
      return repeatInBulk(cpu, known, left, this.means!) || -1;
    }
    const physical = cpu.codeAddress(linear), frame = physical >>> 12;
    if (board.frameOf(physical) !== frame) return -1;
    if (!(cpu.fastCode[linear >>> 12]! & cpu.readBit)) return -1;
    if (why === LOOK) this.records!.enter(frame, offset);
    else {
      this.records!.fill(frame, offset);
      cpu.markCode(frame);
    }
    return 0;
  }

  /** An address in the machine's memory for `what`, 1, 2 or 4 bytes,
   * and 8 more for a write; 0 if that can't be done without ado. */
  private slow(linear: number, what: number, left: number): number {
    this.settle(left);
    const at = this.locate(linear, what & 7, what > 7);
    if (at === 0 && this.denied) {
      const user = this.cpu.w[CPL] === 3, write = what > 7;
      const place = reach(this.cpu, linear, write, user, false);
      if (place < 0) this.fault = this.cpu.fault;
    }
    return at;
  }

  // The physical address of an access that can be made without a fault,
  // and without anybody's notice, a stale entry's among them; or -1.
  private granted(linear: number, write: boolean, user: boolean): number {
    const { cpu } = this, { w, board } = cpu;
    let bits = PTE_P | PTE_RW | PTE_US | PTE_D, frame = linear & -PAGE;
    if (w[CR0]! & CR0_PG) {
      const at = tlbFind(cpu, false, linear);
      if (at < 0 && board.events.active) return -1;
      bits = at < 0 ? this.found = quietWalk(cpu, linear) : w[at]!;
      frame = at < 0 ? bits : w[at + TLB_FRAME]!;
      if (at >= 0 && write && !(bits & PTE_D)) return -1;
    }
    const real = physicalOf(frame, bits, linear) & board.addressMask;
    const window = board.windowOf((real & -PAGE) >>> 0);
    this.denied = !(bits & PTE_P) || !allowed(cpu, bits, write, user);
    const plain = !this.denied && isPlain(cpu, linear, real & -PAGE);
    return plain && !(write && window) ? real >>> 0 : -1;
  }

  private readonly locate: Means["locate"] = (linear, size, write) => {
    const { cpu } = this, { board } = cpu, user = cpu.w[CPL] === 3;
    this.denied = false;
    this.found = 0;
    if ((linear & (PAGE - 1)) + size > PAGE) return 0;
    const bit = write ? cpu.writeBit : cpu.readBit;
    const known = cpu.fast[linear >>> 12]!;
    if (known & bit) return ((known & -PAGE) ^ linear) >>> 0;
    const physical = this.granted(linear, write, user);
    if (physical < 0) return 0;
    if (!(known & cpu.readBit)) this.enter(linear, write, physical);
    if (write && board.codePages[physical >>> 12])
      board.dropCode(physical, size);
    return board.layout.ramBase + physical;
  };

  private enter(linear: number, write: boolean, physical: number): void {
    const { cpu, found } = this, marks = PTE_A | (write ? PTE_D : 0);
    if ((found & marks) === marks) enterData(cpu, linear, found, physical);
    else cpu.translate(linear, write, cpu.w[CPL] === 3, false);
  }
}
