import type { Clock, Store, Transactions, Unit } from "@tram/core";
import type { Json } from "@tram/protocol";
import type { Delivery, KeptDelivery } from "../session/delivery.ts";
import type { Granted } from "../session/one-copy.ts";
import type { Session, SessionSubscription } from "../session/session.ts";
import { parseSubscriptionFilter, parseTopicName } from "../topics/index.ts";
import { restoreDue, type SavedDue, saveDue } from "./due.ts";
import type { Message } from "./message.ts";
import { type MessageRecord, restoreMessage, saveMessage } from "./message-record.ts";
import type { Parcel } from "./router.ts";

const SESSIONS = "mqtt-sessions";
const SUBSCRIPTIONS = "mqtt-subscriptions";
const QUEUE = "mqtt-queue";
/** Inbound messages of QoS 2 whose exchange has not ended. */
const RECEIVED = "mqtt-received";

interface SessionRecord {
  readonly client: string;
  readonly username: string;
  /** Seconds that it outlives its connection. */
  readonly expiry: number;
  readonly will?: { readonly topic: string; readonly message: MessageRecord; readonly delayMs: number };
  /** Set while the client is away. */
  readonly away?: {
    readonly ends: SavedDue;
    readonly willDue?: SavedDue;
    /** Identifiers of what was sent and not answered. */
    readonly sent: readonly number[];
  };
}

interface QueueRecord {
  readonly id: number;
  readonly qos: 1 | 2;
  readonly retain?: true;
  readonly identifiers?: readonly number[];
  /** Undefined once the message was released: only its identifier is of use then. */
  readonly message?: MessageRecord;
  readonly topic?: string;
}

/** A session as an earlier process left it. */
export interface LeftSession {
  readonly number: number;
  readonly clientId: string;
  readonly username: string;
  readonly expirySeconds: number;
  readonly subscriptions: readonly SessionSubscription[];
  readonly queue: readonly KeptDelivery<Parcel>[];
  readonly received: readonly number[];
  readonly sent: ReadonlySet<number> | "unknown";
  readonly will: { readonly message: Message; readonly delayMs: number } | undefined;
  /** By the monotonic clock; undefined when the process ended while the client was here. */
  readonly endsAt: number | undefined;
  readonly willDue: number | undefined;
}

/** Keeps sessions in the store. What goes with a message is written in its unit, the rest in one unit for each turn. */
export class SessionStore {
  readonly #transactions: Pick<Transactions, "transact">;
  readonly #clock: Clock;
  #writes: ((unit: Unit) => void)[] = [];
  /** The unit that is being filled. */
  #filling: Promise<boolean> | undefined;
  /** The latest one; they are kept in their order. */
  #latest: Promise<boolean> = Promise.resolve(true);

  constructor(transactions: Pick<Transactions, "transact">, clock: Clock) {
    this.#transactions = transactions;
    this.#clock = clock;
  }

  /** Writes the session itself, as it is in this moment. */
  save(session: Session, { power = false } = {}): void {
    const record = this.#recordOf(session);
    this.#write((unit) => {
      unit.put(SESSIONS, String(session.number), record);
      if (power) unit.require("power");
    });
  }

  /** Removes everything of a session. */
  forget(session: Session): void {
    const { inbound, number, outbound, subscriptions } = session;
    const filters = [...subscriptions.keys()];
    const ids = [...inbound.open];
    const deliveries = [...outbound.deliveries];
    this.#write((unit) => {
      unit.delete(SESSIONS, String(number));
      for (const text of filters) unit.delete(SUBSCRIPTIONS, `${number}/${text}`);
      for (const id of ids) unit.delete(RECEIVED, `${number}/${id}`);
      for (const { seq } of deliveries) unit.delete(QUEUE, `${number}/${seq}`);
    });
  }

  subscribe({ number }: Session, text: string, granted: Granted): void {
    this.#write((unit) => {
      unit.put(SUBSCRIPTIONS, `${number}/${text}`, granted as unknown as Json);
      unit.require("power");
    });
  }

  unsubscribe({ number }: Session, text: string): void {
    this.#write((unit) => {
      unit.delete(SUBSCRIPTIONS, `${number}/${text}`);
      unit.require("power");
    });
  }

  /** Adds the place of a message in a session's queue to the unit of the message. */
  queue({ number }: { readonly number: number }, delivery: Delivery<Parcel>, unit: Unit): void {
    if (delivery.state === "ended") return;
    unit.put(QUEUE, `${number}/${delivery.seq}`, this.#queueRecord(delivery));
  }

  /** Keeps the place of a message that is kept elsewhere. */
  keep(session: Session, delivery: Delivery<Parcel>): Promise<boolean> {
    this.#write((unit) => this.queue(session, delivery, unit));
    return this.kept();
  }

  /** A delivery that was released or has ended. */
  update(session: Session, delivery: Delivery<Parcel>): void {
    const { seq, state } = delivery;
    const key = `${session.number}/${seq}`;
    if (state === "ended") this.#write((unit) => unit.delete(QUEUE, key));
    else {
      const record = this.#queueRecord(delivery);
      this.#write((unit) => unit.put(QUEUE, key, record));
    }
  }

  /** Adds the identifier of an inbound message of QoS 2 to its unit. */
  receive({ number }: Session, id: number, unit: Unit): void {
    unit.put(RECEIVED, `${number}/${id}`, true);
    unit.require("power");
  }

  /** The exchange of an inbound message has ended; wait until that is kept, or its identifier could not be used again. */
  release({ number }: Session, id: number): void {
    this.#write((unit) => {
      unit.delete(RECEIVED, `${number}/${id}`);
      unit.require("power");
    });
  }

  /** Resolves once everything that was written until now is kept: false when it is not, and owed. */
  kept(): Promise<boolean> {
    return this.#latest;
  }

  /** Reads what an earlier process left. Rows of sessions that are not there are forgotten. */
  async restore(store: Store): Promise<readonly LeftSession[]> {
    const subscriptions = byNumber(await store.entries(SUBSCRIPTIONS));
    const queues = byNumber(await store.entries(QUEUE));
    const received = byNumber(await store.entries(RECEIVED));
    const left: LeftSession[] = [];
    for (const [key, value] of await store.entries(SESSIONS)) {
      const number = Number(key);
      const record = value as unknown as SessionRecord;
      left.push({
        ...this.#restoreRecord(number, record),
        subscriptions: (subscriptions.get(number) ?? []).flatMap(([text, granted]) =>
          restoreSubscription(text, granted),
        ),
        queue: (queues.get(number) ?? []).flatMap(([seq, row]) => this.#restoreDelivery(Number(seq), row)),
        received: (received.get(number) ?? []).map(([id]) => Number(id)),
      });
      for (const rows of [subscriptions, queues, received]) rows.delete(number);
    }
    for (const [table, rows] of [
      [SUBSCRIPTIONS, subscriptions],
      [QUEUE, queues],
      [RECEIVED, received],
    ] as const) {
      for (const [number, entries] of rows) {
        this.#write((unit) => {
          for (const [rest] of entries) unit.delete(table, `${number}/${rest}`);
        });
      }
    }
    return left;
  }

  #write(write: (unit: Unit) => void): void {
    this.#writes.push(write);
    this.#filling ??= new Promise((resolve) => {
      // What else this turn of the event loop writes goes along.
      setImmediate(() => {
        const writes = this.#writes;
        this.#writes = [];
        this.#filling = undefined;
        const kept = this.#transactions.transact((unit) => {
          for (const each of writes) each(unit);
        });
        kept.then(
          () => resolve(true),
          () => resolve(false),
        );
      });
    });
    this.#latest = this.#filling;
  }

  #recordOf(session: Session): Json {
    const { clientId, endsAt, expirySeconds, outbound, username, will, willDue } = session;
    const record: Record<string, Json> = {
      client: clientId,
      username,
      expiry: expirySeconds,
    };
    if (will !== undefined) {
      const { delayMs, message } = will;
      record.will = { topic: message.topic, message: saveMessage(message, this.#clock), delayMs };
    }
    if (endsAt !== undefined) {
      record.away = {
        ends: saveDue(endsAt, this.#clock),
        sent: outbound.inFlight,
        ...(willDue === undefined ? {} : { willDue: saveDue(willDue, this.#clock) }),
      };
    }
    return record;
  }

  #restoreRecord(
    number: number,
    { away, client, expiry, username, will }: SessionRecord,
  ): Omit<LeftSession, "subscriptions" | "queue" | "received"> {
    const topic = will && parseTopicName(will.topic);
    const message = will && topic?.ok === true && restoreMessage(topic.topic, will.message, this.#clock);
    return {
      number,
      clientId: client,
      username,
      expirySeconds: expiry,
      will: will && message ? { message, delayMs: will.delayMs } : undefined,
      sent: away === undefined ? "unknown" : new Set(away.sent),
      endsAt: away && restoreDue(away.ends, this.#clock),
      willDue: away?.willDue && restoreDue(away.willDue, this.#clock),
    };
  }

  #queueRecord({ id, message: { copy, message }, qos, released }: Delivery<Parcel>): Json {
    if (released) return { id, qos };
    const record: Record<string, Json> = {
      id,
      qos,
      topic: message.topic,
      message: saveMessage(message, this.#clock),
    };
    if (copy.retain) record.retain = true;
    if (copy.identifiers.length > 0) record.identifiers = [...copy.identifiers];
    return record;
  }

  #restoreDelivery(seq: number, value: Json): KeptDelivery<Parcel>[] {
    const {
      id,
      identifiers = [],
      message: record,
      qos,
      retain = false,
      topic,
    } = value as unknown as QueueRecord;
    const released = record === undefined;
    const parsed = parseTopicName(topic ?? "released");
    if (!parsed.ok) return [];
    const message = restoreMessage(parsed.topic, record ?? { payload: "", qos }, this.#clock);
    const { bytes, expiresAt } = message;
    return [
      { seq, id, qos, bytes, expiresAt, released, message: { message, copy: { qos, retain, identifiers } } },
    ];
  }
}

function restoreSubscription(text: string, value: Json): SessionSubscription[] {
  const parsed = parseSubscriptionFilter(text);
  if (!parsed.ok) return [];
  return [{ filter: parsed.filter, shareName: parsed.shareName, granted: value as unknown as Granted }];
}

/** Groups rows by the number of their session; keys are `<number>/<rest>`. */
function byNumber(entries: ReadonlyMap<string, Json>): Map<number, [rest: string, value: Json][]> {
  const groups = new Map<number, [string, Json][]>();
  for (const [key, value] of entries) {
    const slash = key.indexOf("/");
    const number = Number(key.slice(0, slash));
    const row: [string, Json] = [key.slice(slash + 1), value];
    const group = groups.get(number);
    if (group === undefined) groups.set(number, [row]);
    else group.push(row);
  }
  return groups;
}
