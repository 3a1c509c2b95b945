import type { TLSSocket } from "node:tls";
import mqttPacket, {
  type IConnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type Packet,
} from "mqtt-packet";
import type { Broker, Link, Message } from "./broker.ts";
import type { DeviceCertificate } from "./certificates.ts";
import type { CloudClock } from "./cloud-clock.ts";
import type { Faults } from "./faults.ts";
import type { IncidentCode, Report } from "./incident.ts";
import type { AwsIotLimits } from "./limits.ts";
import { Line } from "./line.ts";
import type { PolicyAction, PolicyContext } from "./policy.ts";
import { EventRate } from "./rate.ts";
import type { Outgoing, Session } from "./session.ts";
import { isFilter, isTopic, matches } from "./topic-filter.ts";

/** What a connection needs of the cloud. */
export interface ConnectionParts {
  readonly limits: AwsIotLimits;
  readonly clock: CloudClock;
  readonly faults: Faults;
  readonly broker: Broker;
  readonly report: Report;
  /** Who a client id is, for the policies. */
  context(certificate: DeviceCertificate, clientId: string): PolicyContext;
  /** What the policies of the certificate say now. */
  allows(certificate: DeviceCertificate, action: PolicyAction, name: string, context: PolicyContext): boolean;
  /** Whether this client id may connect once more in this second. */
  mayConnect(clientId: string): boolean;
  /** A message that was taken. @returns false when its topic is reserved for something that there is not. */
  take(message: Message, from: DeviceConnection): boolean;
}

/** Topic, packet identifier and headers of the largest packet that is still looked at. */
const PACKET_OVERHEAD_BYTES = 64 * 1_024;

/** MQTT 3.1.1 §3.2.2.3. */
const CONNACK = { accepted: 0, protocolVersion: 1, clientId: 2, unavailable: 3 } as const;
/** MQTT 3.1.1 §3.9.3. */
const SUBACK_FAILURE = 0x80;
/** What costs a message, and not the connection. */
const THROWN_AWAY: ReadonlySet<IncidentCode> = new Set(["publish-throttled", "unacknowledged-limit"]);

/** One MQTT 3.1.1 connection of a device, with everything that AWS IoT Core allows and does not allow on it. */
export class DeviceConnection implements Link {
  readonly certificate: DeviceCertificate;
  readonly #parts: ConnectionParts;
  readonly #line: Line;
  readonly #parser = mqttPacket.parser({ protocolVersion: 4 });
  readonly #publishes: EventRate;
  readonly #deliveries: EventRate;
  readonly #delayed = new Set<Disposable>();
  #session: Session | undefined;
  #context: PolicyContext = { clientId: "" };
  #will: IConnectPacket["will"];
  #keepalive: Disposable | undefined;
  #keepaliveMs = 0;
  #unacknowledged = 0;
  #graceful = false;
  #ended = false;

  constructor(socket: TLSSocket, certificate: DeviceCertificate, parts: ConnectionParts) {
    this.#line = new Line(socket, parts.clock, parts.limits.bytesPerS);
    this.certificate = certificate;
    this.#parts = parts;
    this.#publishes = new EventRate(parts.limits.publishesPerS);
    this.#deliveries = new EventRate(parts.limits.publishesPerS);
  }

  /** Empty before its CONNECT. */
  get clientId(): string {
    return this.#context.clientId;
  }

  /** @param onEnd called once, when the socket is closed. */
  start(onEnd: () => void): void {
    this.#parser.on("packet", (packet) => {
      if (!this.#ended) this.#on(packet);
    });
    this.#parser.on("error", () => this.#end("protocol"));
    this.#line.start({
      onBytes: (bytes) => this.#parse(bytes),
      onDelayed: () => this.#parts.report("inbound-delayed", { clientId: this.clientId }),
      onClosed: () => {
        this.#leave();
        onEnd();
      },
    });
  }

  send(message: Outgoing, packet?: { readonly id: number; readonly again: boolean }): boolean {
    if (this.#ended || !this.#deliveries.take(this.#parts.clock.monotonic())) return false;
    const { topic, payload, qos, retain } = message;
    const numbered = packet === undefined ? {} : { messageId: packet.id };
    this.#write({ cmd: "publish", topic, payload, qos, retain, dup: packet?.again === true, ...numbered });
    return true;
  }

  /**
   * Writes a message to this device alone.
   * @param wanted what a service does when the device has not subscribed: send it all the same, or not.
   */
  reply(topic: string, payload: Buffer, wanted: "always" | "subscribed"): void {
    if (this.#ended) return;
    const filters = [...(this.#session?.subscriptions.keys() ?? [])];
    if (wanted === "subscribed" && !filters.some((filter) => matches(filter, topic))) return;
    if (this.mayReceive(topic)) this.send({ topic, payload, qos: 0, retain: false });
    else this.#report("receive-not-authorized", topic);
  }

  mayReceive(topic: string): boolean {
    return this.#allows("Receive", topic);
  }

  takeOver(): void {
    this.#end(undefined);
  }

  /** Ends the connection for a reason of the cloud. */
  refuse(code: IncidentCode, topic?: string): void {
    this.#end(code, topic);
  }

  /** From now on nothing is read and nothing is written, and the socket stays: what a dead radio link looks like. */
  goSilent(): void {
    this.#line.goSilent();
  }

  /** The cloud loses the connection and the device is not told: what it sends is read, and never answered. */
  forget(): void {
    this.#leave();
  }

  #parse(bytes: Buffer): void {
    if (this.#ended) return;
    const waiting = this.#parser.parse(bytes);
    // Whoever sends more than a packet may have is not waited for.
    if (waiting > this.#parts.limits.payloadBytes + PACKET_OVERHEAD_BYTES) this.#end("payload-too-large");
  }

  #on(packet: Packet): void {
    this.#touch();
    if (this.#session === undefined) {
      if (packet.cmd === "connect") this.#connect(packet);
      else this.#end("protocol");
      return;
    }
    switch (packet.cmd) {
      case "publish":
        this.#publish(packet);
        return;
      case "puback":
        this.#session.acknowledge(packet.messageId ?? 0);
        return;
      case "subscribe":
        this.#subscribe(packet, this.#session);
        return;
      case "unsubscribe":
        for (const filter of packet.unsubscriptions) this.#session.subscriptions.delete(filter);
        this.#write({ cmd: "unsuback", messageId: packet.messageId ?? 0, granted: [] });
        return;
      case "pingreq":
        this.#write({ cmd: "pingresp" });
        return;
      case "disconnect":
        this.#graceful = true;
        this.#end(undefined);
        return;
      default:
        this.#end("protocol");
    }
  }

  #connect(packet: IConnectPacket): void {
    const { limits, faults, broker } = this.#parts;
    const { clientId } = packet;
    this.#context = this.#parts.context(this.certificate, clientId);
    if (packet.protocolVersion !== 4) {
      this.#connack(CONNACK.protocolVersion, packet.protocolVersion === 5);
      this.#end("protocol-version");
      return;
    }
    if (clientId === "" || Buffer.byteLength(clientId) > limits.clientIdBytes) {
      this.#connack(CONNACK.clientId);
      this.#end("client-id");
      return;
    }
    if (faults.connects === "silent") {
      this.#parts.report("connect-refused", { clientId });
      this.goSilent();
      return;
    }
    if (faults.connects === "unavailable") {
      this.#connack(CONNACK.unavailable);
      this.#end("connect-refused");
      return;
    }
    if (!this.#parts.mayConnect(clientId)) {
      this.#end("connect-throttled");
      return;
    }
    const clean = packet.clean !== false;
    const { will } = packet;
    const connectAttributes = [
      ...(clean ? [] : (["PersistentConnect"] as const)),
      ...(will === undefined ? [] : (["LastWill"] as const)),
    ];
    // Over MQTT 3.1.1 AWS does not say so, it hangs up.
    const context = { ...this.#context, connectAttributes };
    if (!this.#parts.allows(this.certificate, "Connect", clientId, context)) {
      this.#end("connect-not-authorized");
      return;
    }
    if (will !== undefined && (will.qos === 2 || !isTopic(will.topic, limits))) {
      this.#end(will.qos === 2 ? "qos-2" : "topic", will.topic);
      return;
    }
    this.#will = will;
    const { session, present } = broker.attach(this, clean);
    this.#session = session;
    this.#keepaliveMs = keepaliveMs(packet.keepalive ?? 0, limits);
    this.#touch();
    this.#write({ cmd: "connack", returnCode: CONNACK.accepted, sessionPresent: present });
    broker.ready(this);
  }

  #publish(packet: IPublishPacket): void {
    const { topic, qos, retain, messageId = 0 } = packet;
    const payload = bytesOf(packet.payload);
    const fault = this.#publishFault(packet, payload);
    if (fault !== undefined) {
      if (THROWN_AWAY.has(fault)) this.#report(fault, topic);
      else this.#end(fault, topic);
      return;
    }
    if (!this.#parts.take({ topic, payload, qos: qos === 1 ? 1 : 0, retain }, this)) {
      this.#end("reserved-topic", topic);
      return;
    }
    if (qos === 1) this.#acknowledge(messageId);
  }

  #publishFault({ topic, qos, retain }: IPublishPacket, payload: Buffer): IncidentCode | undefined {
    const { limits, clock } = this.#parts;
    if (qos === 2) return "qos-2";
    if (!isTopic(topic, limits)) return "topic";
    if (payload.length > limits.payloadBytes) return "payload-too-large";
    if (!this.#publishes.take(clock.monotonic())) return "publish-throttled";
    if (qos === 1 && this.#unacknowledged >= limits.unacknowledged) return "unacknowledged-limit";
    if (!this.#allows("Publish", topic)) return "publish-not-authorized";
    // "You can't publish to a reserved topic with the RETAIN flag set."
    if (retain && topic.startsWith("$")) return "reserved-topic";
    return retain && !this.#allows("RetainPublish", topic) ? "retain-not-authorized" : undefined;
  }

  #acknowledge(messageId: number): void {
    const { faults } = this.#parts;
    if (faults.losesPuback()) return;
    if (faults.pubackDelayMs === 0) {
      this.#write({ cmd: "puback", messageId });
      return;
    }
    this.#unacknowledged++;
    this.#later(faults.pubackDelayMs, () => {
      this.#unacknowledged--;
      this.#write({ cmd: "puback", messageId });
    });
  }

  #subscribe(packet: ISubscribePacket, session: Session): void {
    const { limits } = this.#parts;
    const { subscriptions, messageId = 0 } = packet;
    // "When QoS level 2 is requested, the message broker doesn't send a PUBACK or SUBACK."
    const fault =
      subscriptions.length > limits.filtersPerSubscribe
        ? "too-many-filters"
        : subscriptions.some(({ qos }) => qos === 2)
          ? "qos-2"
          : undefined;
    if (fault !== undefined) {
      this.#end(fault, subscriptions[0]?.topic);
      return;
    }
    const faults = subscriptions.map(({ topic, qos }) =>
      this.#subscribeOne(topic, qos === 1 ? 1 : 0, session),
    );
    const granted = subscriptions.map(({ qos }, at) => (faults[at] === undefined ? qos : SUBACK_FAILURE));
    this.#write({ cmd: "suback", messageId, granted });
    const refused = faults.findIndex((code) => code !== undefined);
    if (refused >= 0) {
      this.#end(faults[refused], subscriptions[refused]?.topic);
      return;
    }
    for (const { topic, qos } of subscriptions)
      this.#parts.broker.giveRetained(this, topic, qos === 1 ? 1 : 0);
  }

  #subscribeOne(filter: string, qos: 0 | 1, session: Session): IncidentCode | undefined {
    const { limits } = this.#parts;
    const { subscriptions } = session;
    if (!isFilter(filter, limits)) return "topic";
    if (!this.#allows("Subscribe", filter)) return "subscribe-not-authorized";
    if (!subscriptions.has(filter) && subscriptions.size >= limits.subscriptions)
      return "too-many-subscriptions";
    subscriptions.set(filter, qos);
    return undefined;
  }

  #allows(action: PolicyAction, name: string): boolean {
    return this.#parts.allows(this.certificate, action, name, this.#context);
  }

  #touch(): void {
    if (this.#keepaliveMs === 0) return;
    this.#keepalive?.[Symbol.dispose]();
    this.#keepalive = this.#parts.clock.after(this.#keepaliveMs, () => this.#end("keepalive"));
  }

  #connack(returnCode: number, five = false): void {
    // MQTT 5.0 §3.2.2.2: 0x84, unsupported protocol version.
    const answer = five ? { reasonCode: 0x84 } : { returnCode };
    const packet: Packet = { cmd: "connack", sessionPresent: false, ...answer };
    this.#line.write(mqttPacket.generate(packet, { protocolVersion: five ? 5 : 4 }));
  }

  #write(packet: Packet): void {
    this.#line.write(mqttPacket.generate(packet, { protocolVersion: 4 }));
  }

  #later(delayMs: number, call: () => void): void {
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#delayed.delete(timer);
      if (!this.#ended) call();
    });
    this.#delayed.add(timer);
  }

  #report(code: IncidentCode, topic: string): void {
    this.#parts.report(code, { clientId: this.clientId, topic });
  }

  #end(code: IncidentCode | undefined, topic?: string): void {
    if (this.#ended) return;
    if (code !== undefined) {
      this.#parts.report(code, { clientId: this.clientId, ...(topic === undefined ? {} : { topic }) });
    }
    this.#leave();
    this.#line.close();
  }

  /** The broker is told, once; the will is sent unless the device said goodbye (MQTT 3.1.1 §3.14.4). */
  #leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive?.[Symbol.dispose]();
    for (const timer of this.#delayed) timer[Symbol.dispose]();
    if (this.#session === undefined) return;
    this.#parts.broker.detach(this);
    const will = this.#will;
    if (will === undefined || this.#graceful || !this.#allows("Publish", will.topic)) return;
    const retain = will.retain === true && this.#allows("RetainPublish", will.topic);
    const qos = will.qos === 1 ? 1 : 0;
    this.#parts.take({ topic: will.topic, payload: bytesOf(will.payload), qos, retain }, this);
  }
}

/** "Keep-alive interval": 30 to 1,200 s; the connection ends after one and a half times as long without a packet. */
function keepaliveMs(
  seconds: number,
  { shortestKeepaliveS, longestKeepaliveS }: Pick<AwsIotLimits, "shortestKeepaliveS" | "longestKeepaliveS">,
): number {
  const asked = seconds === 0 ? longestKeepaliveS : seconds;
  return Math.min(longestKeepaliveS, Math.max(shortestKeepaliveS, asked)) * 1_500;
}

function bytesOf(payload: string | Buffer): Buffer {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
