import type { TLSSocket } from "node:tls";
import mqttPacket, {
  type IConnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type Packet,
} from "mqtt-packet";
import type { CloudClock } from "../aws-iot/cloud-clock.ts";
import type { Faults } from "../aws-iot/faults.ts";
import { Line } from "../aws-iot/line.ts";
import { EventRate } from "../aws-iot/rate.ts";
import type { IncidentCode, Report } from "./incident.ts";
import type { BluemixLimits } from "./limits.ts";
import type { Session } from "./session.ts";
import type { Device } from "./topic-rules.ts";

/** What a gateway publishes, before anybody has looked at its topic. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
}

/** What a connection needs of the platform. */
export interface ConnectionParts {
  readonly limits: BluemixLimits;
  readonly clock: CloudClock;
  readonly faults: Faults;
  readonly report: Report;
  /** @returns who it is, or why it is not let in. */
  admit(packet: IConnectPacket): { readonly device: Device } | { readonly refused: IncidentCode };
  /** The gateway is here: whoever was connected with its client id is not any more. */
  attach(
    connection: GatewayConnection,
    clean: boolean,
  ): { readonly session: Session; readonly present: boolean };
  detach(connection: GatewayConnection): void;
  /** Takes a message, or throws it away and notifies; it is acknowledged in both cases. */
  take(message: Incoming, from: GatewayConnection): void;
  /** @returns whether a filter is allowed; otherwise the gateway is notified. */
  allows(filter: string, from: GatewayConnection): boolean;
}

/** Topic, packet identifier and headers of the largest packet that is still looked at. */
const PACKET_OVERHEAD_BYTES = 64 * 1_024;
/** MQTT 3.1.1 §3.9.3. */
const SUBACK_FAILURE = 0x80;
/** MQTT 3.1.1 §3.2.2.3. */
const CONNACK: Readonly<Partial<Record<IncidentCode, number>>> = {
  "protocol-version": 1,
  "client-id": 2,
  "connect-refused": 3,
  "user-name": 4,
  "unknown-org": 5,
  "unknown-gateway": 5,
  "wrong-token": 5,
};

/** One MQTT 3.1.1 connection of a gateway. */
export class GatewayConnection {
  /** Of the gateway; set by its CONNECT. */
  device: Device = { type: "", id: "" };
  clientId = "";
  /** Devices that it has spoken for: "the count is reset on gateway disconnect". */
  readonly active = new Set<string>();
  readonly #parts: ConnectionParts;
  readonly #line: Line;
  readonly #parser = mqttPacket.parser({ protocolVersion: 4 });
  readonly #rate: EventRate;
  readonly #inbox: Packet[] = [];
  readonly #timers = new Set<Disposable>();
  #session: Session | undefined;
  #keepalive: Disposable | undefined;
  #keepaliveMs = 0;
  #slow = false;
  #ended = false;

  constructor(socket: TLSSocket, parts: ConnectionParts) {
    this.#parts = parts;
    this.#line = new Line(socket, parts.clock, parts.limits.bytesPerS);
    this.#rate = new EventRate(parts.limits.messagesPerS);
  }

  /** @param onEnd called once, when the socket is closed. */
  start(onEnd: () => void): void {
    this.#parser.on("packet", (packet) => {
      this.#inbox.push(packet);
      this.#drain();
    });
    this.#parser.on("error", () => this.end("protocol"));
    this.#line.start({
      onBytes: (bytes) => this.#parse(bytes),
      // "The platform will slow down the processing of incoming messages": that is no fault.
      onDelayed: () => undefined,
      onClosed: () => {
        this.#leave();
        onEnd();
      },
    });
  }

  /** Ends the connection. @param code why, where it is the gateway's fault. */
  end(code?: IncidentCode, topic?: string): void {
    if (this.#ended) return;
    if (code !== undefined) {
      this.#parts.report(code, { clientId: this.clientId, ...(topic === undefined ? {} : { topic }) });
    }
    this.#leave();
    this.#line.close();
  }

  /** From now on nothing is read and nothing is written, and the socket stays. */
  goSilent(): void {
    this.#line.goSilent();
  }

  #parse(bytes: Buffer): void {
    if (this.#ended) return;
    const waiting = this.#parser.parse(bytes);
    if (waiting > this.#parts.limits.payloadBytes + PACKET_OVERHEAD_BYTES) this.end("payload-too-large");
  }

  /** "The platform will slow down the processing of incoming messages to keep within the maximum message rate." */
  #drain(): void {
    if (this.#slow) return;
    for (let packet = this.#inbox[0]; packet !== undefined && !this.#ended; packet = this.#inbox[0]) {
      if (packet.cmd === "publish" && !this.#rate.take(this.#parts.clock.monotonic())) {
        this.#slow = true;
        this.#later(10, () => {
          this.#slow = false;
          this.#drain();
        });
        return;
      }
      this.#inbox.shift();
      this.#on(packet);
    }
  }

  #on(packet: Packet): void {
    this.#touch();
    const session = this.#session;
    if (session === undefined) {
      if (packet.cmd === "connect") this.#connect(packet);
      else this.end("protocol");
      return;
    }
    switch (packet.cmd) {
      case "publish":
        this.#publish(packet);
        return;
      case "puback":
        session.acknowledge(packet.messageId ?? 0);
        return;
      case "subscribe":
        this.#subscribe(packet, session);
        return;
      case "unsubscribe":
        for (const filter of packet.unsubscriptions) session.subscriptions.delete(filter);
        this.#write({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: [] });
        return;
      case "pingreq":
        this.#write({ cmd: "pingresp" });
        return;
      case "disconnect":
        this.end();
        return;
      default:
        this.end("protocol");
    }
  }

  #connect(packet: IConnectPacket): void {
    const { faults, report } = this.#parts;
    this.clientId = packet.clientId;
    if (faults.connects === "silent") {
      report("connect-refused", { clientId: this.clientId });
      this.goSilent();
      return;
    }
    const admitted =
      faults.connects === "unavailable"
        ? ({ refused: "connect-refused" } as const)
        : this.#parts.admit(packet);
    if ("refused" in admitted) {
      const returnCode = CONNACK[admitted.refused];
      if (returnCode !== undefined) this.#write({ cmd: "connack", sessionPresent: false, returnCode });
      this.end(admitted.refused);
      return;
    }
    this.device = admitted.device;
    const { session, present } = this.#parts.attach(this, packet.clean !== false);
    this.#session = session;
    this.#keepaliveMs = (packet.keepalive ?? 0) * 1_500;
    this.#touch();
    this.#write({ cmd: "connack", returnCode: 0, sessionPresent: present });
    session.attach(({ topic, payload }, messageId) =>
      this.#write({ cmd: "publish", topic, payload, qos: 1, retain: false, dup: false, messageId }),
    );
  }

  #publish({ topic, payload: said, qos, retain, messageId = 0 }: IPublishPacket): void {
    const { faults, limits, report, take } = this.#parts;
    const payload = typeof said === "string" ? Buffer.from(said) : said;
    // "Managed gateways can publish messages that have a quality of service level of 0 or 1."
    if (qos === 2) {
      this.end("qos-2", topic);
      return;
    }
    if (payload.length > limits.payloadBytes) {
      this.end("payload-too-large", topic);
      return;
    }
    if (retain) report("retain-cleared", { clientId: this.clientId, topic });
    take({ topic, payload, qos: qos === 1 ? 1 : 0 }, this);
    if (qos !== 1 || faults.losesPuback()) return;
    if (faults.pubackDelayMs === 0) this.#write({ cmd: "puback", messageId });
    else this.#later(faults.pubackDelayMs, () => this.#write({ cmd: "puback", messageId }));
  }

  #subscribe({ subscriptions, messageId = 0 }: ISubscribePacket, session: Session): void {
    const granted = subscriptions.map(({ topic, qos }) => {
      if (!this.#parts.allows(topic, this)) return SUBACK_FAILURE;
      const given = qos === 0 ? 0 : 1;
      session.subscriptions.set(topic, given);
      return given;
    });
    this.#write({ cmd: "suback", messageId, granted });
  }

  #touch(): void {
    this.#keepalive?.[Symbol.dispose]();
    this.#keepalive =
      this.#keepaliveMs === 0
        ? undefined
        : this.#parts.clock.after(this.#keepaliveMs, () => this.end("keepalive"));
  }

  #write(packet: Packet): void {
    this.#line.write(mqttPacket.generate(packet, { protocolVersion: 4 }));
  }

  #later(delayMs: number, call: () => void): void {
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#ended) call();
    });
    this.#timers.add(timer);
  }

  #leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive?.[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    if (this.#session !== undefined) this.#parts.detach(this);
  }
}
