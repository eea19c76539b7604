// Woven from chapters/700-block.md.
/** What we use of a WebAssembly.Memory. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

/** A compiled module of WebAssembly. */
export interface Compiled {
  readonly compiled: unique symbol;
}

type Exports = Record<string, (...values: number[]) => number>;

interface Engine {
  Memory: new (size: { initial: number; maximum: number }) => LinearMemory;
  Module: new (bytes: Uint8Array) => Compiled;
  Instance: new (module: Compiled, imports: unknown) => { exports: Exports };
}

const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;

/** Allocates linear memory once, in bytes (whole 64 KiB); it never grows.
 * Throws RangeError if there isn't so much. */
export function allocate(bytes: number): LinearMemory {
  const pages = bytes / 0x10000;
  try {
    return new engine.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new RangeError(`there are no ${Math.ceil(pages / 16)} MiB in one ` +
      "piece for the machine; try less memory, or fewer CPUs", { cause });
  }
}

/** Compiles a module; throws whatever the engine says of it, or of being
 * asked. */
export function compile(bytes: Uint8Array): Compiled {
  return new engine.Module(bytes);
}

/** The functions of a module that works on this memory, and calls these. */
export function instantiate(
  module: Compiled, memory: LinearMemory,
  functions: Record<string, (...values: number[]) => number>,
): Exports {
  const machine = { memory, ...functions };
  return new engine.Instance(module, { machine }).exports;
}
