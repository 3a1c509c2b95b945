import type { Clock } from "@tram/core";
import { type EpochMs, isJsonObject, type Json } from "@tram/protocol";
import {
  type FeatureMeter,
  WRITE_FEATURES,
  type WriteFeature,
  type WriteMeter,
  type WriteVerdict,
} from "./write-meter.ts";

/** Bytes of a stretch of time, by who wrote them. */
export type WrittenBytes = Readonly<Partial<Record<WriteFeature, number>>>;

export interface WriteLimits {
  /** Bytes in 24 hours that may be written without second thoughts; above 0. */
  readonly budgetBytes: number;
  /** Bytes in 24 hours above which less is written; not below the budget. */
  readonly capBytes: number;
}

/** A stretch of time: an hour or a day, counted from 1970 in UTC. */
interface Slot {
  readonly number: number;
  readonly bytes: Partial<Record<WriteFeature, number>>;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Days that are remembered. */
export const WRITE_DAYS = 14;

/**
 * Counts what is written, by hour and by day of UTC, and says when it is too much. The budget is one of the last 24 hours,
 * whatever the calendar says. A wall clock that steps back makes no bytes vanish: hours that seem to lie ahead count on.
 */
export class DailyWrites implements WriteMeter {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: WriteLimits;
  readonly #startedAt: EpochMs;
  /** The oldest first; the last one is now. */
  #hours: Slot[] = [];
  #days: Slot[] = [];
  readonly #sinceStart: Partial<Record<WriteFeature, number>> = {};

  constructor(parts: { clock: Pick<Clock, "now"> }, limits: WriteLimits) {
    this.#clock = parts.clock;
    this.#startedAt = parts.clock.now();
    this.#limits = limits;
  }

  feature(name: WriteFeature): FeatureMeter {
    const verdict = (): WriteVerdict => this.verdict;
    return {
      wrote: (bytes) => this.#wrote(name, bytes),
      get verdict() {
        return verdict();
      },
    };
  }

  /** Above the cap counts what was written; above the budget also the pace, so that the budget lasts for the day. */
  get verdict(): WriteVerdict {
    const total = this.lastDayBytes;
    if (total > this.#limits.capBytes) return "thin";
    const pace = (total * HOURS) / Math.max(1, this.coveredHours);
    return pace > this.#limits.budgetBytes ? "batch-longer" : "ok";
  }

  get limits(): WriteLimits {
    return this.#limits;
  }

  /** What was written in the last 24 hours, to an hour. */
  get lastDay(): WrittenBytes {
    this.#turn();
    return sumOf(this.#hours);
  }

  get lastDayBytes(): number {
    return totalOf(this.lastDay);
  }

  /** Time that the count of the last day covers so far, in hours, 1/6 to 24. */
  get coveredHours(): number {
    this.#turn();
    const [first] = this.#hours;
    const now = this.#clock.now();
    const begun = first === undefined || this.#hours.length < 2 ? now : first.number * HOUR_MS;
    const covered = (now - Math.min(begun, this.#startedAt)) / HOUR_MS;
    return Math.min(HOURS, Math.max(1 / 6, covered));
  }

  /** What this process has written. */
  get sinceStart(): WrittenBytes {
    return this.#sinceStart;
  }

  /** The latest days, today included, the oldest first. `day` is `2026-01-31`. */
  get days(): readonly { readonly day: string; readonly bytes: WrittenBytes }[] {
    this.#turn();
    return this.#days.map(({ number, bytes }) => ({ day: dayOf(number), bytes }));
  }

  /** What a restart must know. */
  save(): Json {
    this.#turn();
    return { hours: this.#hours.map(slotJson), days: this.#days.map(slotJson) };
  }

  /** Adds what an earlier process has counted. What cannot be read is left out. */
  restore(saved: Json | undefined): void {
    const { hours, days } = isJsonObject(saved) ? saved : {};
    this.#hours = merged(readSlots(hours), this.#hours);
    this.#days = merged(readSlots(days), this.#days);
    this.#turn();
  }

  #wrote(feature: WriteFeature, bytes: number): void {
    this.#turn();
    for (const counts of [this.#hours.at(-1)?.bytes, this.#days.at(-1)?.bytes, this.#sinceStart]) {
      if (counts !== undefined) counts[feature] = (counts[feature] ?? 0) + bytes;
    }
  }

  /** Begins the hour and the day that it is. */
  #turn(): void {
    const hour = Math.floor(this.#clock.now() / HOUR_MS);
    const day = Math.floor(hour / HOURS);
    if (this.#hours.at(-1)?.number !== hour) this.#hours = begun(this.#hours, hour, HOURS, hour - HOURS);
    if (this.#days.at(-1)?.number !== day)
      this.#days = begun(this.#days, day, WRITE_DAYS, Number.NEGATIVE_INFINITY);
  }
}

/** @param after slots up to this number are forgotten. */
function begun(slots: readonly Slot[], number: number, most: number, after: number): Slot[] {
  const known = slots.find((slot) => slot.number === number);
  const others = slots.filter((slot) => slot !== known && slot.number > after);
  return [...others, known ?? { number, bytes: {} }].slice(-most);
}

function merged(earlier: readonly Slot[], now: readonly Slot[]): Slot[] {
  const later = new Set(now.map(({ number }) => number));
  return [
    ...earlier.filter(({ number }) => !later.has(number)),
    ...now.map((slot) => ({
      number: slot.number,
      bytes: { ...sumOf([slot, ...earlier.filter(({ number }) => number === slot.number)]) },
    })),
  ];
}

function sumOf(slots: readonly Slot[]): WrittenBytes {
  const sum: Partial<Record<WriteFeature, number>> = {};
  for (const { bytes } of slots) {
    for (const feature of WRITE_FEATURES) {
      const some = bytes[feature];
      if (some !== undefined) sum[feature] = (sum[feature] ?? 0) + some;
    }
  }
  return sum;
}

export function totalOf(bytes: WrittenBytes): number {
  return Object.values(bytes).reduce((sum, some) => sum + some, 0);
}

function slotJson({ number, bytes }: Slot): Json {
  return [number, { ...bytes }];
}

function readSlots(saved: Json | undefined): Slot[] {
  return (Array.isArray(saved) ? saved : []).flatMap((slot): Slot[] => {
    const [number, found] = Array.isArray(slot) ? slot : [];
    if (!Number.isSafeInteger(number) || !isJsonObject(found)) return [];
    const bytes: Slot["bytes"] = {};
    for (const feature of WRITE_FEATURES) {
      const some = found[feature];
      if (typeof some === "number" && some >= 0 && Number.isFinite(some)) bytes[feature] = some;
    }
    return [{ number: number as number, bytes }];
  });
}

function dayOf(number: number): string {
  const time = new Date(number * HOURS * HOUR_MS);
  return Number.isNaN(time.getTime()) ? String(number) : time.toISOString().slice(0, 10);
}
