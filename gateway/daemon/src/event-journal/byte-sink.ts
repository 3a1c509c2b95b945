const FIRST_BYTES = 1_024;

/** A growing run of bytes. Numbers are LEB128: seven bits a byte, the least first. */
export class ByteSink {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Memory that it holds, in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  clear(): void {
    this.#length = 0;
  }

  copyTo(target: Uint8Array, at: number): void {
    target.set(this.#bytes.subarray(0, this.#length), at);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** @param value a whole number from 0 to 2^53 - 1. */
  unsigned(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) + 0x80);
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** @param value a whole number of at most 52 bits, either sign; small ones are short. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** @param text well-formed; as UTF-8 behind its length in bytes. */
  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.unsigned(bytes);
    if (this.#length + bytes > this.#bytes.length) this.#grow(bytes);
    this.#length += this.#bytes.write(text, this.#length);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
