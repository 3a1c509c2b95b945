import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import mqttPacket, { type Packet } from "mqtt-packet";
import type { AwsIot, Enrollment } from "../aws-iot.ts";

/** Packets over TLS, one by one: for what no client library does. */
export class RawDevice implements AsyncDisposable {
  /** What came, in order. */
  readonly packets: Packet[] = [];
  readonly #socket: TLSSocket;
  readonly #ended: Promise<unknown>;

  static async open(aws: AwsIot, { certificate, key }: Enrollment): Promise<RawDevice> {
    const socket = connect({
      host: "127.0.0.1",
      port: aws.port,
      servername: aws.host,
      ca: aws.rootCa,
      cert: certificate,
      key,
    });
    await once(socket, "secureConnect");
    return new RawDevice(socket);
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    parser.on("packet", (packet) => this.packets.push(packet));
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("error", () => undefined);
    this.#ended = once(socket, "close");
  }

  /** Resolves when the cloud has closed the connection. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  send(packet: Packet | Buffer): void {
    this.#socket.write(
      Buffer.isBuffer(packet) ? packet : mqttPacket.generate(packet, { protocolVersion: 4 }),
    );
  }

  hello(clientId: string): void {
    this.send({
      cmd: "connect",
      clientId,
      clean: true,
      keepalive: 600,
      protocolVersion: 4,
      protocolId: "MQTT",
    });
  }

  count(cmd: Packet["cmd"]): number {
    return this.packets.filter((packet) => packet.cmd === cmd).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}
