// Woven from chapters/704-registers.md, 720-memory.md, 712-access.md, 716-gates.md, 768-machine.md.
import { statusFlags, setStatusFlags } from "./flags";
import {
  FAST_READ, FAST_READ_USER, FAST_WRITE, FAST_WRITE_USER,
} from "./bits";
import { AC_FAULT, Fault, gp, SS_FAULT, UD } from "../ground/fault";
import type { HostCall } from "./hostcall";
import { resetVector, resetWaiting } from "./reset";
import { noteAccess, refreshDebug } from "./breakpoints";
import { BOUNDS, FAST_LIST, TLB_HEAD, TLB_WORDS } from "../ground/layout";
import type { Board } from "../ground/board";
import {
  AC, ACTIVITY, ATTRIBUTES, BASE, CLOCK, CPL, CR0, CR0_AM, CS, DS,
  EFLAGS_ONE, EIP, ES, ESP, LIMIT, REPEATING, REPEATING_AT, RETIRED, RUNNING,
  SEG_BIG, SEG_CODE, SEG_EXPAND_DOWN, SEG_P, SEG_READABLE, SEG_WRITABLE,
  SEGMENTS, SS, STATUS_FLAGS, SYSTEM_FLAG_BITS, SYSTEM_FLAGS, TLBS,
} from "../ground/state";
import { tellAccess } from "./access";
import { apicRead, apicWrite, isApic } from "./apic";
import { translate } from "./paging";
import { TlbIndex } from "./tlbindex";

/** The size of an access in bytes. */
export type Size = 1 | 2 | 4;

// The segments that compilers use without naming them; code among them.
const CODE = 1 << CS, USUAL = CODE | 1 << SS | 1 << DS | 1 << ES;

/** One processor: a view of its area in the block, and what is derived. */
export class Cpu {
  /** The area as words; state.ts has the indices. */
  readonly w: Int32Array;
  /** The same area as 64-bit floats, for RETIRED and CLOCK. */
  readonly d: Float64Array;
  /** EIP after the present instruction; a transfer overwrites it. */
  next = 0;
  /** Something changed that the loop over instructions relies on. */
  look = true;
  /** The present instruction went through a gate of the IDT. */
  entered = false;
  /** The machine's whole memory. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Fast table for data: (host address ^ linear) | FAST_… bits. */
  readonly fast: Int32Array;
  /** Fast table for code: (physical ^ linear) | FAST_READ… bits. */
  readonly fastCode: Int32Array;
  private readonly fastList: Int32Array;
  private readonly codeList: Int32Array;
  private fastFilled = 0;
  private codeFilled = 0;
  /** The fast-table bits that the present ring needs. */
  readBit = FAST_READ;
  writeBit = FAST_WRITE;
  /** One bit a segment register: flat and readable, flat and writable. */
  flatRead = 0;
  flatWrite = 0;
  /** Ring 3 is held to aligned addresses. */
  aligned = false;
  /** Pages in which DR0 to DR3 watch code, and data; undefined if none. */
  codeGuards: Set<number> | undefined;
  dataGuards: Set<number> | undefined;
  /** Whether CS and SS are 32-bit segments. */
  code32 = true;
  stack32 = true;
  /** Whether they are, and CS, SS, DS and ES flat, as compilers want them. */
  flat32 = false;
  /** Of each segment, below which offset it can be read and written; see
   * BOUNDS. */
  private readonly bounds: Int32Array;
  /** Where the entries of the two TLBs are, by page. */
  readonly dataIndex: TlbIndex;
  readonly codeIndex: TlbIndex;
  /** The page fault that a translation ended in last. */
  fault: Fault | undefined;

  /** `board` is what it sits on; `peers` are all CPUs there, itself among
   * them; `hostCalls` is the table that they share. */
  constructor(
    readonly board: Board, readonly id: number,
    readonly peers: readonly Cpu[],
    readonly hostCalls: readonly (HostCall | undefined)[],
  ) {
    const { layout, memory } = board;
    const at = layout.cpuBase + id * layout.cpuStride;
    this.w = new Int32Array(memory.buffer, at, layout.cpuStride / 4);
    this.d = new Float64Array(memory.buffer, at, layout.cpuStride / 8);
    const fast = layout.fastBase + id * layout.fastStride, lists = 0x800000;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.fast = new Int32Array(memory.buffer, fast, 0x100000);
    this.fastCode = new Int32Array(memory.buffer, fast + 0x400000, 0x100000);
    const list = (n: number) => new Int32Array(
      memory.buffer, fast + lists + n * FAST_LIST * 4, FAST_LIST);
    this.fastList = list(0);
    this.codeList = list(1);
    const places = (n: number) => new Uint16Array(
      memory.buffer, fast + lists + 8 * FAST_LIST + n * 0x200000, 0x100000);
    const dataStart = TLBS + TLB_HEAD, { dataTlb, codeTlb } = layout;
    const codeStart = dataStart + dataTlb * TLB_WORDS;
    this.bounds = new Int32Array(memory.buffer, fast + BOUNDS, 24);
    this.dataIndex = new TlbIndex(dataStart, dataTlb, places(0));
    this.codeIndex = new TlbIndex(codeStart, codeTlb, places(1));
  }

  /** Instructions retired so far. */
  get retired(): number {
    return this.d[RETIRED]!;
  }

  /** The local clock in ticks. */
  get clock(): number {
    return this.d[CLOCK]!;
  }

  /** EFLAGS as PUSHF would see it, VM and RF included. */
  eflags(): number {
    return statusFlags(this.w) | this.w[SYSTEM_FLAGS]! | EFLAGS_ONE;
  }

  /** Replaces the bits of EFLAGS that are in the mask. */
  setEflags(value: number, mask = STATUS_FLAGS | SYSTEM_FLAG_BITS): void {
    const w = this.w;
    if (mask & STATUS_FLAGS) {
      const kept = statusFlags(w) & ~mask;
      setStatusFlags(w, kept | (value & mask & STATUS_FLAGS));
    }
    const bits = mask & SYSTEM_FLAG_BITS, old = w[SYSTEM_FLAGS]!;
    w[SYSTEM_FLAGS] = (old & ~bits) | (value & bits);
    if ((old ^ w[SYSTEM_FLAGS]!) & AC) this.refreshRights();
  }
  /** Changes the ring, and with it what the fast table allows. */
  setCpl(ring: number): void {
    if (this.w[CPL] === ring) return;
    this.w[CPL] = ring;
    this.refreshRights();
  }

  /** Works out which bits of the fast table the CPU needs now. */
  refreshRights(): void {
    const w = this.w, user = w[CPL] === 3;
    this.aligned = user && (w[CR0]! & CR0_AM) !== 0 &&
      (w[SYSTEM_FLAGS]! & AC) !== 0;
    this.readBit = this.aligned ? 0 : user ? FAST_READ_USER : FAST_READ;
    this.writeBit = this.aligned ? 0 : user ? FAST_WRITE_USER : FAST_WRITE;
  }

  /** Whether the last step was an iteration of a REP that isn't done. */
  repeating(): boolean {
    const { w, d } = this;
    return d[REPEATING] === d[RETIRED] && w[REPEATING_AT] === w[EIP];
  }

  /** Works out what the fast paths need from the hidden parts. */
  refreshSegment(segment: number): void {
    const w = this.w, at = SEGMENTS + 4 * segment;
    const kind = w[at + ATTRIBUTES]!, bit = 1 << segment;
    const code = kind & SEG_CODE;
    const up = (kind & (SEG_CODE | SEG_EXPAND_DOWN)) !== SEG_EXPAND_DOWN;
    const limit = w[at + LIMIT]! >>> 0, bound = up ? Math.max(limit - 2, 0) : 0;
    const present = (kind & SEG_P) !== 0;
    const readable = present && (!code || (kind & SEG_READABLE) !== 0);
    const writable = present && !code && (kind & SEG_WRITABLE) !== 0;
    this.bounds[4 * segment] = readable ? bound : 0;
    this.bounds[4 * segment + 1] = writable ? bound : 0;
    const flat = w[at + BASE] === 0 && limit === 0xffffffff && up;
    const keep = (old: number, may: boolean) =>
      (old & ~bit) | (may && flat ? bit : 0);
    this.flatRead = keep(this.flatRead, readable);
    this.flatWrite = keep(this.flatWrite, writable);
    if (segment === CS) this.code32 = (kind & SEG_BIG) !== 0;
    if (segment === SS) this.stack32 = (kind & SEG_BIG) !== 0;
    const { flatRead, flatWrite } = this;
    this.flat32 = this.code32 && this.stack32 &&
      (flatRead & USUAL) === USUAL && (flatWrite & USUAL) === (USUAL & ~CODE);
  }
  /** Reads through a segment; 1 and 2 bytes are zero-extended. */
  load(segment: number, offset: number, size: Size): number {
    const linear = ((this.flatRead >>> segment) & 1) !== 0
      ? offset : this.segmentRead(segment, offset, size);
    const entry = this.fast[linear >>> 12]!;
    if ((entry & this.readBit) !== 0) {
      const at = ((entry & -4096) ^ linear) >>> 0;
      if (size === 1) return this.bytes[at]!;
      if (size === 4) {
        if ((linear & 0xfff) <= 0xffc) return this.view.getInt32(at, true);
      } else if ((linear & 0xfff) <= 0xffe) {
        return this.view.getUint16(at, true);
      }
    }
    this.segmentRead(segment, offset, size);
    return this.loadPages(linear, size, this.w[CPL] === 3);
  }
  /** Writes through a segment. */
  store(segment: number, offset: number, size: Size, value: number): void {
    const linear = ((this.flatWrite >>> segment) & 1) !== 0
      ? offset : this.segmentWrite(segment, offset, size);
    const entry = this.fast[linear >>> 12]!;
    if ((entry & this.writeBit) !== 0) {
      const at = ((entry & -4096) ^ linear) >>> 0;
      if (size === 1) {
        this.bytes[at] = value;
        return;
      }
      if (size === 4) {
        if ((linear & 0xfff) <= 0xffc) {
          this.view.setInt32(at, value, true);
          return;
        }
      } else if ((linear & 0xfff) <= 0xffe) {
        this.view.setInt16(at, value, true);
        return;
      }
    }
    this.segmentWrite(segment, offset, size);
    this.storePages(linear, size, value, this.w[CPL] === 3);
  }
  /** Reads for an instruction that will write to the same place: all
   * checks are those of a write, and the page is dirty already. */
  loadForWrite(segment: number, offset: number, size: Size): number {
    const linear = ((this.flatWrite >>> segment) & 1) !== 0
      ? offset : this.segmentWrite(segment, offset, size);
    const entry = this.fast[linear >>> 12]!;
    if ((entry & this.writeBit) !== 0) {
      const at = ((entry & -4096) ^ linear) >>> 0;
      if (size === 1) return this.bytes[at]!;
      if (size === 4) {
        if ((linear & 0xfff) <= 0xffc) return this.view.getInt32(at, true);
      } else if ((linear & 0xfff) <= 0xffe) {
        return this.view.getUint16(at, true);
      }
    }
    this.segmentWrite(segment, offset, size);
    const user = this.w[CPL] === 3;
    if (this.aligned) this.checkAligned(linear, size);
    translate(this, linear, true, user, false);
    const last = (linear + size - 1) | 0;
    if ((last ^ linear) & -4096) {
      translate(this, last & -4096, true, user, false);
    }
    return this.loadPages(linear, size, user);
  }
  /** Checks a read and gives its linear address. */
  segmentRead(segment: number, offset: number, size: number): number {
    const at = SEGMENTS + 4 * segment, kind = this.w[at + ATTRIBUTES]!;
    const unreadable = (kind & (SEG_CODE | SEG_READABLE)) === SEG_CODE;
    if (!(kind & SEG_P) || unreadable) throw segmentFault(segment);
    return this.segmentLinear(at, segment, offset, size);
  }

  /** Checks a write and gives its linear address. */
  segmentWrite(segment: number, offset: number, size: number): number {
    const at = SEGMENTS + 4 * segment, kind = this.w[at + ATTRIBUTES]!;
    const may = SEG_P | SEG_WRITABLE;
    if ((kind & (may | SEG_CODE)) !== may) throw segmentFault(segment);
    return this.segmentLinear(at, segment, offset, size);
  }
  private segmentLinear(
    at: number, segment: number, offset: number, size: number,
  ): number {
    const w = this.w, kind = w[at + ATTRIBUTES]!;
    const first = offset >>> 0, last = first + size - 1;
    const limit = w[at + LIMIT]! >>> 0;
    const down = (kind & (SEG_CODE | SEG_EXPAND_DOWN)) === SEG_EXPAND_DOWN;
    const top = kind & SEG_BIG ? 0xffffffff : 0xffff;
    const good = down ? first > limit && last <= top : last <= limit;
    if (!good) throw segmentFault(segment);
    return (w[at + BASE]! + offset) | 0;
  }

  /** Pushes a value of 2 or 4 bytes. */
  pushValue(size: 2 | 4, value: number): void {
    const w = this.w, esp = w[ESP]!;
    if (this.stack32) {
      this.store(SS, (esp - size) | 0, size, value);
      w[ESP] = esp - size;
    } else {
      const sp = (esp - size) & 0xffff;
      this.store(SS, sp, size, value);
      w[ESP] = (esp & 0xffff0000) | sp;
    }
  }

  /** Pops a value of 2 or 4 bytes. */
  popValue(size: 2 | 4): number {
    const value = this.peekStack(0, size);
    this.moveStack(size);
    return value;
  }
  /** The value that lies so many bytes above the stack pointer. */
  peekStack(depth: number, size: 2 | 4): number {
    const at = this.w[ESP]! + depth;
    return this.load(SS, this.stack32 ? at | 0 : at & 0xffff, size);
  }

  /** Adds to ESP, or to SP on a 16-bit stack. */
  moveStack(by: number): void {
    const w = this.w, esp = w[ESP]!;
    w[ESP] = this.stack32 ? esp + by
      : (esp & 0xffff0000) | ((esp + by) & 0xffff);
  }

  /** Reads at a linear address, as a supervisor or as the present ring. */
  loadLinear(linear: number, size: Size, supervisor = true): number {
    const entry = this.fast[linear >>> 12]!;
    const bit = supervisor ? FAST_READ : this.readBit;
    if ((entry & bit) !== 0 && (linear & 0xfff) + size <= 0x1000) {
      const at = ((entry & -4096) ^ linear) >>> 0;
      if (size === 4) return this.view.getInt32(at, true);
      return size === 1 ? this.bytes[at]! : this.view.getUint16(at, true);
    }
    return this.loadPages(linear, size, !supervisor && this.w[CPL] === 3);
  }

  /** Writes at a linear address, as a supervisor or as the present ring. */
  storeLinear(
    linear: number, size: Size, value: number, supervisor = true,
  ): void {
    const entry = this.fast[linear >>> 12]!;
    const bit = supervisor ? FAST_WRITE : this.writeBit;
    if ((entry & bit) === 0 || (linear & 0xfff) + size > 0x1000) {
      const user = !supervisor && this.w[CPL] === 3;
      return this.storePages(linear, size, value, user);
    }
    const at = ((entry & -4096) ^ linear) >>> 0;
    if (size === 4) this.view.setInt32(at, value, true);
    else if (size === 2) this.view.setInt16(at, value, true);
    else this.bytes[at] = value;
  }
  /** Accesses that the present host call has left. */
  hostCallLeft = Infinity;

  /** Takes one away; #UD behind the last. */
  private countAccess(): void {
    if (this.hostCallLeft-- <= 0) throw new Fault(UD);
  }
  /** The byte at a linear address, unsigned, with supervisor's rights. */
  load8(linear: number): number {
    this.countAccess();
    return this.loadLinear(linear, 1);
  }
  /** The 16 bits at a linear address, unsigned. */
  load16(linear: number): number {
    this.countAccess();
    return this.loadLinear(linear, 2);
  }
  /** The 32 bits at a linear address, unsigned. */
  load32(linear: number): number {
    this.countAccess();
    return this.loadLinear(linear, 4) >>> 0;
  }
  /** Writes a byte with supervisor's rights. */
  store8(linear: number, v: number): void {
    this.countAccess();
    this.storeLinear(linear, 1, v);
  }
  /** Writes 16 bits with supervisor's rights. */
  store16(linear: number, v: number): void {
    this.countAccess();
    this.storeLinear(linear, 2, v);
  }
  /** Writes 32 bits with supervisor's rights. */
  store32(linear: number, v: number): void {
    this.countAccess();
    this.storeLinear(linear, 4, v);
  }
  /** Set by the machine's `watchData`. */
  dataWatches: readonly DataWatch[] = [];
  /** Set by the machine's `watchTlb`. */
  tlbWatch: TlbWatch | undefined;

  /** Whether somebody wants to hear of accesses to a page. */
  isWatched(page: number): boolean {
    const { dataWatches, dataGuards } = this;
    return (dataWatches.length > 0 &&
      dataWatches.some(({ pages }) => pages.has(page))) ||
      (dataGuards !== undefined && dataGuards.has(page));
  }

  /** An access that takes the slow path is about to happen. */
  private told(linear: number, size: number, write: boolean): void {
    for (const watch of this.dataWatches)
      watch.told(this, linear >>> 0, size, write);
    if (this.dataGuards) noteAccess(this, linear >>> 0, size, write);
  }

  /** #AC for a program's access that isn't aligned, if that matters. */
  checkAligned(linear: number, size: number): void {
    if (linear & (size - 1)) throw new Fault(AC_FAULT, 0);
  }
  /** The slow read: it may walk, cross into a second page, or fault. */
  loadPages(linear: number, size: Size, user: boolean): number {
    if (user && this.aligned) this.checkAligned(linear, size);
    const first = translate(this, linear, false, user, false);
    const inPage = 0x1000 - (linear & 0xfff);
    if (inPage >= size) {
      this.told(linear, size, false);
      return this.readPhysical(first, size);
    }
    const second = translate(
      this, (linear + inPage) | 0, false, user, false);
    this.told(linear, size, false);
    let value = 0;
    for (let i = 0; i < size; i++) {
      const at = i < inPage ? first + i : second + i - inPage;
      value |= this.readPhysical(at, 1) << (8 * i);
    }
    return value;
  }

  /** The slow write: both pages are checked before either changes. */
  storePages(
    linear: number, size: Size, value: number, user: boolean,
  ): void {
    if (user && this.aligned) this.checkAligned(linear, size);
    const first = translate(this, linear, true, user, false);
    const inPage = 0x1000 - (linear & 0xfff);
    if (inPage >= size) {
      this.told(linear, size, true);
      this.writePhysical(first, size, value);
      return;
    }
    const second = translate(
      this, (linear + inPage) | 0, true, user, false);
    this.told(linear, size, true);
    for (let i = 0; i < size; i++) {
      const at = i < inPage ? first + i : second + i - inPage;
      this.writePhysical(at, 1, value >>> (8 * i));
    }
  }
  /** Physical address of the code byte at a linear address. */
  codeAddress(linear: number): number {
    const entry = this.fastCode[linear >>> 12]!;
    if ((entry & this.readBit) !== 0) {
      return ((entry & -4096) ^ linear) >>> 0;
    }
    return translate(this, linear, false, this.w[CPL] === 3, true);
  }

  /** Fetches one byte of code at a linear address. */
  fetch(linear: number): number {
    return this.readPhysical(this.codeAddress(linear), 1);
  }

  /** Fetches one byte of code at an offset in CS, limit checked. */
  codeByte(offset: number): number {
    const w = this.w, at = SEGMENTS + 4 * CS;
    if (offset >>> 0 > w[at + LIMIT]! >>> 0) throw gp();
    return this.fetch((w[at + BASE]! + offset) | 0);
  }

  /** Translates a linear address to a physical one, or throws #PF. */
  translate(
    linear: number, write: boolean, user: boolean, code: boolean,
  ): number {
    return translate(this, linear, write, user, code);
  }

  /** Enters a page into the fast table for data. */
  fillFast(linear: number, physical: number, bits: number): void {
    if (this.fastFilled === FAST_LIST) this.dropFast();
    const page = linear >>> 12;
    const host = this.board.layout.ramBase + physical;
    this.fast[page] = ((host ^ linear) & -4096) | bits;
    this.fastList[this.fastFilled++] = page;
  }

  /** Enters a page into the fast table for code. */
  fillFastCode(linear: number, physical: number, bits: number): void {
    if (this.codeFilled === FAST_LIST) this.dropFastCode();
    const page = linear >>> 12;
    this.fastCode[page] = ((physical ^ linear) & -4096) | bits;
    this.codeList[this.codeFilled++] = page;
  }
  /** Empties the fast table for data; the TLB keeps what it has. */
  dropFast(): void {
    const { fast, fastList } = this;
    for (let i = 0; i < this.fastFilled; i++) fast[fastList[i]!] = 0;
    this.fastFilled = 0;
  }

  /** Empties the fast table for code. */
  dropFastCode(): void {
    const { fastCode, codeList } = this;
    for (let i = 0; i < this.codeFilled; i++) fastCode[codeList[i]!] = 0;
    this.codeFilled = 0;
    this.look = true;
  }

  /** Works out again all that is derived, and drops the fast tables. */
  refresh(): void {
    this.refreshRights();
    for (let segment = 0; segment < 6; segment++) {
      this.refreshSegment(segment);
    }
    this.dropFast();
    this.dropFastCode();
    this.dataIndex.refresh(this.w);
    this.codeIndex.refresh(this.w);
    refreshDebug(this);
    this.look = true;
  }
  /** Reads physical memory: RAM, or a device's registers. */
  readPhysical(physical: number, size: Size): number {
    const { board } = this;
    physical = (physical & board.addressMask) >>> 0;
    if (isApic(this, physical)) return apicRead(this, physical, size);
    const at = board.readable(physical, size);
    if (at >= 0) {
      if (size === 4) return this.view.getInt32(at, true);
      return size === 1 ? this.bytes[at]! : this.view.getUint16(at, true);
    }
    const value = board.readDevice(physical, size);
    tellAccess(this, "device", physical, size, value, false);
    return value;
  }

  /** Writes physical memory; decoded code there is forgotten. */
  writePhysical(physical: number, size: Size, value: number): void {
    const { board, view } = this;
    physical = (physical & board.addressMask) >>> 0;
    const apic = isApic(this, physical);
    const at = apic ? -1 : board.writable(physical, size);
    if (at < 0) {
      tellAccess(this, "device", physical, size, value, true);
      if (apic) apicWrite(this, physical, size, value);
      else board.writeDevice(physical, size, value);
      return;
    }
    if (size === 4) view.setInt32(at, value, true);
    else if (size === 2) view.setInt16(at, value, true);
    else this.bytes[at] = value;
    if (board.codePages[physical >>> 12]) {
      board.dropCode(physical, size);
    }
  }
  /** Decoded code of this frame exists now: no fast writes to it. */
  markCode(frame: number): void {
    const { codePages } = this.board;
    if (codePages[frame]) return;
    codePages[frame] = 1;
    for (const cpu of this.peers) cpu.dropFast();
  }

  /** Starts or wakes: its clock joins machine time. */
  start(): void {
    this.d[CLOCK] = this.board.time;
    this.w[ACTIVITY] = RUNNING;
    this.board.wake();
  }

  /** An INIT, or RESET: the CPU waits for its start-up IPI; the first CPU
   * begins at the reset vector. */
  initialize(what: "INIT" | "RESET" = "INIT"): void {
    if (this.id === 0) resetVector(this, what === "INIT");
    else resetWaiting(this, what === "INIT");
    this.board.wake();
  }
}

/** What a forbidden access through a segment register raises. */
function segmentFault(segment: number): Fault {
  return segment === SS ? new Fault(SS_FAULT, 0) : gp();
}

/** Pages whose data somebody watches, and who is told of each access:
 * linear, behind all checks, before it happens. */
export interface DataWatch {
  readonly pages: ReadonlySet<number>;
  told(cpu: Cpu, linear: number, size: number, write: boolean): void;
}

/** Is told that a TLB has an entry for an access, before it is used; `at`
 * is the entry's word index. */
export type TlbWatch = (
  cpu: Cpu, at: number, linear: number, write: boolean, user: boolean,
  code: boolean,
) => void;
