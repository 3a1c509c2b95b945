import type { CloudMessage, Operation, Store } from "@tram/core";
import { type EpochMs, isJsonObject, type Ms } from "@tram/protocol";
import type { Lane } from "./lane.ts";
import { decodeRow, encodeRow, type QueuedMessage, rowBytes } from "./outbox-row.ts";
import type { Row } from "./row-ring.ts";

/** What a long outage may cost: details of telemetry, never the whole of it. */
export interface ThinningPolicy {
  /** Telemetry that has waited for so long, above 0. */
  readonly afterMs: Ms;
  /** Of so much time, above 0, one message is left for each property. */
  readonly slotMs: Ms;
}

/** The queue, as far as thinning needs it. */
export interface ThinnedQueue {
  /** The lane of a Thing's telemetry, if it has one. */
  lane(group: string): Lane | undefined;
  /** An id that no message had: what is summed up is another message than its parts, some of which the cloud may have. */
  newId(): string;
  /** The rows are gone and the other one is in their place, in the store and in the lane. */
  replaced(lane: Lane, gone: readonly Row[], instead: Row): void;
  /** Nothing was replaced after all; the lane may go on. */
  released(lane: Lane): void;
}

/** What is known of a number, or of several that were summed up before. */
interface Sample {
  readonly seq: number;
  readonly from: EpochMs;
  readonly time: EpochMs;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly last: number;
}

/** Messages of one property in one slot, with none of that property in between that is not among them. */
interface Group {
  readonly message: Pick<CloudMessage, "group" | "thing" | "name">;
  readonly slot: number;
  samples: Sample[];
}

/** What is about to take the place of some rows. */
interface Replacement {
  readonly group: Group;
  readonly lane: Lane;
  readonly gone: readonly Row[];
  readonly instead: Row;
  readonly sample: Sample;
}

/** Rows of one step. */
const PAGE_ROWS = 500;
/** Samples in memory, at most, before they are summed up as far as they go. */
const MOST_SAMPLES = 4_000;

/**
 * Sums up telemetry that has waited for long: of each property and slot of time one message is left, with the least, the
 * greatest, the mean, the last value and their count. It walks along the log once, a page each step. One commit takes the
 * rows out and puts the sum in the place of the last of them, so a crash leaves the ones or the other. What flies, what was
 * sent before, what is no number or not good, and what is no telemetry stays as it is.
 */
export class Thinning {
  readonly #store: Store;
  readonly #log: string;
  readonly #policy: ThinningPolicy;
  readonly #queue: ThinnedQueue;
  /** Position up to which everything was looked at. */
  #cursor = 0;
  /** When it was looked for the first time, by a clock that can be believed. */
  #since: EpochMs = Number.NaN;
  /** Nothing is old enough before. */
  #dueAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The group of each property that still grows. */
  readonly #growing = new Map<string, Group>();
  #complete: Group[] = [];
  #samples = 0;

  constructor(store: Store, log: string, policy: ThinningPolicy, queue: ThinnedQueue) {
    this.#store = store;
    this.#log = log;
    this.#policy = policy;
    this.#queue = queue;
  }

  /**
   * Looks at the next page, and writes what can be summed up. Calls must not overlap.
   * @throws {StoreError} when the store fails; nothing has changed then.
   */
  async step(now: EpochMs): Promise<void> {
    if (Number.isNaN(this.#since)) this.#since = now;
    // Further away nothing can be due: the clock was ahead when that was looked at.
    if (now < this.#dueAt && this.#dueAt - now <= this.#policy.afterMs + this.#policy.slotMs) return;
    const page = await this.#store.rows(this.#log, { after: this.#cursor, limit: PAGE_ROWS });
    let end = page.length < PAGE_ROWS;
    for (const { seq, value } of page) {
      const queued = decodeRow(value);
      const dueAt = queued === undefined ? now : this.#dueAtOf(queued);
      if (dueAt > now) {
        this.#dueAt = dueAt;
        end = true;
        break;
      }
      this.#cursor = seq;
      if (queued?.message.class === "telemetry") this.#collect(seq, queued);
    }
    // An empty queue has nothing that is due before this.
    if (page.length === 0) this.#dueAt = now + this.#policy.afterMs;
    if (!end && this.#samples < MOST_SAMPLES) return;
    await this.#write();
    if (end) this.#growing.clear();
    this.#samples = this.#growing.size;
  }

  /** When all of its slot is old enough. What was queued at no known time is as old as this process has known the time. */
  #dueAtOf({ queuedAt }: QueuedMessage): EpochMs {
    const { afterMs, slotMs } = this.#policy;
    const since = Number.isNaN(queuedAt) ? this.#since : queuedAt;
    return (Math.floor(since / slotMs) + 1) * slotMs + afterMs;
  }

  #collect(seq: number, queued: QueuedMessage): void {
    const { message } = queued;
    const key = `${message.group} ${message.thing} ${message.name}`;
    const slot = Math.floor(message.time / this.#policy.slotMs);
    const sample = sampleOf(seq, queued);
    const known = this.#growing.get(key);
    if (known !== undefined && sample !== undefined && known.slot === slot) {
      known.samples.push(sample);
      this.#samples++;
      return;
    }
    if (known !== undefined) {
      this.#growing.delete(key);
      if (known.samples.length > 1) this.#complete.push(known);
    }
    if (sample === undefined) return;
    this.#growing.set(key, { message, slot, samples: [sample] });
    this.#samples++;
  }

  async #write(): Promise<void> {
    const groups = [...this.#complete, ...this.#growing.values()];
    this.#complete = [];
    const operations: Operation[] = [];
    const replacements = groups.flatMap((group) => this.#prepare(group, operations) ?? []);
    if (replacements.length === 0) return;
    try {
      await this.#store.commit(operations, "crash");
    } catch (error) {
      for (const { lane, gone } of replacements) {
        lane.release(gone, gone);
        this.#queue.released(lane);
      }
      this.#beginAgain();
      throw error;
    }
    for (const { group, lane, gone, instead, sample } of replacements) {
      lane.release(gone, [instead]);
      this.#queue.replaced(lane, gone, instead);
      group.samples = [sample];
    }
  }

  #prepare(group: Group, operations: Operation[]): Replacement | undefined {
    const lane = this.#queue.lane(group.message.group);
    if (lane === undefined) return undefined;
    const samples = group.samples.filter(({ seq }) => lane.isUntouched(seq));
    group.samples = samples;
    const last = samples.at(-1);
    if (samples.length < 2 || last === undefined) return undefined;
    const gone = lane.claim(samples.map(({ seq }) => seq));
    const queuedAt = gone.at(-1)?.time ?? last.time;
    const sample = sumUp(samples, last);
    const row = encodeRow({ message: messageOf(group, sample, this.#queue.newId()), queuedAt });
    operations.push({ op: "append", log: this.#log, seq: last.seq, value: row });
    for (const { seq } of gone) if (seq !== last.seq) operations.push({ op: "remove", log: this.#log, seq });
    return { group, lane, gone, instead: { seq: last.seq, time: queuedAt, bytes: rowBytes(row) }, sample };
  }

  #beginAgain(): void {
    this.#growing.clear();
    this.#complete = [];
    this.#samples = 0;
    this.#cursor = 0;
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }
}

/** @returns undefined for what cannot be summed up. */
function sampleOf(seq: number, { message, taken }: QueuedMessage): Sample | undefined {
  const { value, time, quality, thinned } = message;
  if (quality !== "good" || taken !== undefined) return undefined;
  if (typeof value === "number") {
    return { seq, from: time, time, min: value, max: value, sum: value, count: 1, last: value };
  }
  if (thinned === undefined || !isJsonObject(value)) return undefined;
  const { min, max, mean, count, last } = value;
  if (typeof min !== "number" || typeof max !== "number" || typeof mean !== "number") return undefined;
  if (typeof count !== "number" || typeof last !== "number") return undefined;
  return { seq, from: thinned.from, time, min, max, sum: mean * count, count, last };
}

function sumUp(samples: readonly Sample[], last: Sample): Sample {
  let { from, min, max } = last;
  let [sum, count] = [0, 0];
  for (const sample of samples) {
    from = Math.min(from, sample.from);
    min = Math.min(min, sample.min);
    max = Math.max(max, sample.max);
    sum += sample.sum;
    count += sample.count;
  }
  return { seq: last.seq, from, time: last.time, min, max, sum, count, last: last.last };
}

function messageOf({ message }: Group, sample: Sample, id: string): CloudMessage {
  const { min, max, sum, count, last, from, time } = sample;
  const { group, thing, name } = message;
  return {
    id,
    class: "telemetry",
    group,
    thing,
    name,
    time,
    value: { min, max, mean: sum / count, count, last },
    quality: "good",
    thinned: { from },
  };
}
