/** The bytes are not what a sink wrote. */
export class DamagedBytes extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "DamagedBytes";
  }
}

/** Reads what a `ByteSink` wrote, and nothing beyond its end. @throws {DamagedBytes} from every method. */
export class ByteSource {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  byte(): number {
    if (this.#at >= this.#end) throw new DamagedBytes("ends too early");
    return this.#bytes[this.#at++] as number;
  }

  unsigned(): number {
    let value = this.byte();
    if (value < 0x80) return value;
    value -= 0x80;
    for (let factor = 0x80; ; factor *= 0x80) {
      const next = this.byte();
      value += (next & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw new DamagedBytes("a number is too large");
      if (next < 0x80) return value;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    if (this.#at + 8 > this.#end) throw new DamagedBytes("ends too early");
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  text(): string {
    const length = this.unsigned();
    const start = this.#at;
    if (length > this.#end - start) throw new DamagedBytes("ends too early");
    this.#at += length;
    return this.#bytes.toString("utf8", start, this.#at);
  }

  /** Everything that was not read; a view. */
  remainder(): Buffer {
    const start = this.#at;
    this.#at = this.#end;
    return this.#bytes.subarray(start, this.#end);
  }
}
