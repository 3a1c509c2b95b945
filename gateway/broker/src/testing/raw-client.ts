import type { Duplex } from "node:stream";
import {
  type AcknowledgementType,
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  Outgoing,
  type Packet,
  PacketDecoder,
  type PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type QoS,
  type Subscription,
  type Will,
} from "../index.ts";

const NOTHING = {};
const PATIENCE_MS = 5_000;

type Of<T extends PacketType> = Extract<Packet, { readonly type: T }>;

/** What CONNECT says besides the id; `expiry` is the Session Expiry Interval in seconds. */
export type ConnectOptions = Partial<Omit<ConnectPacket, "type" | "version" | "clientId" | "will">> & {
  readonly will?: Partial<Will>;
  readonly expiry?: number;
};

/** A client that says exactly what a test wants, and shows everything that it hears. */
export class RawClient {
  readonly version: ProtocolVersion;
  readonly #stream: Duplex;
  readonly #decoder: PacketDecoder;
  readonly #heard: Packet[] = [];
  readonly #wire: Buffer[] = [];
  /** Why what came could not be read. */
  #broken: unknown;
  #wake: () => void = () => undefined;
  #ended = false;
  #lastId = 0;

  constructor(stream: Duplex, version: ProtocolVersion) {
    this.version = version;
    this.#stream = stream;
    this.#decoder = new PacketDecoder({
      sender: "server",
      version,
      maximumPacketSize: 268_435_455,
      maximumConnectSize: 268_435_455,
    });
    stream.on("data", (chunk: Buffer) => {
      this.#wire.push(chunk);
      this.#decoder.push(chunk);
      try {
        for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
          this.#heard.push(packet);
        }
      } catch (error) {
        this.#broken = error;
      }
      this.#wake();
    });
    stream.on("error", () => undefined);
    // As a socket does that is not half open.
    stream.on("end", () => stream.end());
    for (const event of ["end", "close"]) {
      stream.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  /** Packets that came and that nobody has asked for yet. */
  get heard(): readonly Packet[] {
    return this.#heard;
  }

  /** Every byte that came. */
  get wire(): Buffer {
    return Buffer.concat(this.#wire);
  }

  /** The other end has closed the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  bytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  say(packet: Packet): void {
    const out = new Outgoing();
    encodePacket(packet, this.version, out);
    this.bytes(out.take());
  }

  async connect(clientId: string, options: ConnectOptions = {}): Promise<ConnackPacket> {
    this.greet(clientId, options);
    return this.next("connack");
  }

  /** Sends CONNECT and waits for nothing. */
  greet(clientId: string, options: ConnectOptions = {}): void {
    const { expiry, will, ...rest } = options;
    this.say({
      type: "connect",
      version: this.version,
      clientId,
      cleanStart: true,
      keepAliveSeconds: 0,
      userName: undefined,
      password: undefined,
      properties: expiry === undefined ? NOTHING : { sessionExpirySeconds: expiry },
      ...rest,
      will: will && {
        topic: "will",
        payload: Buffer.from("lost"),
        qos: 0,
        retain: false,
        properties: NOTHING,
        ...will,
      },
    });
  }

  async subscribe(
    filter: string,
    options: Partial<Subscription> & { identifier?: number } = {},
  ): Promise<number> {
    const { identifier, ...rest } = options;
    const packetId = this.id();
    this.say({
      type: "subscribe",
      packetId,
      subscriptions: [
        { filter, qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0, ...rest },
      ],
      properties: identifier === undefined ? NOTHING : { subscriptionIdentifier: identifier },
    });
    const { reasonCodes } = await this.find("suback");
    return reasonCodes[0] ?? -1;
  }

  async unsubscribe(filter: string): Promise<number | undefined> {
    const packetId = this.id();
    this.say({ type: "unsubscribe", packetId, filters: [filter], properties: NOTHING });
    const { reasonCodes } = await this.find("unsuback");
    return reasonCodes[0];
  }

  /** @returns the packet identifier. */
  publish(topic: string, payload: string, options: Partial<PublishPacket> = {}): number {
    const qos: QoS = options.qos ?? 0;
    const packetId = qos === 0 ? 0 : this.id();
    this.say({
      type: "publish",
      topic,
      payload: Buffer.from(payload),
      qos,
      retain: false,
      dup: false,
      packetId,
      properties: NOTHING,
      ...options,
    });
    return options.packetId ?? packetId;
  }

  /** Says PUBACK, PUBREC, PUBREL or PUBCOMP. */
  answer(type: AcknowledgementType, packetId: number, reasonCode = 0): void {
    this.say({ type, packetId, reasonCode, properties: NOTHING });
  }

  disconnect(): void {
    this.say({ type: "disconnect", reasonCode: 0, properties: NOTHING });
  }

  /** Breaks the connection. */
  cut(): void {
    this.#stream.destroy();
  }

  /** Reads nothing any more: what the other end sends piles up there. */
  freeze(): void {
    this.#stream.pause();
  }

  id(): number {
    this.#lastId = (this.#lastId % 65_535) + 1;
    return this.#lastId;
  }

  /** Everything that has come. */
  drain(): Packet[] {
    return this.#heard.splice(0);
  }

  /** The next packet, which must be of this type. */
  async next<T extends PacketType>(type: T): Promise<Of<T>> {
    await this.#until(() => this.#heard.length > 0);
    if (this.#broken !== undefined && this.#heard.length === 0) throw this.#broken;
    const packet = this.#heard.shift();
    if (packet?.type !== type) throw new Error(`expected ${type}, heard ${packet?.type ?? "the end"}`);
    return packet as Of<T>;
  }

  /** The next packet of this type; others before it stay. */
  async find<T extends PacketType>(type: T): Promise<Of<T>> {
    await this.#until(() => this.#heard.some((packet) => packet.type === type));
    const index = this.#heard.findIndex((packet) => packet.type === type);
    const [packet] = index < 0 ? [] : this.#heard.splice(index, 1);
    if (packet === undefined) throw new Error(`expected ${type}, heard the end`);
    return packet as Of<T>;
  }

  /** Resolves when the other end has closed the connection. */
  async end(): Promise<void> {
    await this.#until(() => this.#ended);
  }

  async #until(condition: () => boolean): Promise<void> {
    const timeout = setTimeout(() => this.#wake(), PATIENCE_MS);
    const deadline = Date.now() + PATIENCE_MS;
    try {
      while (!condition() && !this.#ended) {
        if (this.#broken !== undefined) throw this.#broken;
        if (Date.now() >= deadline) throw new Error("nothing came");
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timeout);
    }
  }
}
