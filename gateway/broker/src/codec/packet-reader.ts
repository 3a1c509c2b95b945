import { isUtf8 } from "node:buffer";
import type { ProtocolVersion } from "./packet.ts";
import type { PacketError } from "./packet-error.ts";
import { type RuleName, type ViolationDetail, violation } from "./violation.ts";

/** Which of the two ends of a connection sends the packets. */
export type Sender = "client" | "server";

/** Traits of characters, summed over a string. */
const NULL = 1;
const WILDCARD = 2;
const BEYOND_ASCII = 4;

const TRAITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0) return NULL;
  if (byte === 0x23 || byte === 0x2b) return WILDCARD;
  return byte < 0x80 ? 0 : BEYOND_ASCII;
});

const NOTHING = Buffer.alloc(0);

/**
 * Reads the fields of one packet, front to back. Whatever goes beyond `end` is a violation and throws. One reader
 * serves many packets: `open` it on the next.
 */
export class PacketReader {
  bytes: Buffer = NOTHING;
  /** Of the next field. */
  at = 0;
  /** Behind the last byte that may be read. */
  end = 0;
  version: ProtocolVersion = 4;
  sender: Sender = "client";
  /** What a field breaks that goes beyond `end`. */
  shortage: RuleName = "truncated";
  #traits = 0;

  /** Begins with the bytes from `at` up to `end`. */
  open(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.shortage = "truncated";
  }

  /** Lets go of the bytes, and of what is known of their connection. */
  close(): void {
    this.bytes = NOTHING;
    this.version = 4;
    this.at = 0;
    this.end = 0;
  }

  /** The error of a broken rule, for the version of the connection. */
  violation(rule: RuleName, detail?: ViolationDetail): PacketError {
    return violation(rule, this.version, detail);
  }

  get atEnd(): boolean {
    return this.at === this.end;
  }

  /** One byte. */
  byte(): number {
    const { at } = this;
    if (at >= this.end) throw this.violation(this.shortage);
    this.at = at + 1;
    return this.bytes[at] as number;
  }

  /** Two bytes, big-endian: 0–65,535 (3.1.1 §1.5.2, 5.0 §1.5.2). */
  twoBytes(): number {
    const { at, bytes } = this;
    if (at + 2 > this.end) throw this.violation(this.shortage);
    this.at = at + 2;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  /** Four bytes, big-endian: 0–4,294,967,295 (5.0 §1.5.3). */
  fourBytes(): number {
    const high = this.twoBytes();
    return high * 0x1_0000 + this.twoBytes();
  }

  /** A Variable Byte Integer, 0–268,435,455, in as few bytes as it needs ([MQTT-1.5.5-1]). */
  variable(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) throw this.violation("overlong-integer");
      return value;
    }
    throw this.violation("long-integer");
  }

  /** A packet identifier; `zero` is the rule that 0 breaks. */
  packetId(zero: RuleName): number {
    const id = this.twoBytes();
    if (id === 0) throw this.violation(zero);
    return id;
  }

  /**
   * A UTF-8 string with its length, at most 65,535 bytes. It must be well-formed, without surrogates, overlong forms
   * and U+0000; a byte order mark is a character like others ([MQTT-1.5.3-3], [MQTT-1.5.4-3]).
   */
  text(): string {
    const length = this.twoBytes();
    const { at, bytes } = this;
    const end = at + length;
    if (end > this.end) throw this.violation(this.shortage);
    let traits = 0;
    for (let index = at; index < end; index++) traits |= TRAITS[bytes[index] as number] as number;
    this.#traits = traits;
    if ((traits & NULL) !== 0) throw this.violation("null-character");
    this.at = end;
    if ((traits & BEYOND_ASCII) === 0) return bytes.toString("latin1", at, end);
    if (!isUtf8(bytes.subarray(at, end))) throw this.violation("ill-formed-text");
    return bytes.toString("utf8", at, end);
  }

  /** A topic name, empty or not; `wildcard` is the rule that # and + break. */
  topicName(wildcard: RuleName): string {
    const topic = this.text();
    if ((this.#traits & WILDCARD) !== 0) throw this.violation(wildcard);
    return topic;
  }

  /** Binary data with its length, at most 65,535 bytes: a copy, since it is rare and kept for long. */
  binary(): Buffer {
    const length = this.twoBytes();
    const { at } = this;
    if (at + length > this.end) throw this.violation(this.shortage);
    this.at = at + length;
    return Buffer.from(this.bytes.subarray(at, at + length));
  }

  /** Throws unless every byte was read. */
  finish(rule: RuleName = "trailing"): void {
    if (this.at !== this.end) throw this.violation(rule);
  }
}
