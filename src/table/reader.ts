// Woven from chapters/732-decoder.md.
/** Thrown when an instruction goes on after 15 bytes (#GP; SDM volume
 * 2, section 2.3.11). */
export class InstructionTooLong extends Error {
  override name = "InstructionTooLong";
}

/** Reads an instruction's bytes in order. */
export class ByteReader {
  position = 0;
  constructor(private readonly byteAt: (i: number) => number) {}

  /** The next byte, 0 to 255. */
  byte(): number {
    if (this.position === 15)
      throw new InstructionTooLong("more than 15 bytes");
    const value = this.byteAt(this.position);
    this.position++;
    return value;
  }

  /** The next `size` bytes, little-endian, zero-extended, int32. */
  unsigned(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.byte() << (8 * i);
    return value;
  }

  /** The next `size` bytes, little-endian, sign-extended, int32. */
  signed(size: number): number {
    const unused = 32 - 8 * size;
    return (this.unsigned(size) << unused) >> unused;
  }
}
