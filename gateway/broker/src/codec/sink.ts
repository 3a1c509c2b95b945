/** Takes the fields of a packet. There are two: one counts, the other writes. */
export interface Sink {
  byte(value: number): void;
  /** 0–65,535, big-endian. */
  twoBytes(value: number): void;
  /** 0–4,294,967,295, big-endian. */
  fourBytes(value: number): void;
  /** 0–268,435,455. @throws {RangeError} beyond. */
  variable(value: number): void;
  /** A string with its length. @throws {RangeError} when it has more than 65,535 bytes. */
  text(value: string): void;
  /** Bytes with their length. @throws {RangeError} when they are more than 65,535. */
  binary(value: Buffer): void;
  /** Bytes as they are. */
  raw(value: Buffer): void;
}

/** The largest Variable Byte Integer (3.1.1 §2.2.3, 5.0 §1.5.5). */
const LARGEST_VARIABLE = 268_435_455;
/** The longest string or binary field (3.1.1 §1.5.3, 5.0 §1.5.4 and §1.5.6), bytes. */
const LONGEST_FIELD = 65_535;
/** Up to here a loop over the characters is faster than asking the engine. Measured with topics, Node 24. */
const SHORT = 48;

/** Bytes that a Variable Byte Integer takes, 1–4. @throws {RangeError} when it does not fit into four. */
export function variableLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value <= LARGEST_VARIABLE) return 4;
  throw new RangeError(`${value} does not fit into a variable byte integer`);
}

/** Bytes of a string in UTF-8, without its length. @throws {RangeError} when they are more than 65,535. */
export function textLength(text: string): number {
  return fieldLength(isShortAscii(text) ? text.length : Buffer.byteLength(text));
}

/** @throws {RangeError} when a field of that many bytes cannot be written. */
export function fieldLength(bytes: number): number {
  if (bytes <= LONGEST_FIELD) return bytes;
  throw new RangeError(`a field of ${bytes} bytes: 65,535 at most`);
}

/** Short and of ASCII alone: its bytes are its characters. */
export function isShortAscii(text: string): boolean {
  const { length } = text;
  if (length > SHORT) return false;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}

/** Counts bytes. */
export class ByteCounter implements Sink {
  length = 0;

  byte(): void {
    this.length += 1;
  }

  twoBytes(): void {
    this.length += 2;
  }

  fourBytes(): void {
    this.length += 4;
  }

  variable(value: number): void {
    this.length += variableLength(value);
  }

  text(value: string): void {
    this.length += 2 + textLength(value);
  }

  binary(value: Buffer): void {
    this.length += 2 + fieldLength(value.length);
  }

  raw(value: Buffer): void {
    this.length += value.length;
  }
}
