import { connect, type Socket } from "node:net";

/**
 * An MQTT 3.1.1 client that does what the load needs and little else, so that the load costs less than what it
 * measures: one write for each message, no queue, no timers.
 */
export interface MqttClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly onMessage?: (topic: string, payload: string) => void;
  readonly onAcknowledged?: (packetId: number) => void;
  /** Told when the connection ends and `end` was not called. */
  readonly onLost?: (reason: string) => void;
}

const CONNECT = 0x10;
const CONNACK = 0x20;
const PUBLISH = 0x30;
const PUBACK = 0x40;
const SUBSCRIBE = 0x82; // 3.1.1 §3.8.1: the flags of SUBSCRIBE are 0010.
const SUBACK = 0x90;
const DISCONNECT = 0xe0;

const QOS_1 = 0x02;
const RETAIN = 0x01;
const LAST_PACKET_ID = 0xffff;
const REFUSED_FILTER = 0x80;

export class MqttClient {
  readonly #socket: Socket;
  readonly #options: MqttClientOptions;
  readonly #acknowledgements = new Map<number, () => void>();
  #rest: Buffer = Buffer.alloc(0);
  #lastPacketId = 0;
  #ended = false;

  private constructor(socket: Socket, options: MqttClientOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Connects with a clean session and no keep-alive. Rejects when nothing listens or the broker refuses. */
  static async connect(options: MqttClientOptions): Promise<MqttClient> {
    const socket = connect(options.port, "127.0.0.1");
    socket.setNoDelay(true);
    const client = new MqttClient(socket, options);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", () => socket.write(connectPacket(options)));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed before CONNACK")));
      socket.on("data", (bytes) =>
        client.#take(bytes, (code) => {
          if (code === 0) resolve();
          else reject(new Error(`refused with return code ${code}`));
        }),
      );
    });
    socket.on("error", () => undefined); // "close" follows and tells.
    socket.once("close", () => {
      if (!client.#ended) options.onLost?.(`${options.clientId}: the broker closed the connection`);
    });
    return client;
  }

  /** Resolves when the broker has granted the filter at QoS 1. */
  async subscribe(filter: string): Promise<void> {
    const id = this.#nextPacketId();
    const body = Buffer.concat([uint16(id), text(filter), Buffer.from([1])]);
    const granted = this.#acknowledged(id);
    this.#socket.write(packet(SUBSCRIBE, body));
    await granted;
  }

  /** Sends at QoS 1. @returns the packet id, of which `onAcknowledged` will tell. */
  publish(topic: string, payload: string, options: { retain: boolean }): number {
    const id = this.#nextPacketId();
    const flags = QOS_1 | (options.retain ? RETAIN : 0);
    const body = Buffer.concat([text(topic), uint16(id), Buffer.from(payload)]);
    this.#socket.write(packet(PUBLISH | flags, body));
    return id;
  }

  /** Sends at QoS 1 and waits for the acknowledgement. */
  async publishAcknowledged(topic: string, payload: string, options: { retain: boolean }): Promise<void> {
    await this.#acknowledged(this.publish(topic, payload, options));
  }

  end(): void {
    this.#ended = true;
    if (this.#socket.writable) this.#socket.end(packet(DISCONNECT, Buffer.alloc(0)));
    else this.#socket.destroy();
  }

  #acknowledged(id: number): Promise<void> {
    return new Promise((resolve) => this.#acknowledgements.set(id, resolve));
  }

  #nextPacketId(): number {
    this.#lastPacketId = this.#lastPacketId === LAST_PACKET_ID ? 1 : this.#lastPacketId + 1;
    return this.#lastPacketId;
  }

  #take(bytes: Buffer, onConnack: (code: number) => void): void {
    let buffer = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (let length = packetLength(buffer); length !== undefined; length = packetLength(buffer)) {
      this.#handle(buffer.subarray(0, length), onConnack);
      buffer = buffer.subarray(length);
    }
    this.#rest = buffer;
  }

  #handle(bytes: Buffer, onConnack: (code: number) => void): void {
    const head = bytes[0] ?? 0;
    const body = bytes.subarray(headerLength(bytes));
    switch (head & 0xf0) {
      case CONNACK:
        onConnack(body[1] ?? REFUSED_FILTER);
        break;
      case PUBACK:
        this.#settle(body.readUInt16BE(0));
        break;
      case SUBACK:
        if (body[2] === REFUSED_FILTER) this.#socket.destroy(new Error("subscription refused"));
        else this.#settle(body.readUInt16BE(0));
        break;
      case PUBLISH:
        this.#deliver(head, body);
        break;
      default:
        break;
    }
  }

  #settle(id: number): void {
    const waiting = this.#acknowledgements.get(id);
    if (waiting === undefined) this.#options.onAcknowledged?.(id);
    else {
      this.#acknowledgements.delete(id);
      waiting();
    }
  }

  #deliver(head: number, body: Buffer): void {
    const topicEnd = 2 + body.readUInt16BE(0);
    const topic = body.toString("utf8", 2, topicEnd);
    const qos = (head >> 1) & 3;
    const payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
    this.#options.onMessage?.(topic, body.toString("utf8", payloadStart));
    if (qos === 1) this.#socket.write(packet(PUBACK, body.subarray(topicEnd, payloadStart)));
  }
}

function connectPacket({ clientId, username, password }: MqttClientOptions): Buffer {
  // 3.1.1 §3.1.2: level 4; user name, password and clean session; keep-alive 0.
  const head = Buffer.concat([text("MQTT"), Buffer.from([4, 0b1100_0010, 0, 0])]);
  return packet(CONNECT, Buffer.concat([head, text(clientId), text(username), text(password)]));
}

function packet(head: number, body: Buffer): Buffer {
  const header = [head];
  let rest = body.length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

/** Length of the first packet with its header, or undefined while it is not whole. */
function packetLength(buffer: Buffer): number | undefined {
  let value = 0;
  for (let index = 1; index < buffer.length; index++) {
    const digit = buffer[index] ?? 0;
    value += (digit & 0x7f) * 128 ** (index - 1);
    if (digit < 0x80) {
      const length = index + 1 + value;
      return buffer.length >= length ? length : undefined;
    }
  }
  return undefined;
}

/** Length of the fixed header of a packet that is whole. */
function headerLength(bytes: Buffer): number {
  let index = 1;
  while ((bytes[index] ?? 0) >= 0x80) index++;
  return index + 1;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
