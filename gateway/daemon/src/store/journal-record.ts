import { crc32 } from "node:zlib";
import type { EncodedOperation } from "./encode.ts";

const KINDS = ["put", "delete", "append", "remove"] as const;
const FIRST_BYTES = 16_384;
/** A larger buffer is not kept for the next time. In bytes. */
const KEPT_BYTES = 262_144;

/**
 * Writes records of the journal into one buffer. Texts are UTF-8 behind their length in bytes (4 bytes, little endian),
 * positions are doubles.
 */
export class JournalWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafe(FIRST_BYTES);
  }

  /** What was written since `clear`; valid until the next call. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** @returns where the record began, for `end`. */
  begin(kind: number): number {
    const start = this.#length;
    this.#reserve(9);
    this.#length += 8;
    this.#buffer[this.#length++] = kind;
    return start;
  }

  end(start: number): void {
    const body = this.#buffer.subarray(start + 8, this.#length);
    this.#buffer.writeUInt32LE(body.length, start);
    this.#buffer.writeUInt32LE(crc32(body), start + 4);
  }

  /** @param value from 0 to 2^32 - 1. */
  number(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  operations(operations: readonly EncodedOperation[]): void {
    for (const operation of operations) {
      this.#reserve(1);
      this.#buffer[this.#length++] = KINDS.indexOf(operation.op);
      if ("table" in operation) {
        this.#text(operation.table);
        this.#text(operation.key);
      } else {
        this.#text(operation.log);
        this.#reserve(8);
        this.#length = this.#buffer.writeDoubleLE(operation.seq, this.#length);
      }
      if ("text" in operation) this.#text(operation.text);
    }
  }

  #text(text: string): void {
    // A character of UTF-16 takes three bytes of UTF-8 at most.
    this.#reserve(4 + 3 * text.length);
    const bytes = this.#buffer.write(text, this.#length + 4);
    this.#buffer.writeUInt32LE(bytes, this.#length);
    this.#length += 4 + bytes;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Reads the operations of a record whose checksum was right. */
export function readOperations(payload: Buffer): readonly EncodedOperation[] {
  const operations: EncodedOperation[] = [];
  let at = 0;
  const text = (): string => {
    const start = at + 4;
    at = start + payload.readUInt32LE(at);
    return payload.toString("utf8", start, at);
  };
  const position = (): number => {
    at += 8;
    return payload.readDoubleLE(at - 8);
  };
  while (at < payload.length) {
    const op = KINDS[payload[at++] ?? 0];
    switch (op) {
      case "put":
        operations.push({ op, table: text(), key: text(), text: text() });
        break;
      case "delete":
        operations.push({ op, table: text(), key: text() });
        break;
      case "append":
        operations.push({ op, log: text(), seq: position(), text: text() });
        break;
      case "remove":
        operations.push({ op, log: text(), seq: position() });
        break;
      default:
        throw new Error("the record has an operation that this program does not know");
    }
  }
  return operations;
}
