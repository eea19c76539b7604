// Woven from chapters/700-block.md.
/** What we use of a WebAssembly.Memory. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

type Engine = {
  Memory: new (size: { initial: number; maximum: number }) => LinearMemory;
};

/** Allocates linear memory once, in bytes (whole 64 KiB); it never grows.
 * Throws RangeError if there isn't so much. */
export function allocate(bytes: number): LinearMemory {
  const engine = (globalThis as unknown as { WebAssembly: Engine })
    .WebAssembly;
  const pages = bytes / 0x10000;
  try {
    return new engine.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new RangeError(`there are no ${Math.ceil(pages / 16)} MiB in one ` +
      "piece for the machine; try less memory, or fewer CPUs", { cause });
  }
}
