import {
  type CloudMessage,
  MESSAGE_CLASSES,
  type MessageClass,
  type PublishOutcome,
  type Store,
  StoreError,
  Unit,
} from "@tram/core";
import type { EpochMs, Json } from "@tram/protocol";
import { BatchWriter } from "./queue/batch-writer.ts";
import { ClockSteps } from "./queue/clock-steps.ts";
import { DropLedger } from "./queue/drop-ledger.ts";
import type { Lane } from "./queue/lane.ts";
import { Lanes } from "./queue/lanes.ts";
import { MessageTimes } from "./queue/message-time.ts";
import {
  DEFAULT_BACKLOG_SHARE,
  type Draft,
  type Flight,
  type OutboxCounts,
  type OutboxOptions,
} from "./queue/outbox-options.ts";
import { decodeRow, encodeRow, type QueuedMessage, rowBytes, stateKey } from "./queue/outbox-row.ts";
import { Overflow } from "./queue/overflow.ts";
import { type ParkedMessage, ParkedRows } from "./queue/parked.ts";
import { Payloads } from "./queue/payloads.ts";
import type { Row } from "./queue/row-ring.ts";
import { Thinning } from "./queue/thinning.ts";
import { Usage } from "./queue/usage.ts";

export {
  DEFAULT_LIMITS,
  type Draft,
  type Flight,
  type OutboxCounts,
  type OutboxLimits,
  type OutboxOptions,
} from "./queue/outbox-options.ts";

const PAGE_ROWS = 1_000;
/** Removals that the store owes us before we stop sending: what they stand for is sent twice after a restart. */
const MAX_UNKEPT = 10_000;
/** Expired rows that are dropped without a pause. */
const EXPIRED_AT_ONCE = 1_000;
const SURVIVES_POWER_CUT: readonly MessageClass[] = ["alarm", "reply"];

/**
 * Opens the disk queue of one bridge with everything that is still in it.
 * @throws {StoreError} when the store cannot be read.
 */
export async function openOutbox(store: Store, options: OutboxOptions): Promise<Outbox> {
  const { bridge, limits } = options;
  const log = `outbox-${bridge}`;
  const { last } = await store.extent(log);
  const drops = await DropLedger.open(store, bridge);
  const parked = await ParkedRows.open(store, `parked-${bridge}`, limits.parked);
  const outbox = new Outbox(store, options, { last, drops, parked });
  for (let after = 0; ; ) {
    const page = await store.rows(log, { after, limit: PAGE_ROWS });
    for (const row of page) outbox.restore(row.seq, row.value);
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE_ROWS) break;
  }
  return outbox;
}

/** A row that was handed out. */
interface Flying {
  readonly lane: Lane;
  readonly row: Row;
  /** As it lies in the queue, once that is known. */
  queued: QueuedMessage | undefined;
}

/**
 * The disk queue before a cloud. A message is written in the unit of the event that it tells of, and removed only after
 * the cloud has acknowledged it (or it was parked, replaced, or dropped and counted). What is delivered may be delivered
 * again, with the same id.
 *
 * Order: a lane is the messages of one Thing in one class. Within a lane messages leave in the order they came, over
 * retries too. Between lanes the class decides, then whether the lane keeps up, then the age (`ReadyLanes`).
 */
export class Outbox {
  readonly #store: Store;
  readonly #options: OutboxOptions;
  readonly #log: string;
  readonly #writer: BatchWriter;
  readonly #payloads: Payloads;
  readonly #parked: ParkedRows;
  readonly #drops: DropLedger;
  readonly #times: MessageTimes;
  readonly #usage: Usage;
  readonly #lanes: Lanes;
  readonly #steps: ClockSteps;
  readonly #overflow: Overflow;
  readonly #thinning: Thinning | undefined;
  readonly #flying = new Map<number, Flying>();
  readonly #listeners = new Set<() => void>();
  #last: number;
  #sums = 0;
  #tending: Promise<void> | undefined;

  constructor(
    store: Store,
    options: OutboxOptions,
    found: { last: number; drops: DropLedger; parked: ParkedRows },
  ) {
    const { bridge, limits, window, backlogShare = DEFAULT_BACKLOG_SHARE, thinning, clock } = options;
    this.#store = store;
    this.#options = options;
    this.#log = `outbox-${bridge}`;
    this.#last = found.last;
    this.#drops = found.drops;
    this.#parked = found.parked;
    this.#usage = new Usage(limits);
    this.#lanes = new Lanes({ window, backlogShare });
    this.#times = new MessageTimes(clock);
    this.#payloads = new Payloads(store, this.#log, () => this.#usage.bytes / Math.max(1, this.#usage.rows));
    this.#writer = new BatchWriter(store, found.drops, (failure) => this.#onStoreHealth(failure));
    this.#steps = new ClockSteps(clock);
    this.#overflow = new Overflow({
      options,
      steps: this.#steps,
      last: () => this.#last,
      lanes: this.#lanes,
      usage: this.#usage,
      ledger: found.drops,
      remove: (lane, row) => this.#remove(lane, row),
    });
    this.#thinning =
      thinning &&
      new Thinning(store, this.#log, thinning, {
        lane: (group) => this.#lanes.find("telemetry", group),
        // A dot: the others have a hyphen there, and any letters and digits behind it.
        newId: () => `${options.idPrefix}.${(++this.#sums).toString(36)}`,
        replaced: (lane, gone, instead) => this.#onThinned(lane, gone, instead),
        released: (lane) => this.#onMoved(lane),
      });
  }

  /** Takes up a row that an earlier run left. */
  restore(seq: number, value: Json): void {
    const queued = decodeRow(value);
    if (queued === undefined) {
      this.#park(seq, value, "the stored row cannot be read");
      return;
    }
    const { message, queuedAt } = queued;
    const lane = this.#lanes.of(message.class, message.group);
    const bytes = rowBytes(value);
    lane.restore({ seq, time: queuedAt, bytes }, stateKey(message));
    this.#usage.add(lane.class, 1, bytes);
    this.#onMoved(lane);
    this.#overflow.enforceQuota(lane.class);
  }

  /**
   * Queues a message in the unit of what it tells of; it may leave once the unit was kept. A state that it makes old goes
   * in the same unit.
   * @param onLost instead of counting it as dropped, when that was not kept.
   * @returns the id that the cloud will see.
   */
  enqueue(draft: Draft, unit: Unit, onLost = () => this.#drops.add(draft.class, "not-kept")): string {
    const { taken = draft.class === "reply" ? this.#times.takenAt(draft.time) : undefined, ...rest } = draft;
    const id = `${this.#options.idPrefix}-${(this.#last + 1).toString(36)}`;
    const queued = this.#queued({ ...rest, id }, taken);
    this.#write(queued, unit, onLost);
    return id;
  }

  /**
   * Takes the next messages that may leave. Each must be settled.
   * @param classes of which messages may leave; the others wait.
   * @throws {StoreError} when they cannot be read, or when too many removals are not kept; nothing is taken then.
   */
  async take(limit: number, classes: readonly MessageClass[] = MESSAGE_CLASSES): Promise<readonly Flight[]> {
    if (this.#writer.pending > MAX_UNKEPT) await this.#writer.settle();
    const seqs: number[] = [];
    let expired = 0;
    for (let lane = this.#lanes.next(classes); lane !== undefined; lane = this.#lanes.next(classes)) {
      if (this.#overflow.dropFirstIfExpired(lane)) {
        this.#lanes.offer(lane);
        if (++expired % EXPIRED_AT_ONCE === 0 && seqs.length === 0) await this.#writer.settle();
        continue;
      }
      const row = lane.takeOff();
      if (row !== undefined) {
        this.#flying.set(row.seq, { lane, row, queued: undefined });
        seqs.push(row.seq);
      }
      this.#lanes.offer(lane);
      if (seqs.length >= limit) break;
    }
    return seqs.length === 0 ? [] : await this.#load(seqs);
  }

  /** Tells what became of a message that was taken. A second answer for the same flight is ignored. */
  settle(flight: Flight, outcome: PublishOutcome): void {
    const { seq } = flight;
    const flying = this.#flying.get(seq);
    if (flying === undefined) return;
    const { lane, row, queued } = flying;
    if (outcome.outcome === "retry") {
      this.#flying.delete(seq);
      if (queued !== undefined) this.#payloads.remember(seq, queued, row.bytes);
      this.#lanes.hold(lane);
      lane.returned(seq);
      this.#onMoved(lane);
    } else {
      this.#land(seq);
      const stored = queued === undefined ? undefined : encodeRow(queued);
      if (outcome.outcome === "rejected" && stored !== undefined) this.#park(seq, stored, outcome.reason);
      else this.#writer.add({ op: "remove", log: this.#log, seq });
    }
    this.#changed();
  }

  /** Lets the lanes try again whose message was to be sent again. */
  resume(): void {
    if (this.#lanes.letGo()) this.#changed();
  }

  /** The cloud can be reached again: what waits now is the backlog, and nothing is held back any more. */
  connected(): void {
    this.#lanes.fallBehind();
    this.#lanes.letGo();
    this.#changed();
  }

  /**
   * Drops what has waited for too long, and thins what may be thinned: a bounded step, to be called now and then. What the
   * store does not take is tried again the next time.
   */
  tend(): Promise<void> {
    this.#tending ??= this.#tend().finally(() => {
      this.#tending = undefined;
    });
    return this.#tending;
  }

  counts(): OutboxCounts {
    let oldest: EpochMs | undefined;
    for (const lane of this.#lanes.values()) {
      const time = lane.oldest?.time;
      if (time !== undefined && time < (oldest ?? Number.POSITIVE_INFINITY)) oldest = time;
    }
    return {
      queued: this.#usage.rows,
      queuedByClass: this.#usage.rowsByClass,
      oldest,
      dropped: this.#drops.total,
      drops: this.#drops.drops,
      parked: this.#parked.count,
    };
  }

  /**
   * Shows parked messages, oldest first.
   * @param options `after`: the `seq` of the last one that was seen, 0 for none.
   * @throws {StoreError} when the store cannot be read.
   */
  parked(options: { readonly after: number; readonly limit: number }): Promise<readonly ParkedMessage[]> {
    return this.#parked.list(options);
  }

  /**
   * Puts a parked message at the end of its lane, with the id that it had. A state that is old by now is discarded.
   * @returns false when there is no such message, or nobody can read it.
   * @throws {StoreError} when that is not kept; it is parked still.
   */
  async sendAgain(seq: number): Promise<boolean> {
    const unit = this.#unit();
    const found = await this.#parked.takeOut(seq, unit, (queued, was) => {
      if (queued === undefined) return false;
      const { message, taken } = queued;
      const lane = this.#lanes.of(message.class, message.group);
      // When that is not kept it is parked still.
      if (!lane.isOutdated(stateKey(message), was))
        this.#write(this.#queued(message, taken), unit, () => undefined);
      return true;
    });
    if (found) await unit.commit();
    return found;
  }

  /**
   * Gives a parked message up. It is not counted as dropped: somebody wanted it.
   * @returns false when there is no such message.
   * @throws {StoreError} when that is not kept; it is parked still.
   */
  async discard(seq: number): Promise<boolean> {
    const unit = this.#unit();
    const found = await this.#parked.takeOut(seq, unit, () => true);
    if (found) await unit.commit();
    this.#changed();
    return found;
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
    await this.#tending;
    await this.#writer.settle();
  }

  #queued(message: CloudMessage, taken: QueuedMessage["taken"]): QueuedMessage {
    const { clock } = this.#options;
    this.#steps.look(this.#last);
    const queuedAt = clock.trust === "untrusted" ? Number.NaN : clock.now();
    return { message, queuedAt, ...(taken === undefined ? {} : { taken }) };
  }

  #write(queued: QueuedMessage, unit: Unit, onLost: () => void): void {
    const { message, queuedAt } = queued;
    const seq = ++this.#last;
    const row = encodeRow(queued);
    const bytes = rowBytes(row);
    const lane = this.#lanes.of(message.class, message.group);
    const old = lane.supersede(stateKey(message));
    lane.write({ seq, time: queuedAt, bytes }, stateKey(message));
    if (old !== undefined) unit.remove(this.#log, old.seq);
    unit.append(this.#log, seq, row);
    if (SURVIVES_POWER_CUT.includes(message.class)) unit.require("power");
    unit.after((kept) => {
      if (old !== undefined) lane.release([old], kept ? [] : [old]);
      if (old !== undefined && kept) this.#gone(lane, old);
      lane.written(seq, kept);
      if (kept) {
        if (!lane.backlog) this.#payloads.remember(seq, queued, bytes);
        this.#usage.add(lane.class, 1, bytes);
      } else onLost();
      this.#onMoved(lane);
      if (kept) this.#overflow.enforceQuota(lane.class);
      this.#changed();
    });
  }

  async #load(seqs: readonly number[]): Promise<readonly Flight[]> {
    let messages: ReadonlyMap<number, QueuedMessage>;
    try {
      messages = await this.#payloads.load(seqs);
    } catch (error) {
      for (const seq of seqs) this.#takeBack(seq);
      throw error;
    }
    const flights: Flight[] = [];
    for (const seq of seqs) {
      const queued = messages.get(seq);
      const flying = this.#flying.get(seq);
      if (queued === undefined || flying === undefined) this.#lost(seq);
      else {
        flying.queued = queued;
        flights.push({ seq, message: this.#times.toSend(seq, queued.message, queued.taken) });
      }
    }
    return flights;
  }

  #takeBack(seq: number): void {
    const flying = this.#flying.get(seq);
    if (flying === undefined) return;
    this.#flying.delete(seq);
    flying.lane.returned(seq);
    this.#onMoved(flying.lane);
  }

  /** The store has no such row any more, though nobody removed it. */
  #lost(seq: number): void {
    const messageClass = this.#flying.get(seq)?.lane.class;
    this.#land(seq);
    if (messageClass !== undefined) this.#drops.add(messageClass, "lost");
    // Its position may be all that is left of it.
    this.#writer.add({ op: "remove", log: this.#log, seq });
    this.#options.log.error({ bridge: this.#options.bridge, seq }, "a queued message is gone from the store");
  }

  #land(seq: number): void {
    const flying = this.#flying.get(seq);
    if (flying === undefined) return;
    this.#flying.delete(seq);
    flying.lane.landed(seq);
    this.#gone(flying.lane, flying.row);
    this.#onMoved(flying.lane);
  }

  /** One commit takes the row out of the queue and puts it aside: it is never in neither of them. */
  #park(seq: number, row: Json, reason: string): void {
    const { operations, gone } = this.#parked.add(row, { reason, at: this.#options.clock.now(), seq });
    for (const messageClass of gone) this.#drops.add(messageClass, "parked");
    this.#writer.add({ op: "remove", log: this.#log, seq }, ...operations);
  }

  async #tend(): Promise<void> {
    const expired = this.#overflow.dropExpired(EXPIRED_AT_ONCE);
    const { clock } = this.#options;
    try {
      if (clock.trust !== "untrusted") await this.#thinning?.step(clock.now());
    } catch (error) {
      // Whoever writes tells people about the store. What is not thinned now is thinned later.
      if (!(error instanceof StoreError)) throw error;
    }
    if (expired > 0) this.#changed();
  }

  #onThinned(lane: Lane, gone: readonly Row[], instead: Row): void {
    for (const row of gone) this.#gone(lane, row);
    this.#usage.add(lane.class, 1, instead.bytes);
    this.#onMoved(lane);
    this.#changed();
  }

  /** After rows of a lane have moved: what is outdated goes, and the lane takes its place. */
  #onMoved(lane: Lane): void {
    for (const row of lane.takeOutdated()) this.#remove(lane, row);
    this.#lanes.offer(lane);
  }

  #remove(lane: Lane, row: Row): void {
    this.#gone(lane, row);
    this.#writer.add({ op: "remove", log: this.#log, seq: row.seq });
  }

  /** A row is in the queue no more. */
  #gone(lane: Lane, { seq, bytes }: Row): void {
    this.#usage.add(lane.class, -1, -bytes);
    this.#payloads.forget(seq);
    this.#times.forget(seq);
  }

  /** A unit of the queue's own. */
  #unit(): Unit {
    const { bridge, log } = this.#options;
    return new Unit(this.#store, (error) =>
      log.error({ bridge, error: String(error) }, "a message got stuck"),
    );
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
