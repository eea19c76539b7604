// Woven from chapters/788-layout.md.
/** One loadable segment of an executable. */
export interface ElfSegment {
  readonly bytes: Uint8Array;
  /** Physical and virtual address. */
  readonly paddr: number;
  readonly vaddr: number;
  /** Bytes in memory, zeros after `bytes`; by default as many. */
  readonly memsz?: number;
}

const headerSize = 52, entrySize = 32, pageSize = 0x1000;

function words(
  view: DataView, at: number, list: readonly number[],
): void {
  list.forEach((word, i) => view.setUint32(at + 4 * i, word, true));
}

/** An ELF32 executable for the i386 with the given segments; `entry` is
 * what its header names as the first instruction's address. */
export function writeElf(
  segments: readonly ElfSegment[], entry: number,
): Uint8Array {
  const good = Array.isArray(segments) && segments.every((s) =>
    s?.bytes?.length >= 0 && [s.paddr, s.vaddr].every(Number.isInteger));
  if (!good || !Number.isInteger(entry)) {
    throw new TypeError("writeElf takes a list of segments, each of bytes, " +
      "paddr and vaddr, and the address of the entry");
  }
  const offsets: number[] = [];
  let size = headerSize + entrySize * segments.length;
  for (const { bytes, vaddr } of segments) {
    size += (vaddr - size) & (pageSize - 1);
    offsets.push(size);
    size += bytes.length;
  }
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // 32 bits, little-endian
  view.setUint16(16, 2, true); // an executable
  view.setUint16(18, 3, true); // for the i386
  words(view, 20, [1, entry, headerSize]);
  [headerSize, entrySize, segments.length, 40].forEach((half, i) =>
    view.setUint16(40 + 2 * i, half, true));
  segments.forEach(({ bytes, paddr, vaddr, memsz }, i) => {
    words(view, headerSize + entrySize * i, [
      1, offsets[i]!, vaddr, paddr, bytes.length,
      memsz ?? bytes.length, 7, pageSize,
    ]);
    file.set(bytes, offsets[i]!);
  });
  return file;
}
