import { decodePacket } from "./decode-packet.ts";
import { checkFirstByte } from "./fixed-header.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import type { PacketError } from "./packet-error.ts";
import { PacketReader, type Sender } from "./packet-reader.ts";
import { violation } from "./violation.ts";

export interface PacketDecoderOptions {
  /** Whose packets these are: what the other side may send is refused. */
  readonly sender: Sender;
  /** Absent, it is learnt from CONNECT, which must then come first; needed to read what a server sends. */
  readonly version?: ProtocolVersion;
  /** Largest packet taken once CONNECT was read; bytes with the fixed header, as Maximum Packet Size counts them. */
  readonly maximumPacketSize: number;
  /** Largest CONNECT taken, bytes: nobody has proved anything yet. */
  readonly maximumConnectSize: number;
}

const NOTHING = Buffer.alloc(0);
/** What a packet in pieces gets at first, bytes; it doubles as its bytes come, never as they are announced. */
const FIRST_BODY_BYTES = 256;
/** No packet has begun. */
const NONE = -1;

/** Decoding never yields, so one reader serves all connections. */
const reader = new PacketReader();

/**
 * Cuts a stream of bytes into packets, wherever the network cut it. Push a chunk, then take packets until there are
 * none:
 *
 *     decoder.push(chunk);
 *     for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) handle(packet);
 *
 * Stop in between, to wait for a decision about CONNECT say, and go on later: nothing behind it has been looked at.
 * Meanwhile pause the socket; what is pushed is kept.
 *
 * The size of a packet is checked as soon as its length is known, before a byte of it is kept. A packet in pieces is
 * put together in a buffer that grows with the bytes received, so an announced length costs its sender at least half
 * of what it costs us.
 *
 * Chunks are read in place. A chunk belongs to the decoder until `next` has returned undefined, or has thrown, and is
 * never written. After that nothing refers to it but the payloads of the PUBLISH packets that were taken from it.
 */
export class PacketDecoder {
  readonly #sender: Sender;
  readonly #maximumPacketSize: number;
  readonly #maximumConnectSize: number;
  #version: ProtocolVersion | undefined;
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** Chunks behind `#chunk`, when the caller pushed without taking. */
  #waiting: Buffer[] | undefined;
  /** First byte of the packet that has begun, or NONE. */
  #first = NONE;
  /** Its remaining length, complete once `#headed`. */
  #remaining = 0;
  #shift = 0;
  #headed = false;
  /** Its length had needless bytes, which 5.0 forbids: before CONNECT is read, one cannot know. */
  #overlong = false;
  #body: Buffer | undefined;
  #filled = 0;
  #failure: PacketError | undefined;

  constructor({ sender, version, maximumPacketSize, maximumConnectSize }: PacketDecoderOptions) {
    this.#sender = sender;
    this.#version = version;
    this.#maximumPacketSize = maximumPacketSize;
    this.#maximumConnectSize = maximumConnectSize;
  }

  /** The version that is spoken: undefined until CONNECT was read. */
  get version(): ProtocolVersion | undefined {
    return this.#version;
  }

  /** Bytes that the decoder keeps of its own for a packet in pieces. */
  get heldBytes(): number {
    return this.#body?.length ?? 0;
  }

  /** Adds bytes of the stream. Nothing is decoded yet. */
  push(chunk: Buffer): void {
    if (this.#failure !== undefined || chunk.length === 0) return;
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#waiting ??= [];
      this.#waiting.push(chunk);
    }
  }

  /**
   * The next packet, or undefined until more bytes come.
   * @throws {PacketError} when the stream breaks the specification; nothing after it is read, and every further call
   * throws the same.
   */
  next(): Packet | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      while (!this.#readHeader() || !this.#openBody()) {
        if (!this.#advance()) return undefined;
      }
      const packet = decodePacket(reader, this.#first);
      if (packet.type === "connect") this.#greet(packet.version);
      this.#first = NONE;
      this.#headed = false;
      return packet;
    } catch (error) {
      // Whatever it was: what follows cannot be told apart from the middle of a packet.
      this.#failure = error as PacketError;
      // A CONNECT of 5.0 that is broken behind its version is answered in the words of 5.0.
      if (reader.version === 5) this.#version = 5;
      this.#release();
      throw error;
    } finally {
      reader.close();
    }
  }

  /** Reads the fixed header as far as it is there; true once it is complete. */
  #readHeader(): boolean {
    if (this.#headed) return true;
    const chunk = this.#chunk;
    let at = this.#at;
    if (this.#first === NONE) {
      if (at === chunk.length) return false;
      this.#first = chunk[at++] as number;
      this.#at = at;
      this.#remaining = 0;
      this.#shift = 0;
      checkFirstByte(this.#first, this.#version, this.#sender);
    }
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      this.#at = at;
      this.#remaining |= (byte & 0x7f) << this.#shift;
      if (byte < 0x80) {
        this.#checkLength(byte);
        this.#headed = true;
        return true;
      }
      if (this.#shift === 21) throw violation("long-integer", this.#version ?? 4);
      this.#shift += 7;
    }
    return false;
  }

  #checkLength(lastByte: number): void {
    const version = this.#version;
    const limit = version === undefined ? this.#maximumConnectSize : this.#maximumPacketSize;
    const size = 2 + this.#shift / 7 + this.#remaining;
    if (size > limit) {
      throw violation("too-large", version ?? 4, { about: `${size} bytes, ${limit} at most` });
    }
    this.#overlong = lastByte === 0 && this.#shift > 0;
    if (this.#overlong && version === 5) throw violation("overlong-integer", version);
  }

  /** Opens the reader on the body when all of it is there: in the chunk, or put together. */
  #openBody(): boolean {
    const { length } = this.#chunk;
    const at = this.#at;
    const remaining = this.#remaining;
    if (this.#body === undefined && length - at >= remaining) {
      reader.open(this.#chunk, at, at + remaining);
      this.#at = at + remaining;
    } else {
      this.#collect();
      if (this.#filled < remaining) return false;
      reader.open(this.#body ?? NOTHING, 0, remaining);
      this.#body = undefined;
      this.#filled = 0;
    }
    reader.version = this.#version ?? 4;
    reader.sender = this.#sender;
    return true;
  }

  /** Moves what the chunk has of the body into a buffer of our own. */
  #collect(): void {
    const filled = this.#filled;
    const end = Math.min(this.#chunk.length, this.#at + this.#remaining - filled);
    const needed = filled + end - this.#at;
    let body = this.#body ?? NOTHING;
    if (needed > body.length) {
      const size = Math.min(this.#remaining, Math.max(2 * body.length, needed, FIRST_BODY_BYTES));
      const larger = Buffer.allocUnsafe(size);
      body.copy(larger, 0, 0, filled);
      body = larger;
      this.#body = body;
    }
    this.#chunk.copy(body, filled, this.#at, end);
    this.#filled = needed;
    this.#at = end;
  }

  #advance(): boolean {
    this.#chunk = this.#waiting?.shift() ?? NOTHING;
    this.#at = 0;
    return this.#chunk !== NOTHING;
  }

  #greet(version: ProtocolVersion): void {
    if (version === 5 && this.#overlong) throw violation("overlong-integer", version);
    this.#version = version;
  }

  #release(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#waiting = undefined;
    this.#body = undefined;
    this.#filled = 0;
  }
}
