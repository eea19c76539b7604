// Woven from chapters/757-writer.md.
/** WebAssembly's instructions by our names for them; `i32` is
 * understood (WebAssembly Core Specification, 5.4). */
export const WASM = {
  unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05,
  end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f,
  call: 0x10, select: 0x1b, get: 0x20, set: 0x21, tee: 0x22,
  load: 0x28, load8: 0x2d, load16: 0x2f, load64: 0x29,
  store: 0x36, store64: 0x37, store8: 0x3a, store16: 0x3b,
  constant: 0x41, constant64: 0x42,
  eqz: 0x45, eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, gtS: 0x4a,
  gtU: 0x4b, leS: 0x4c, leU: 0x4d, geS: 0x4e, geU: 0x4f,
  eq64: 0x51,
  clz: 0x67, ctz: 0x68, popcnt: 0x69,
  add: 0x6a, sub: 0x6b, mul: 0x6c, and: 0x71, or: 0x72, xor: 0x73,
  shl: 0x74, shrS: 0x75, shrU: 0x76, rotr: 0x78,
  mul64: 0x7e, divS64: 0x7f, divU64: 0x80, or64: 0x84, shl64: 0x86,
  shrS64: 0x87, wrap: 0xa7, extendS: 0xac, extendU: 0xad,
  extend8: 0xc0, extend16: 0xc1,
} as const;


const I32 = 0x7f, I64 = 0x7e, NOTHING = 0x40, FUNCTION = 0x60;


/** A whole number as WebAssembly writes it, seven bits a byte. */
function unsigned(n: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(n / 128);
    bytes.push((n % 128) | (rest ? 0x80 : 0));
    n = rest;
  } while (n);
  return bytes;
}


/** An int32 likewise; the last byte's bit 6 is its sign. */
function signed(n: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = n & 0x7f;
    n >>= 7;
    if (n === (low & 0x40 ? -1 : 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** An int64 likewise. */
function signed64(n: bigint): number[] {
  if (n === BigInt.asIntN(32, n)) return signed(Number(n));
  const low = Number(n & 0x7fn);
  return [low | 0x80, ...signed64(n >> 7n)];
}


/** A place that a branch can go to: the end of a block or an if, or the
 * beginning of a loop. */
export interface Label {
  readonly depth: number;
}


/** Writes the body of one function, whose parameters are int32s. */
export class FunctionWriter {
  private readonly code: number[] = [];
  private depth = 0;
  private locals: number;

  /** `wide` are local variables of 64 bits; they come first. */
  constructor(
    readonly name: string, readonly parameters: number,
    readonly results: 0 | 1 = 1, private readonly wide = 0,
  ) {
    this.locals = parameters + wide;
  }

  /** Bytes so far. */
  get size(): number {
    return this.code.length;
  }

  /** Another local variable. */
  local(): number {
    return this.locals++;
  }

  /** Instructions without operands of their own. */
  emit(...names: (keyof typeof WASM)[]): this {
    for (const name of names) this.code.push(WASM[name]);
    return this;
  }

  private with(name: keyof typeof WASM, n: number): this {
    this.code.push(WASM[name], ...unsigned(n));
    return this;
  }

  get(local: number): this {
    return this.with("get", local);
  }

  set(local: number): this {
    return this.with("set", local);
  }

  tee(local: number): this {
    return this.with("tee", local);
  }

  constant(n: number): this {
    this.code.push(WASM.constant, ...signed(n | 0));
    return this;
  }

  constant64(n: bigint): this {
    this.code.push(WASM.constant64, ...signed64(n));
    return this;
  }

  /** A load or store, `offset` bytes from the address on the stack. */
  memory(name: keyof typeof WASM, offset = 0): this {
    this.code.push(WASM[name], 0, ...unsigned(offset));
    return this;
  }

  call(index: number): this {
    return this.with("call", index);
  }

  /** Copies within the memory: to, from and length are on the stack. */
  copyMemory(): this {
    this.code.push(0xfc, 10, 0, 0);
    return this;
  }

  /** Opens a block, a loop, or the body of an if. */
  open(kind: "block" | "loop" | "if"): Label {
    this.code.push(WASM[kind], NOTHING);
    return { depth: ++this.depth };
  }

  /** Closes the innermost one. */
  close(): void {
    this.code.push(WASM.end);
    this.depth--;
  }

  br(to: Label): this {
    return this.with("br", this.depth - to.depth);
  }

  /** Goes there if the number on the stack isn't 0. */
  brIf(to: Label): this {
    return this.with("brIf", this.depth - to.depth);
  }

  /** Goes to the label whose number is on the stack, or to the last. */
  brTable(labels: readonly Label[]): this {
    this.code.push(WASM.brTable, ...unsigned(labels.length - 1));
    for (const { depth } of labels)
      this.code.push(...unsigned(this.depth - depth));
    return this;
  }

  /** The function as a module's code section has it. */
  finish(): number[] {
    const { wide } = this, plain = this.locals - this.parameters - wide;
    const locals = [2, ...unsigned(wide), I64, ...unsigned(plain), I32];
    const length = locals.length + this.code.length + 1;
    return unsigned(length).concat(locals, this.code, WASM.end);
  }
}


/** A function that the module gets from outside. */
export interface Imported {
  readonly name: string;
  readonly parameters: number;
}

const text = (s: string) =>
  [...unsigned(s.length), ...[...s].map((c) => c.charCodeAt(0))];

function section(id: number, parts: readonly (readonly number[])[]) {
  const body = unsigned(parts.length).concat(...parts);
  return [id].concat(unsigned(body.length), body);
}

function typeOf({ parameters }: Imported, results: 0 | 1): number[] {
  const given = new Array<number>(parameters).fill(I32);
  return [FUNCTION, ...unsigned(parameters), ...given,
    results, ...results ? [I32] : []];
}


/** A module that gets its memory and some functions, each of which
 * gives an int32, from "machine", and gives all of its own. Functions
 * are numbered: first what it gets, then its own. */
export function moduleBytes(
  imports: readonly Imported[], functions: readonly FunctionWriter[],
): Uint8Array<ArrayBuffer> {
  const types = [...imports.map((i) => typeOf(i, 1)),
    ...functions.map((f) => typeOf(f, f.results))];
  const memory = [...text("machine"), ...text("memory"), 2, 0, 0];
  const own = (k: number) => imports.length + k;
  const given = imports.map(({ name }, k) =>
    [...text("machine"), ...text(name), 0, ...unsigned(k)]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].concat(
    section(1, types),
    section(2, [memory, ...given]),
    section(3, functions.map((_, k) => unsigned(own(k)))),
    section(7, functions.map(({ name }, k) =>
      [...text(name), 0, ...unsigned(own(k))])),
    section(10, functions.map((f) => f.finish())),
  ));
}
