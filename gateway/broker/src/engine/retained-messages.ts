import type { Clock, Store, Unit } from "@tram/core";
import type { Ms } from "@tram/protocol";
import {
  type KeepResult,
  NODE_BYTES,
  parseTopicName,
  type Retained,
  RetainedTree,
  type TopicFilter,
  type TopicName,
} from "../topics/index.ts";
import { KeptMessage } from "./kept-message.ts";
import type { BrokerLimits } from "./limits.ts";
import { type Message, messageBytes } from "./message.ts";
import { type MessageRecord, restoreMessage, saveMessage } from "./message-record.ts";

const TABLE = "retained";
/** Expired messages removed at a time, so that the event loop goes on. */
const REMOVED_AT_ONCE = 200;

/** The retained messages, in memory and in the store. */
export class RetainedMessages {
  readonly #tree: RetainedTree<KeptMessage>;
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  /** Topics that the store has and memory did not take. */
  readonly #strays = new Set<TopicName>();

  constructor(limits: BrokerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tree = new RetainedTree(limits.retained);
  }

  get size(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#tree.bytes;
  }

  /** Loads what an earlier process kept. @returns topics that could not be taken. */
  async restore(store: Store): Promise<readonly string[]> {
    const refused: string[] = [];
    for (const [text, value] of await store.entries(TABLE)) {
      const parsed = parseTopicName(text);
      const taken = parsed.ok && this.#restore(parsed.topic, value as unknown as MessageRecord);
      if (!taken) refused.push(text);
    }
    return refused;
  }

  /** There is room for a message; conservative, for what it replaces is not taken off. */
  hasRoomFor(topic: TopicName, payloadBytes: number): boolean {
    const { retained, retainedPayloadBytes } = this.#limits;
    if (payloadBytes > retainedPayloadBytes) return false;
    const known = this.#tree.get(topic, this.#clock.monotonic()) !== undefined;
    if (!known && this.#tree.size >= retained.messages) return false;
    const nodes = known ? 0 : topic.split("/").length * NODE_BYTES;
    return this.#tree.bytes + messageBytes(topic, payloadBytes) + nodes <= retained.bytes;
  }

  /**
   * Keeps a message instead of the earlier one of its topic, or forgets the topic when the payload is empty:
   * [MQTT-3.3.1-5], -6 and -7.
   * @param unit keeps it in the store; without one it is kept in memory alone, and nothing older stays in the store.
   */
  keep(message: Message, unit: Unit, options: { readonly volatile?: boolean } = {}): void {
    const { topic } = message;
    if (message.payload.length === 0) {
      const wasStored = this.#isStored(topic);
      this.#tree.remove(topic);
      this.#forget(topic, wasStored, unit);
      return;
    }
    const isVolatile = options.volatile === true;
    const wasStored = isVolatile && this.#isStored(topic);
    const result = this.#take(message, !isVolatile);
    if (result !== "kept" && result !== "replaced") return;
    if (isVolatile) {
      this.#forget(topic, wasStored, unit);
      return;
    }
    this.#strays.delete(topic);
    unit.put(TABLE, topic, saveMessage(message, this.#clock));
  }

  match(filter: TopicFilter): Generator<Message, void> {
    return messagesOf(this.#tree.match(filter, this.#clock.monotonic()));
  }

  /** @returns whether `expire` would find something. */
  hasExpired(now: Ms): boolean {
    const { nextExpiry } = this.#tree;
    return nextExpiry !== undefined && nextExpiry <= now;
  }

  /** Removes some of what has expired. */
  expire(now: Ms, unit: Unit): void {
    for (const { topic, value } of this.#tree.expire(now, REMOVED_AT_ONCE)) {
      this.#forget(topic, value.isStored, unit);
    }
  }

  #restore(topic: TopicName, record: MessageRecord): boolean {
    const isTaken = this.#take(restoreMessage(topic, record, this.#clock), true) === "kept";
    if (!isTaken) this.#strays.add(topic);
    return isTaken;
  }

  #isStored(topic: TopicName): boolean {
    return this.#tree.peek(topic)?.value.isStored ?? this.#strays.has(topic);
  }

  #forget(topic: TopicName, wasStored: boolean, unit: Unit): void {
    this.#strays.delete(topic);
    if (wasStored) unit.delete(TABLE, topic);
  }

  #take(message: Message, isStored: boolean): KeepResult {
    const { bytes, expiresAt, topic } = message;
    const expiry = expiresAt === undefined ? {} : { expiresAt };
    return this.#tree.keep(topic, new KeptMessage(message, isStored), { bytes, ...expiry });
  }
}

function* messagesOf(retained: Iterable<Retained<KeptMessage>>): Generator<Message, void> {
  for (const { expiresAt, topic, value } of retained) yield value.message(topic, expiresAt);
}
