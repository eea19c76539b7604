// A case, how it ended, and what can run it.

import { baseOf, packLocals } from "./local";
import { DATA, DATA_SIZE } from "./map";

export * from "./map";

export const FILLS = 64;

/** What a case may choose of EFLAGS: CF PF AF ZF SF DF OF AC. */
export const CHOSEN_FLAGS = 0x40cd5;

/** Everything that the outcome may depend on. */
export interface Case {
  /** EAX ECX EDX EBX ESP EBP ESI EDI, unsigned. */
  registers: number[];
  /** Of these only CHOSEN_FLAGS count. */
  eflags: number;
  /** Which of the fillings the writable data have: 0 to FILLS - 1. */
  fill: number;
  /** Words to lay over the filling: address and value. */
  patches: [number, number][];
  /** Where the code lies, and starts: a linear address. */
  address: number;
  code: number[];
  /** What is in ES CS SS DS FS GS; without, the system's own. */
  segments?: readonly number[];
}

/** EIP at the beginning of a case. */
export function entryOf(c: Case): number {
  return (c.address - baseOf(c.segments?.[1] ?? 0)) >>> 0;
}

/** How a case ended. Every case ends with a trap, if only the int3. */
export interface Outcome {
  registers: number[];
  eip: number;
  eflags: number;
  vector: number;
  /** The error code, 0 where the vector has none. */
  error: number;
  /** The address of a page fault, otherwise 0. */
  cr2: number;
  /** The selectors in ES CS SS DS FS GS. */
  selectors: number[];
  /** Words of data that aren't what they were: address and value. */
  changes: [number, number][];
}

/** The selectors that a case finds: both machines must have the same. */
export interface Selectors {
  cs: number;
  ss: number;
  ds: number;
  fs: number;
  gs: number;
}

/** What a process has on a 64-bit Linux, where nobody else says. */
export const SYSTEM: Selectors =
  { cs: 0x23, ss: 0x2b, ds: 0x2b, fs: 0x33, gs: 0 };

/** Something that can run cases: our machine, a processor. */
export interface Judge {
  name: string;
  run(cases: readonly Case[]): Outcome[];
}

const fillings: (Int32Array | undefined)[] = [];

/** The filling of the writable data with that number: the same words as
 * fill() in native.c makes. */
export function fillWords(n: number): Int32Array {
  const known = fillings[n];
  if (known)
    return known;
  const words = new Int32Array(DATA_SIZE / 4);
  let x = n + 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    switch (x >>> 28) {
      case 0: words[i] = 0; break;
      case 1: words[i] = -1; break;
      case 2: words[i] = 1 << 31; break;
      case 3: words[i] = x & 0xff; break;
      default: words[i] = x;
    }
  }
  fillings[n] = words;
  return words;
}

/** The writable data as the case finds them. */
export function initialData(c: Case): Uint8Array {
  const bytes = new Uint8Array(fillWords(c.fill).slice().buffer);
  const view = new DataView(bytes.buffer);
  for (const [address, value] of c.patches)
    view.setUint32(address - DATA, value, true);
  return bytes;
}

// The pipe begins with the LDT. A case: 8 registers, EFLAGS, fill, address,
// bytes of code, the code in whole words, the number of patches, the patches,
// EIP, the six segment registers or FFFFFFFF for what the system has there.

/** Cases as the native judge reads them. */
export function packCases(cases: readonly Case[]): Uint8Array {
  const locals = packLocals();
  let words = locals.length;
  for (const c of cases)
    words += 20 + (c.code.length + 3 >> 2) + 2 * c.patches.length;
  const bytes = new Uint8Array(words * 4);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (n: number) => {
    view.setUint32(at, n, true);
    at += 4;
  };
  locals.forEach(put);
  for (const c of cases) {
    c.registers.forEach(put);
    put(c.eflags);
    put(c.fill);
    put(c.address);
    put(c.code.length);
    bytes.set(c.code, at);
    at += c.code.length + 3 & ~3;
    put(c.patches.length);
    c.patches.flat().forEach(put);
    put(entryOf(c));
    (c.segments ?? Array<number>(6).fill(-1)).forEach(put);
  }
  return bytes;
}

// An outcome on the pipe: 8 registers, EIP, EFLAGS, vector, error, CR2, six
// selectors, the number of changes, the changes. After the last one come
// the selectors that every case began with.

/** What the native judge writes: that many outcomes, and the selectors. */
export function unpackOutcomes(
  bytes: Uint8Array, count: number,
): { outcomes: Outcome[], selectors: Selectors; } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const get = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const outcomes: Outcome[] = [];
  while (outcomes.length < count) {
    const registers = Array.from({ length: 8 }, get);
    const outcome: Outcome = {
      registers, eip: get(), eflags: get(), vector: get(), error: get(),
      cr2: get(), selectors: Array.from({ length: 6 }, get), changes: [],
    };
    for (let n = get(); n > 0; n--)
      outcome.changes.push([get(), get()]);
    outcomes.push(outcome);
  }
  const selectors = { cs: get(), ss: get(), ds: get(), fs: get(), gs: get() };
  return { outcomes, selectors };
}
