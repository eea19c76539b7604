// Woven from chapters/784-forms.md.
/** Bytes that grow at their end. */
export class ByteBuffer {
  private data = new Uint8Array(16);
  length = 0;

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.data.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.data.length));
    larger.set(this.data);
    this.data = larger;
  }

  push(byte: number): void {
    this.reserve(1);
    this.data[this.length++] = byte;
  }

  /** Appends all of `bytes`, `count` times. */
  append(bytes: ArrayLike<number>, count = 1): void {
    this.reserve(bytes.length * count);
    for (let i = 0; i < count; i++) {
      this.data.set(bytes, this.length);
      this.length += bytes.length;
    }
  }

  /** The bytes so far. */
  get view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}
