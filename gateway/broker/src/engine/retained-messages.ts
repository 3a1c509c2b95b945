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
  /** Topics that the store has: those of the gateway itself are not kept. */
  readonly #kept = new Set<TopicName>();

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
      this.#tree.remove(topic);
      this.#forget(topic, unit);
      return;
    }
    const result = this.#take(message);
    if (result !== "kept" && result !== "replaced") return;
    if (options.volatile === true) {
      this.#forget(topic, unit);
      return;
    }
    this.#kept.add(topic);
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
    for (const topic of this.#tree.expire(now, REMOVED_AT_ONCE)) this.#forget(topic, unit);
  }

  #restore(topic: TopicName, record: MessageRecord): boolean {
    this.#kept.add(topic);
    return this.#take(restoreMessage(topic, record, this.#clock)) === "kept";
  }

  #take(message: Message): KeepResult {
    const { bytes, expiresAt, topic } = message;
    const expiry = expiresAt === undefined ? {} : { expiresAt };
    return this.#tree.keep(topic, new KeptMessage(message), { bytes, ...expiry });
  }

  #forget(topic: TopicName, unit: Unit): void {
    if (this.#kept.delete(topic)) unit.delete(TABLE, topic);
  }
}

function* messagesOf(retained: Iterable<Retained<KeptMessage>>): Generator<Message, void> {
  for (const { expiresAt, topic, value } of retained) yield value.message(topic, expiresAt);
}
