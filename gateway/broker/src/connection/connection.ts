import type { Duplex } from "node:stream";
import { type MqttCertificate, type MqttClient, TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { encodePacket } from "../codec/encode-packet.ts";
import { fitPacket, type Receiver } from "../codec/fit-packet.ts";
import { Outgoing } from "../codec/outgoing.ts";
import type { AcknowledgementType, Packet, ProtocolVersion } from "../codec/packet.ts";
import { PacketDecoder } from "../codec/packet-decoder.ts";
import { PacketError } from "../codec/packet-error.ts";
import { NO_PROPERTIES } from "../codec/properties.ts";
import { ReasonCode } from "../codec/reason-code.ts";
import { writeAcknowledgement, writePingResponse } from "../codec/write-acknowledgement.ts";
import type { Message } from "../engine/message.ts";
import type { Room } from "../engine/room.ts";
import type { Copy } from "../session/one-copy.ts";
import type { Link, Session } from "../session/session.ts";
import type { Intake } from "./intake.ts";
import type { Outlet } from "./outlet.ts";
import { pump } from "./pump.ts";

/** Where a connection comes from. */
export interface ConnectionOrigin {
  /** IP address of the other end. */
  readonly address: string;
  /** Id of the listener. */
  readonly listener: string;
  readonly certificate?: MqttCertificate | undefined;
}

/** What is agreed between client and broker once CONNECT was accepted. */
export interface Agreement {
  readonly version: ProtocolVersion;
  readonly client: MqttClient;
  readonly session: Session;
  readonly intake: Intake;
  readonly outlet: Outlet;
  /** Seconds, as it counts; 0 for none. */
  readonly keepAliveSeconds: number;
  /** Session Expiry Interval of CONNECT, seconds. */
  readonly askedExpirySeconds: number;
}

/** Handles the packets of a connection in one of its phases. */
export interface Phase {
  handle(packet: Packet, connection: Connection): void;
}

/** Packets of one client that are handled before the others get their turn. */
const PACKETS_PER_TURN = 256;
/** What is collected for a socket before it is written ahead of the end of the turn, bytes. */
const WRITTEN_EARLY_BYTES = 131_072;
/** What waits in the socket of a client that sends but does not read, bytes: then it is not read either. */
const UNREAD_BYTES = 262_144;
/** Whoever publishes too fast is not read for so long. */
const RATE_PAUSE_MS: Ms = 20;
/** A socket that does not take our last words is cut off after this. */
const FAREWELL_MS: Ms = 2_000;

/** One network connection: bytes in, packets to its phase, bytes out. */
export class Connection implements Link {
  readonly room: Room;
  readonly origin: ConnectionOrigin;
  readonly since: Ms;
  readonly #stream: Duplex;
  readonly #decoder: PacketDecoder;
  readonly out = new Outgoing();
  readonly #bucket: TokenBucket;
  #phase: Phase;
  #agreement: Agreement | undefined;
  /** Reasons for which nothing is read, each of which ends by itself. */
  #held = 0;
  #reading = false;
  #flushing = false;
  #closed = false;
  /** What the client's CONNECT said about the packets that it wants. */
  receiver: Receiver = {};
  /** CONNACK was written: nothing but it comes first ([MQTT-3.2.0-1]). */
  #answered = false;
  /** By the monotonic clock. */
  heardAt: Ms;
  /** Since when the socket takes nothing; undefined when it does. */
  blockedSince: Ms | undefined;
  /** When the stream is cut off, once we are done with it. */
  #cutAt: Ms | undefined;
  /** What came after that, bytes. */
  #thrownAway = 0;

  constructor(room: Room, stream: Duplex, origin: ConnectionOrigin, greeting: Phase) {
    const now = room.clock.monotonic();
    this.room = room;
    this.origin = origin;
    this.since = now;
    this.heardAt = now;
    this.#stream = stream;
    this.#phase = greeting;
    const { connectBytes, messageBurst, messagesPerSecond, packetBytes } = room.limits;
    this.#decoder = new PacketDecoder({
      sender: "client",
      maximumPacketSize: packetBytes,
      maximumConnectSize: connectBytes,
    });
    this.#bucket = new TokenBucket(messagesPerSecond, messageBurst, now);
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("drain", () => this.#onDrain());
    stream.on("end", () => this.close("closed by the client"));
    stream.on("error", (error) => this.close(`connection error: ${error.message}`));
    stream.on("close", () => {
      this.close("closed by the client");
      room.sessions.gone(this);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Undefined until the client is in. */
  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  get version(): ProtocolVersion | undefined {
    return this.#decoder.version;
  }

  get blocked(): boolean {
    return this.#closed || this.#stream.writableNeedDrain || this.out.length > WRITTEN_EARLY_BYTES;
  }

  /** The client is in: packets go to another phase from now on. */
  enter(agreement: Agreement, phase: Phase): void {
    this.#agreement = agreement;
    this.#phase = phase;
  }

  /** Reads nothing until `release`. Each call needs one. */
  hold(): void {
    if (this.#held++ === 0) this.#stream.pause();
  }

  release(): void {
    if (--this.#held > 0 || this.#closed) return;
    this.#read();
    if (this.#held === 0) this.#stream.resume();
  }

  /**
   * Sends a packet; what does not fit the client is left away, or dropped ([MQTT-3.1.2-24]).
   * @returns false when it was dropped.
   */
  write(packet: Packet): boolean {
    if (this.#closed) return false;
    const version = this.#agreement?.version ?? this.version ?? 4;
    const fitted = version === 5 ? fitPacket(packet, this.receiver) : packet;
    if (fitted === undefined) return false;
    if (packet.type === "connack") this.#answered = true;
    this.#willFlush();
    encodePacket(fitted, version, this.out);
    return true;
  }

  acknowledge(type: AcknowledgementType, packetId: number, reasonCode = 0): void {
    if (this.#closed || this.#agreement === undefined) return;
    this.#willFlush();
    writeAcknowledgement(type, packetId, { out: this.out, version: this.#agreement.version, reasonCode });
  }

  /** Answers PINGREQ: [MQTT-3.12.4-1]. */
  ping(): void {
    this.#willFlush();
    writePingResponse(this.out);
  }

  /** Sends a message of QoS 0. @returns false when it was dropped. */
  send(message: Message, copy: Copy): boolean {
    if (this.#closed || this.#agreement === undefined || this.#stream.writableNeedDrain) return false;
    return this.publish(message, copy, 0, false);
  }

  /** Writes PUBLISH, however full the socket is. @returns false when it is too large for the client. */
  publish(message: Message, copy: Copy, packetId: number, dup: boolean): boolean {
    const agreement = this.#agreement;
    if (agreement === undefined) return false;
    this.#willFlush();
    const now = message.expiresAt === undefined ? 0 : this.room.clock.monotonic();
    if (!agreement.outlet.publish(message, copy, { packetId, dup, now })) return false;
    const { traffic } = agreement.session;
    const { totals } = this.room;
    traffic.messagesOut++;
    totals.messagesOut++;
    if (this.out.length > WRITTEN_EARLY_BYTES) this.#writeOut();
    return true;
  }

  pump(): void {
    if (this.#agreement !== undefined && !this.#closed) pump(this, this.#agreement.session);
  }

  /** Hands what was collected to the socket. */
  flush(): void {
    this.#flushing = false;
    if (this.#closed) return;
    this.#writeOut();
    if (!this.#stream.writableNeedDrain) this.pump();
  }

  /**
   * Ends the connection, with a DISCONNECT where there is a reason code and the client speaks 5.0.
   * @param reason for people.
   * @param options.will false when the client has said goodbye: nobody is told then ([MQTT-3.14.4-3]).
   */
  close(
    reason: string,
    options: {
      readonly reasonCode?: number;
      readonly serverReference?: string;
      readonly will?: boolean;
    } = {},
  ): void {
    if (this.#closed) return;
    const { reasonCode, serverReference, will = true } = options;
    // [MQTT-3.14.0-1]: who is in may still be without CONNACK, which waits for the store.
    if (reasonCode !== undefined && this.#answered && this.#agreement?.version === 5) {
      const properties = {
        ...(reasonCode >= 0x80 && { reasonString: reason }),
        ...(serverReference !== undefined && { serverReference }),
      };
      this.write({ type: "disconnect", reasonCode, properties });
    }
    this.#end(reason, will);
  }

  /** Answers CONNECT with a refusal and ends the connection. */
  refuse(reasonCode: number, reason: string, serverReference?: string): void {
    const properties =
      this.version === 5
        ? { reasonString: reason, ...(serverReference !== undefined && { serverReference }) }
        : NO_PROPERTIES;
    this.write({ type: "connack", sessionPresent: false, reasonCode, properties });
    this.#end(reason, false);
  }

  /** Ends the connection at once, with nothing more to say. */
  destroy(reason: string): void {
    this.close(reason);
    this.#stream.destroy();
  }

  /** Cuts off the stream, whatever is in it. */
  cut(): void {
    this.#stream.destroy();
  }

  /** Looks at the clock. */
  sweep(now: Ms): void {
    if (this.#closed) {
      if (this.#cutAt !== undefined && now >= this.#cutAt) this.#stream.destroy();
      return;
    }
    const { connectTimeoutMs, drainTimeoutMs } = this.room.limits;
    if (this.#agreement === undefined) {
      if (now - this.since >= connectTimeoutMs) this.destroy("no login in time");
      return;
    }
    const { keepAliveSeconds } = this.#agreement;
    // [MQTT-3.1.2-22] (3.1.1: -24): one and a half times the keep-alive. While it is us who do not read, nobody is late.
    if (keepAliveSeconds > 0 && this.#held === 0 && now - this.heardAt > keepAliveSeconds * 1_500) {
      this.close("keep-alive timeout", { reasonCode: ReasonCode.keepAliveTimeout });
    } else if (!this.#stream.writableNeedDrain) this.blockedSince = undefined;
    else {
      this.blockedSince ??= now;
      if (now - this.blockedSince < drainTimeoutMs) return;
      this.close("it does not read what it is sent", { reasonCode: ReasonCode.quotaExceeded });
      this.#stream.destroy();
    }
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) {
      this.#throwAway(chunk.length);
      return;
    }
    this.heardAt = this.room.clock.monotonic();
    this.#decoder.push(chunk);
    this.room.totals.bytesIn += chunk.length;
    if (this.#agreement !== undefined) this.#agreement.session.traffic.bytesIn += chunk.length;
    this.#read();
  }

  /** Our last words are not worth reading for ever what somebody goes on to send: no more than one packet of it. */
  #throwAway(bytes: number): void {
    const { connectBytes, packetBytes } = this.room.limits;
    this.#thrownAway += bytes;
    if (this.#thrownAway > (this.#agreement === undefined ? connectBytes : packetBytes))
      this.#stream.destroy();
  }

  /** Handles packets until there are no more, or something holds it up. */
  #read(): void {
    // A handler that releases what it held is still in the loop.
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let handled = 0; this.#held === 0 && !this.#closed; handled++) {
        if (handled === PACKETS_PER_TURN) {
          this.#holdUntilNextTurn();
          break;
        }
        const packet = this.#decoder.next();
        if (packet === undefined) break;
        this.#phase.handle(packet, this);
        if (packet.type === "publish") this.#keepRate();
        else if (this.#stream.writableLength > UNREAD_BYTES) this.#holdWhileFull();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#reading = false;
    }
  }

  #fail(error: unknown): void {
    const broken = error instanceof PacketError;
    const reason = broken ? `${error.message} [${error.clause}]` : String(error);
    const { address, listener } = this.origin;
    const fields = { address, listener, client: this.#agreement?.client.id, reason };
    if (broken)
      this.room.remarks.warn(
        `packet ${address} ${fields.client ?? ""}`,
        fields,
        "a client broke the protocol",
      );
    else this.room.log.error({ ...fields, stack: (error as Error).stack }, "a packet could not be handled");
    const reasonCode = broken ? error.reasonCode : ReasonCode.unspecifiedError;
    if (this.#agreement === undefined && broken) this.#refuseBroken(error, reason);
    else this.close(reason, { reasonCode });
  }

  /** 3.1.1 §3.1.2.2 and 5.0 §3.1.2.2: a version that we do not speak is told so in words that it understands. */
  #refuseBroken(error: PacketError, reason: string): void {
    if (error.code === "unsupported-version" && error.level !== undefined) {
      const old = (error.level & 0x7f) <= 4;
      this.#willFlush();
      encodePacket(
        {
          type: "connack",
          sessionPresent: false,
          reasonCode: old ? 1 : ReasonCode.unsupportedProtocolVersion,
          properties: NO_PROPERTIES,
        },
        old ? 4 : 5,
        this.out,
      );
      this.#end(reason, false);
    } else if (this.version === 5) this.refuse(error.reasonCode, reason);
    else this.#end(reason, false);
  }

  #keepRate(): void {
    const now = this.heardAt;
    if (this.#bucket.take(1, now)) return;
    this.hold();
    this.room.clock.after(RATE_PAUSE_MS, () => {
      this.heardAt = this.room.clock.monotonic();
      this.release();
    });
  }

  #holdUntilNextTurn(): void {
    this.hold();
    setImmediate(() => this.release());
  }

  #holdWhileFull(): void {
    this.hold();
    this.#stream.once("drain", () => this.release());
  }

  #onDrain(): void {
    this.blockedSince = undefined;
    if (this.#closed) return;
    this.pump();
  }

  #willFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    this.room.flusher.add(this);
  }

  #writeOut(): void {
    const { length } = this.out;
    if (length === 0) return;
    this.room.totals.bytesOut += length;
    if (this.#agreement !== undefined) this.#agreement.session.traffic.bytesOut += length;
    this.#stream.write(this.out.take());
  }

  #end(reason: string, will: boolean): void {
    this.#writeOut();
    this.#closed = true;
    this.#cutAt = this.room.clock.monotonic() + FAREWELL_MS;
    this.#stream.end();
    // What comes now is thrown away: a socket that holds unread bytes would be reset, and our last words lost.
    this.#stream.resume();
    this.room.unacknowledged.delete(this);
    this.room.sessions.left(this, reason, will);
  }
}
