// Woven from chapters/732-decoder.md.
import type { ByteReader } from "./reader";

/** The parts of a memory operand, as in `Insn`. */
export interface Address {
  base: number;
  index: number;
  scale: number;
  displacement: number;
}

/** Reads what follows ModR/M of 32-bit addressing (SDM volume 2, tables
 * 2-2 and 2-3). */
export function address32(
  reader: ByteReader, mod: number, rm: number,
): Address {
  let base = rm, index = -1, scale = 0;
  if (rm === 4) {
    const sib = reader.byte();
    base = sib & 7;
    index = ((sib >> 3) & 7) === 4 ? -1 : (sib >> 3) & 7;
    scale = sib >> 6;
  }
  let size = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (mod === 0 && base === 5) {
    base = -1;
    size = 4;
  }
  return { base, index, scale, displacement: reader.signed(size) };
}

/** The registers of the eight 16-bit addresses, by ModR/M's rm. */
export const bases16: readonly number[] = [3, 3, 5, 5, 6, 7, 5, 3];
export const indexes16: readonly number[] = [6, 7, 6, 7, -1, -1, -1, -1];

/** Reads what follows ModR/M of 16-bit addressing (SDM volume 2, table
 * 2-1). */
export function address16(
  reader: ByteReader, mod: number, rm: number,
): Address {
  const bare = mod === 0 && rm === 6;
  const size = bare || mod === 2 ? 2 : mod;
  return {
    base: bare ? -1 : bases16[rm]!, index: indexes16[rm]!, scale: 0,
    displacement: reader.signed(size),
  };
}
