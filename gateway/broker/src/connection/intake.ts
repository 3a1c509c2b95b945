import { isUtf8 } from "node:buffer";
import type { MqttClient } from "@tram/core";
import type { PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason-code.ts";
import { Acceptance, type Outcome } from "../engine/acceptance.ts";
import { messageBytes, ofPublish } from "../engine/message.ts";
import type { Room } from "../engine/room.ts";
import { Fifo } from "../session/fifo.ts";
import type { Session } from "../session/session.ts";
import { isServersOwn, parseTopicName, type TopicName } from "../topics/index.ts";
import type { Connection } from "./connection.ts";
import type { InboundAliases } from "./topic-aliases.ts";

/** A message of the client that is not answered yet. */
interface Pending {
  readonly acceptance: Acceptance | undefined;
  readonly qos: 0 | 1 | 2;
  readonly packetId: number;
  outcome: Outcome | undefined;
  /** Why it is refused, where it was never asked about. */
  readonly refusal: number;
}

/**
 * Takes the messages that a client publishes. They are delivered and answered in the order in which they came, however
 * long each takes to be kept: [MQTT-4.6.0-2], -3, -6.
 */
export class Intake {
  readonly #room: Room;
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #client: MqttClient;
  readonly #aliases: InboundAliases;
  readonly #version: 4 | 5;
  readonly #pending = new Fifo<Pending>();
  /** Those of QoS 1 among them. */
  #unanswered = 0;
  #holding = false;

  constructor(parts: {
    room: Room;
    connection: Connection;
    session: Session;
    client: MqttClient;
    aliases: InboundAliases;
    version: 4 | 5;
  }) {
    this.#room = parts.room;
    this.#connection = parts.connection;
    this.#session = parts.session;
    this.#client = parts.client;
    this.#aliases = parts.aliases;
    this.#version = parts.version;
  }

  take(packet: PublishPacket): void {
    const { packetId, qos } = packet;
    this.#count();
    const topic = this.#topicOf(packet);
    if (topic === undefined) return;
    if (qos === 2 && !this.#session.inbound.receive(packetId)) {
      this.#answerAgain(packetId);
      return;
    }
    if (qos !== 0 && !this.#withinWindow(qos)) return;
    const refusal = this.#refusalOf(packet, topic);
    if (refusal !== 0) {
      this.#settle({ acceptance: undefined, qos, packetId, outcome: "refused", refusal });
      return;
    }
    const now = this.#room.clock.monotonic();
    const acceptance = new Acceptance(this.#room, ofPublish(packet, topic, this.#session, now));
    const pending: Pending = {
      acceptance,
      qos,
      packetId,
      outcome: undefined,
      refusal: ReasonCode.notAuthorized,
    };
    this.#ask(acceptance, pending);
  }

  #ask(acceptance: Acceptance, pending: Pending): void {
    const { packetId, qos } = pending;
    const session = this.#session;
    const durable = qos === 2 && session.durable;
    let early = true;
    acceptance.ask(
      this.#client,
      durable ? (unit) => this.#room.store.receive(session, packetId, unit) : undefined,
      (outcome) => {
        pending.outcome = outcome;
        if (!early) this.#drain();
      },
    );
    early = false;
    if (pending.outcome !== undefined) this.#settle(pending);
    else {
      if (qos === 2) session.receiving.set(packetId, this.#connection);
      this.#enqueue(pending);
    }
  }

  /** What is settled waits for those before it. */
  #settle(pending: Pending): void {
    if (this.#pending.length === 0) this.#finish(pending);
    else this.#enqueue(pending);
  }

  #enqueue(pending: Pending): void {
    this.#pending.push(pending);
    if (pending.qos === 1) this.#unanswered++;
    // 3.1.1 knows no Receive Maximum: what is too much is left in the socket.
    if (this.#holding || this.#pending.length < this.#room.limits.inFlight) return;
    this.#holding = true;
    this.#connection.hold();
  }

  #drain(): void {
    for (let first = this.#pending.first; first?.outcome !== undefined; first = this.#pending.first) {
      this.#pending.shift();
      if (first.qos === 1) this.#unanswered--;
      this.#finish(first);
    }
    if (!this.#holding || this.#pending.length >= this.#room.limits.inFlight) return;
    this.#holding = false;
    this.#connection.release();
  }

  #finish({ acceptance, outcome = "refused", packetId, qos, refusal }: Pending): void {
    const reached = acceptance?.deliver(outcome) ?? false;
    if (outcome === "refused") this.#refuse(packetId, qos, refusal);
    else if (outcome === "not-kept") this.#leaveUnanswered(packetId, qos);
    else if (qos === 1) this.#connection.acknowledge("puback", packetId, reached ? 0 : this.#nobody);
    else if (qos === 2) this.#answerReceived(packetId, reached ? 0 : this.#nobody);
  }

  /** 5.0 §3.4.2.1: a hint for clients; it may be left away. */
  get #nobody(): number {
    return ReasonCode.noMatchingSubscribers;
  }

  #answerReceived(packetId: number, reasonCode: number): void {
    // The client may have come back meanwhile, and have sent it again there.
    const connection = this.#session.receiving.get(packetId) ?? this.#connection;
    this.#session.receiving.delete(packetId);
    connection.acknowledge("pubrec", packetId, reasonCode);
  }

  /** A message of QoS 2 that was taken before. */
  #answerAgain(packetId: number): void {
    const { receiving } = this.#session;
    if (receiving.has(packetId)) receiving.set(packetId, this.#connection);
    else this.#connection.acknowledge("pubrec", packetId);
  }

  /** It cannot be kept: 5.0 can be told so (0x97), clients of 3.1.1 wait, and are asked again later. */
  #leaveUnanswered(packetId: number, qos: 0 | 1 | 2): void {
    if (qos === 0) return;
    if (this.#version === 5) this.#answerRefusal(packetId, qos, ReasonCode.quotaExceeded);
    else {
      if (qos === 2) this.#freeReceived(packetId);
      this.#room.unacknowledged.add(this.#connection);
    }
  }

  #refuse(packetId: number, qos: 0 | 1 | 2, reasonCode: number): void {
    // 3.1.1 [MQTT-3.3.5-2]: acknowledge or close; an acknowledgement would be a lie. And at QoS 0 there is no answer.
    if (this.#version === 4 || qos === 0) {
      if (qos === 2) this.#freeReceived(packetId);
      this.#connection.close("a message was refused", { reasonCode });
    } else this.#answerRefusal(packetId, qos, reasonCode);
  }

  #answerRefusal(packetId: number, qos: 1 | 2, reasonCode: number): void {
    if (qos === 2) this.#freeReceived(packetId);
    this.#connection.acknowledge(qos === 1 ? "puback" : "pubrec", packetId, reasonCode);
  }

  #freeReceived(packetId: number): void {
    this.#session.inbound.refuse(packetId);
    this.#session.receiving.delete(packetId);
  }

  /** @returns undefined when the connection was closed for it. */
  #topicOf({ properties, topic }: PublishPacket): TopicName | undefined {
    const alias = properties.topicAlias;
    if (alias !== undefined && !this.#aliases.allows(alias)) {
      return this.#close("topic alias out of range", ReasonCode.topicAliasInvalid);
    }
    if (topic === "") {
      const known = alias === undefined ? undefined : this.#aliases.get(alias);
      // [MQTT-3.3.2-8]; 5.0 §3.3.2.3.4.
      return known ?? this.#close("topic alias that stands for nothing", ReasonCode.protocolError);
    }
    const known = this.#room.router.known(topic);
    const parsed = known === undefined ? parseTopicName(topic, this.#room.limits.topic) : undefined;
    if (parsed?.ok === false) {
      return this.#close(`topic name: ${parsed.problem}`, ReasonCode.topicNameInvalid);
    }
    const name = known ?? (parsed as { readonly topic: TopicName }).topic;
    if (alias !== undefined) this.#aliases.set(alias, name);
    return name;
  }

  /** [MQTT-3.3.4-7] (of the client), §3.3.4: more than it was told is an error. */
  #withinWindow(qos: 1 | 2): boolean {
    const open = this.#unanswered + (qos === 1 ? 1 : 0) + this.#session.inbound.size;
    if (this.#version === 4 || open <= this.#room.limits.inFlight) return true;
    this.#close("more messages at a time than the Receive Maximum", ReasonCode.receiveMaximumExceeded);
    return false;
  }

  /** @returns 0 when the message may be asked about. */
  #refusalOf({ payload, properties, qos, retain }: PublishPacket, topic: TopicName): number {
    const { hooks, limits, remarks, retained } = this.#room;
    const { id, username } = this.#client;
    if (isServersOwn(topic) || !hooks.mayPublish(this.#client, topic)) {
      remarks.warn(
        `publish ${username} ${id}`,
        { client: id, username, topic: topic.slice(0, 200) },
        "a client may not publish there",
      );
      return ReasonCode.notAuthorized;
    }
    if ((properties.userProperties?.length ?? 0) > limits.userProperties) return ReasonCode.quotaExceeded;
    if (properties.payloadIsUtf8 === true && !isUtf8(payload)) return ReasonCode.payloadFormatInvalid;
    // Who cannot be told that there is no room for a retained message has it taken and not retained: see `keep`.
    if (!retain || payload.length === 0 || this.#version === 4 || qos === 0) return 0;
    const size = { bytes: messageBytes(topic, payload.length, properties), payload: payload.length };
    if (retained.hasRoomFor(topic, username, size)) return 0;
    retained.remark(topic, username);
    return ReasonCode.quotaExceeded;
  }

  #close(reason: string, reasonCode: number): undefined {
    const { id, username } = this.#client;
    this.#room.remarks.warn(
      `publish ${username} ${id}`,
      { client: id, username, reason },
      "a client broke the protocol",
    );
    this.#connection.close(reason, { reasonCode });
    return undefined;
  }

  #count(): void {
    this.#session.traffic.messagesIn++;
    this.#room.totals.messagesIn++;
  }
}
