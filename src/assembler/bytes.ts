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
    const { length } = this, end = length + bytes.length * count;
    this.reserve(end - length);
    if (bytes.length === 1) this.data.fill(bytes[0]!, length, end);
    else for (let at = length; at < end; at += bytes.length)
      this.data.set(bytes, at);
    this.length = end;
  }

  /** The bytes so far. */
  get view(): Uint8Array {
    return this.data.subarray(0, this.length);
  }
}
