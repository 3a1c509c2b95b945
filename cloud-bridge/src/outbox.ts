import {
  type Clock,
  type CloudMessage,
  MESSAGE_CLASSES,
  type MessageClass,
  type PublishOutcome,
  type Store,
  type Unit,
} from "@tram/core";
import { type EpochMs, isJsonObject, type Json } from "@tram/protocol";
import type { BridgeLog } from "./bridge-log.ts";
import { BatchWriter } from "./queue/batch-writer.ts";
import { Lane } from "./queue/lane.ts";
import { LaneHeap } from "./queue/lane-heap.ts";
import { decodeRow, encodeRow, rowBytes } from "./queue/outbox-row.ts";
import { ParkedRows } from "./queue/parked.ts";
import { Payloads } from "./queue/payloads.ts";
import type { Row } from "./queue/row-ring.ts";

/** How much one queue may hold. */
export interface OutboxLimits {
  /** Queued rows. */
  readonly rows: number;
  /** Bytes of the queued rows, as JSON. */
  readonly bytes: number;
  /** Parked rows. */
  readonly parked: number;
}

export const DEFAULT_LIMITS: OutboxLimits = { rows: 1_000_000, bytes: 256 * 1_048_576, parked: 1_000 };

export interface OutboxOptions {
  /** Id of the bridge: names the logs `outbox-<bridge>` and `parked-<bridge>`. */
  readonly bridge: string;
  /**
   * What the message ids begin with. Must differ at every opening: after a power cut the store may have forgotten the
   * last positions, and a position that is used again must not make an id that the cloud has seen.
   */
  readonly idPrefix: string;
  readonly limits: OutboxLimits;
  /** How many messages of one lane may be in flight at once. */
  readonly window: number;
  readonly clock: Pick<Clock, "now">;
  readonly log: BridgeLog;
}

/** A message that has no id yet. */
export type Draft = Omit<CloudMessage, "id">;

/** A message that was taken from the queue and waits for its outcome. */
export interface Flight {
  readonly seq: number;
  readonly message: CloudMessage;
}

export interface OutboxCounts {
  readonly queued: number;
  readonly queuedByClass: Readonly<Record<MessageClass, number>>;
  /** Source time of the oldest queued row of any lane's front. */
  readonly oldest: EpochMs | undefined;
  /** Dropped by quota, or not kept by the store, ever. */
  readonly dropped: number;
  readonly parked: number;
}

const COUNTERS = "outbox";
const PAGE_ROWS = 1_000;
/** Removals that the store owes us before we stop sending: what they stand for is sent twice after a restart. */
const MAX_UNKEPT = 10_000;
/** Above this, lanes of Things that have long gone are forgotten. */
const MANY_LANES = 4_096;
/** What goes first when there is too much. */
const DROP_ORDER = [...MESSAGE_CLASSES].reverse();
const SURVIVES_POWER_CUT: readonly MessageClass[] = ["alarm", "reply"];

/**
 * Opens the disk queue of one bridge with everything that is still in it.
 * @throws {StoreError} when the store cannot be read.
 */
export async function openOutbox(store: Store, options: OutboxOptions): Promise<Outbox> {
  const log = `outbox-${options.bridge}`;
  const { last } = await store.extent(log);
  const counters = (await store.entries(COUNTERS)).get(options.bridge);
  const dropped = isJsonObject(counters) && typeof counters.dropped === "number" ? counters.dropped : 0;
  const parked = await ParkedRows.open(store, `parked-${options.bridge}`, options.limits.parked);
  const outbox = new Outbox(store, options, { last, dropped, parked });
  for (let after = 0; ; ) {
    const page = await store.rows(log, { after, limit: PAGE_ROWS });
    for (const row of page) outbox.restore(row.seq, row.value);
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE_ROWS) break;
  }
  return outbox;
}

/**
 * The disk queue before a cloud. A message is written in the unit of the event that it tells of, and removed only after
 * the cloud has acknowledged it (or it was parked). What is delivered may be delivered again, with the same id.
 *
 * Order: a lane is the messages of one Thing in one class. Within a lane messages leave in the order they came, over
 * retries too. Between lanes the class decides, then the age.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #log: string;
  readonly #writer: BatchWriter;
  readonly #payloads: Payloads;
  readonly #parked: ParkedRows;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with a row that may leave. */
  readonly #ready = heaps();
  /** Lanes with a row that may be dropped. */
  readonly #droppable = heaps();
  readonly #held = new Set<Lane>();
  readonly #flying = new Map<number, { readonly lane: Lane; readonly row: Row }>();
  readonly #listeners = new Set<() => void>();
  readonly #byClass: Record<MessageClass, number> = { alarm: 0, reply: 0, state: 0, telemetry: 0 };
  #queued = 0;
  #bytes = 0;
  #last: number;
  #dropped: number;
  #droppedKept: number;
  #overQuota = false;

  constructor(
    store: Store,
    options: OutboxOptions,
    found: { last: number; dropped: number; parked: ParkedRows },
  ) {
    this.#options = options;
    this.#log = `outbox-${options.bridge}`;
    this.#last = found.last;
    this.#dropped = found.dropped;
    this.#droppedKept = found.dropped;
    this.#parked = found.parked;
    this.#payloads = new Payloads(store, this.#log);
    this.#writer = new BatchWriter(store, (failure) => this.#onStoreHealth(failure));
  }

  /** Takes up a row that an earlier run left. */
  restore(seq: number, value: Json): void {
    const message = decodeRow(value);
    if (message === undefined) {
      this.#park(seq, value, "the stored row cannot be read");
      return;
    }
    const lane = this.#lane(message.class, message.group);
    const bytes = rowBytes(value);
    lane.waiting.push({ seq, time: message.time, bytes });
    this.#count(lane, bytes);
    this.#enforceQuota();
  }

  /**
   * Queues a message in the unit of what it tells of; it may leave once the unit was kept.
   * @returns the id that the cloud will see.
   */
  enqueue(draft: Draft, unit: Unit): string {
    const seq = ++this.#last;
    const message: CloudMessage = { ...draft, id: `${this.#options.idPrefix}-${seq.toString(36)}` };
    const row = encodeRow(message);
    const bytes = rowBytes(row);
    const lane = this.#lane(draft.class, draft.group);
    lane.write({ seq, time: draft.time, bytes });
    unit.append(this.#log, seq, row);
    if (SURVIVES_POWER_CUT.includes(draft.class)) unit.require("power");
    unit.after((kept) => {
      lane.written(seq, kept);
      if (kept) {
        this.#payloads.remember(seq, message, bytes);
        this.#count(lane, bytes);
        this.#enforceQuota();
      } else this.#dropped++;
      this.#offer(lane);
      this.#changed();
    });
    return message.id;
  }

  /**
   * Takes the next messages that may leave: the most important class first, then the oldest. Each must be settled.
   * @throws {StoreError} when they cannot be read, or when too many removals are not kept; nothing is taken then.
   */
  async take(limit: number): Promise<readonly Flight[]> {
    if (this.#writer.pending > MAX_UNKEPT) await this.#writer.settle();
    const seqs: number[] = [];
    for (let lane = this.#nextReady(); lane !== undefined; lane = this.#nextReady()) {
      const row = lane.takeOff();
      if (row !== undefined) {
        this.#flying.set(row.seq, { lane, row });
        seqs.push(row.seq);
      }
      this.#offer(lane);
      if (seqs.length >= limit) break;
    }
    return seqs.length === 0 ? [] : await this.#load(seqs);
  }

  /** Tells what became of a message that was taken. A second answer for the same flight is ignored. */
  settle(flight: Flight, outcome: PublishOutcome): void {
    const flying = this.#flying.get(flight.seq);
    if (flying === undefined) return;
    if (outcome.outcome === "retry") {
      this.#flying.delete(flight.seq);
      this.#payloads.remember(flight.seq, flight.message, flying.row.bytes);
      flying.lane.held = true;
      this.#held.add(flying.lane);
      flying.lane.returned(flight.seq);
      this.#droppable[flying.lane.class].push(flying.lane);
    } else {
      this.#land(flight.seq);
      if (outcome.outcome === "rejected") this.#park(flight.seq, encodeRow(flight.message), outcome.reason);
      else this.#writer.add({ op: "remove", log: this.#log, seq: flight.seq });
    }
    this.#offer(flying.lane);
    this.#changed();
  }

  /** Lets the lanes try again whose message was to be sent again. */
  resume(): void {
    if (this.#held.size === 0) return;
    const lanes = [...this.#held];
    this.#held.clear();
    for (const lane of lanes) {
      lane.held = false;
      this.#offer(lane);
    }
    this.#changed();
  }

  counts(): OutboxCounts {
    let oldest: EpochMs | undefined;
    for (const lane of this.#lanes.values()) {
      const time = lane.oldest?.time;
      if (time !== undefined && (oldest === undefined || time < oldest)) oldest = time;
    }
    return {
      queued: this.#queued,
      queuedByClass: { ...this.#byClass },
      oldest,
      dropped: this.#dropped,
      parked: this.#parked.count,
    };
  }

  /** Calls `listener` when something can be taken, or a number has changed. It must not throw. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Waits until everything that was settled is kept. What flies stays in the queue.
   * @throws {StoreError} when the store does not keep it.
   */
  async flush(): Promise<void> {
    if (this.#droppedKept !== this.#dropped) this.#writer.add(this.#dropCounter());
    await this.#writer.settle();
  }

  #nextReady(): Lane | undefined {
    for (const messageClass of MESSAGE_CLASSES) {
      for (let lane = this.#ready[messageClass].pop(); lane !== undefined; ) {
        if (lane.ready(this.#options.window)) return lane;
        lane = this.#ready[messageClass].pop();
      }
    }
    return undefined;
  }

  async #load(seqs: readonly number[]): Promise<readonly Flight[]> {
    let messages: ReadonlyMap<number, CloudMessage>;
    try {
      messages = await this.#payloads.load(seqs);
    } catch (error) {
      for (const seq of seqs) this.#takeBack(seq);
      throw error;
    }
    const flights: Flight[] = [];
    for (const seq of seqs) {
      const message = messages.get(seq);
      if (message === undefined) this.#lost(seq);
      else flights.push({ seq, message });
    }
    return flights;
  }

  #takeBack(seq: number): void {
    const flying = this.#flying.get(seq);
    if (flying === undefined) return;
    this.#flying.delete(seq);
    flying.lane.returned(seq);
    this.#offer(flying.lane);
  }

  /** The store has no such row any more, though nobody removed it. */
  #lost(seq: number): void {
    this.#land(seq);
    this.#drop(seq);
    this.#options.log.error({ bridge: this.#options.bridge, seq }, "a queued message is gone from the store");
  }

  #land(seq: number): void {
    const flying = this.#flying.get(seq);
    if (flying === undefined) return;
    this.#flying.delete(seq);
    flying.lane.landed(seq);
    this.#uncount(flying.lane, flying.row.bytes);
    this.#offer(flying.lane);
  }

  /** One commit takes the row out of the queue and puts it aside: it is never in neither of them. */
  #park(seq: number, row: Json, reason: string): void {
    const { operations, gone } = this.#parked.add(row, { reason, at: this.#options.clock.now() });
    this.#writer.add({ op: "remove", log: this.#log, seq }, ...operations);
    if (gone === 0) return;
    this.#dropped += gone;
    this.#writer.add(this.#dropCounter());
  }

  #drop(seq: number): void {
    this.#payloads.forget(seq);
    this.#dropped++;
    this.#writer.add({ op: "remove", log: this.#log, seq }, this.#dropCounter());
  }

  #dropCounter() {
    this.#droppedKept = this.#dropped;
    return {
      op: "put",
      table: COUNTERS,
      key: this.#options.bridge,
      value: { dropped: this.#dropped },
    } as const;
  }

  #enforceQuota(): void {
    const { rows, bytes } = this.#options.limits;
    if (this.#queued < rows * 0.9 && this.#bytes < bytes * 0.9) this.#overQuota = false;
    while (this.#queued > rows || this.#bytes > bytes) {
      const lane = this.#nextDroppable();
      const row = lane?.waiting.shift();
      if (lane === undefined || row === undefined) return;
      this.#uncount(lane, row.bytes);
      this.#drop(row.seq);
      this.#droppable[lane.class].push(lane);
      if (!this.#overQuota) {
        this.#overQuota = true;
        const { bridge } = this.#options;
        this.#options.log.warn({ bridge, rows, bytes }, "the queue is full: the oldest messages are dropped");
      }
    }
  }

  #nextDroppable(): Lane | undefined {
    for (const messageClass of DROP_ORDER) {
      const lane = this.#droppable[messageClass].pop();
      if (lane !== undefined) return lane;
    }
    return undefined;
  }

  #lane(messageClass: MessageClass, group: string): Lane {
    const key = `${messageClass} ${group}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    if (this.#lanes.size >= MANY_LANES) {
      for (const [other, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(other);
    }
    const lane = new Lane(messageClass, group);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Enters a lane where it belongs after its rows have changed. */
  #offer(lane: Lane): void {
    this.#droppable[lane.class].push(lane);
    if (lane.ready(this.#options.window)) this.#ready[lane.class].push(lane);
  }

  #count(lane: Lane, bytes: number): void {
    this.#queued++;
    this.#byClass[lane.class]++;
    this.#bytes += bytes;
    this.#offer(lane);
  }

  #uncount(lane: Lane, bytes: number): void {
    this.#queued--;
    this.#byClass[lane.class]--;
    this.#bytes -= bytes;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #onStoreHealth(failure: unknown): void {
    const { bridge, log } = this.#options;
    if (failure === undefined) log.info({ bridge }, "the queue's removals are kept again");
    else {
      const reason = failure instanceof Error ? failure.message : String(failure);
      log.warn({ bridge, reason }, "the queue's removals are not kept: messages may be delivered twice");
    }
  }
}

function heaps(): Readonly<Record<MessageClass, LaneHeap>> {
  return { alarm: new LaneHeap(), reply: new LaneHeap(), state: new LaneHeap(), telemetry: new LaneHeap() };
}
