import type { Clock, Store, Unit } from "@tram/core";
import type { Ms } from "@tram/protocol";
import {
  Holding,
  type KeepResult,
  parseTopicName,
  type Retained,
  RetainedTree,
  type TopicFilter,
  type TopicName,
} from "../topics/index.ts";
import { KeptMessage } from "./kept-message.ts";
import type { BrokerLimits } from "./limits.ts";
import type { Message } from "./message.ts";
import { type MessageRecord, restoreMessage, saveMessage } from "./message-record.ts";
import type { Remarks } from "./remarks.ts";

const TABLE = "retained";
/** Expired messages removed at a time, so that the event loop goes on. */
const REMOVED_AT_ONCE = 200;

/** No account holds more than one part in so many: whoever fills its share leaves room for the others. */
const SHARES = 4;

/** The retained messages, in memory and in the store. Each account has a share of them, and the gateway a place of its own. */
export class RetainedMessages {
  readonly #tree: RetainedTree<KeptMessage>;
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  readonly #remarks: Remarks;
  readonly #ofGateway: Holding;
  /** What all accounts hold, and what an older gateway kept without saying whose it is. */
  readonly #ofClients: Holding;
  readonly #shares = new Map<string, Holding>();
  #dropped = 0;
  /** Topics that the store has and memory did not take. */
  readonly #strays = new Set<TopicName>();

  constructor(limits: BrokerLimits, clock: Clock, remarks: Remarks) {
    this.#limits = limits;
    this.#clock = clock;
    this.#remarks = remarks;
    this.#tree = new RetainedTree(limits.retained);
    this.#ofGateway = new Holding(limits.retained);
    this.#ofClients = new Holding(limits.retained);
  }

  get size(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#tree.bytes;
  }

  /** Messages that were not retained, for there was no room. */
  get dropped(): number {
    return this.#dropped;
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

  /**
   * An account may have a message retained. What is no longer than what it replaces always has room.
   * @param size bytes of the message (see `Message.bytes`), and of its payload alone.
   */
  hasRoomFor(topic: TopicName, account: string, size: { bytes: number; payload: number }): boolean {
    if (size.payload > this.#limits.retainedPayloadBytes) return false;
    return this.#tree.fits(topic, { bytes: size.bytes, holding: this.#shareOf(account) });
  }

  /**
   * Keeps a message instead of the earlier one of its topic, or forgets the topic when the payload is empty:
   * [MQTT-3.3.1-5], -6 and -7. Where there is no room the topic is forgotten too, and that is told: the earlier one would
   * pass for what holds now.
   * @param unit keeps it in the store; a volatile one is kept in memory alone, and nothing older stays in the store.
   * @param options.account who says it; without one it is the gateway.
   */
  keep(
    message: Message,
    unit: Unit,
    { account, volatile = false }: { readonly account?: string; readonly volatile?: boolean } = {},
  ): void {
    const { payload, topic } = message;
    if (payload.length === 0) {
      this.#remove(topic, unit);
      return;
    }
    const wasStored = volatile && this.#isStored(topic);
    if (!this.#takeOf(account, message, !volatile)) {
      this.#remove(topic, unit);
      this.#dropped++;
      this.remark(topic, account);
    } else if (volatile) this.#forget(topic, wasStored, unit);
    else {
      this.#strays.delete(topic);
      const record = saveMessage(message, this.#clock);
      if (account !== undefined) record.by = account;
      unit.put(TABLE, topic, record);
    }
  }

  /** Tells that there was no room, now and then. */
  remark(topic: TopicName, account: string | undefined): void {
    this.#remarks.warn(
      `retained ${account ?? ""}`,
      { username: account, topic: topic.slice(0, 200), topics: this.size },
      "no room for a retained message",
    );
  }

  /** What matches a filter; undefined now and then, where others may have their turn. */
  match(filter: TopicFilter): Generator<Message | undefined, void> {
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
    const message = restoreMessage(topic, record, this.#clock);
    // Who made which nodes is not kept: what does not fit the share by a few bytes is nobody's.
    const isTaken =
      (record.by !== undefined && this.#take(message, true, this.#shareOf(record.by))) ||
      this.#take(message, true, this.#ofClients);
    if (!isTaken) this.#strays.add(topic);
    return isTaken;
  }

  #isStored(topic: TopicName): boolean {
    return this.#tree.peek(topic)?.value.isStored ?? this.#strays.has(topic);
  }

  #remove(topic: TopicName, unit: Unit): void {
    const wasStored = this.#isStored(topic);
    this.#tree.remove(topic);
    this.#forget(topic, wasStored, unit);
  }

  #forget(topic: TopicName, wasStored: boolean, unit: Unit): void {
    this.#strays.delete(topic);
    if (wasStored) unit.delete(TABLE, topic);
  }

  #takeOf(account: string | undefined, message: Message, isStored: boolean): boolean {
    if (account === undefined) return this.#take(message, isStored, this.#ofGateway);
    if (message.payload.length > this.#limits.retainedPayloadBytes) return false;
    return this.#take(message, isStored, this.#shareOf(account));
  }

  #take(message: Message, isStored: boolean, holding: Holding): boolean {
    const { bytes, expiresAt, topic } = message;
    const kept = new KeptMessage(message, isStored);
    const result: KeepResult = this.#tree.keep(topic, kept, { bytes, expiresAt, holding });
    return result === "kept" || result === "replaced";
  }

  #shareOf(account: string): Holding {
    let share = this.#shares.get(account);
    if (share === undefined) {
      const { bytes, messages } = this.#limits.retained;
      const limits = { messages: Math.ceil(messages / SHARES), bytes: Math.ceil(bytes / SHARES) };
      share = new Holding(limits, this.#ofClients);
      this.#shares.set(account, share);
    }
    return share;
  }
}

function* messagesOf(
  retained: Iterable<Retained<KeptMessage> | undefined>,
): Generator<Message | undefined, void> {
  for (const found of retained) yield found?.value.message(found.topic, found.expiresAt);
}
