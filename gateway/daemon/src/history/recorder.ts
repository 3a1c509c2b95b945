import type { Clock } from "@tram/core";
import type { ClockTrust, EpochMs, PropertyKey, Reading, ThingId } from "@tram/protocol";
import { type MemoryRun, MemoryRuns } from "./memory-runs.ts";
import type { HistoryPolicy, PolicyFor } from "./policy.ts";
import { addGap, append, emptyRun, MOST_TIME, picked, type Run, sorted } from "./run.ts";

const DAY_MS = 86_400_000;
/** Twice what one description may have: so many properties of one Thing, under whatever names it gives them. */
const MOST_OF_A_THING = 1_024;
/** All properties are looked through for empty ones at most so often. */
const SWEEP_MS = 60_000;
/** What part of the limit is much. */
const CROWDED = 3 / 4;
/** Before that there was no gateway to report to: a source that says so has no clock. */
const EARLIEST = Date.UTC(2020, 0, 1);

/** What memory holds of one property and no file does. */
export interface Series {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly policy: HistoryPolicy;
  readonly run: MemoryRun;
  /** Stamped by a clock that nothing has set yet: its times are monotonic, until somebody knows better. */
  held: MemoryRun | undefined;
  /** The latest entry was no value. */
  inGap: boolean;
}

export interface RecorderLimits {
  /** Entries of all properties together, several times as many as properties; beyond, the older half of each is dropped. */
  readonly entries: number;
  readonly properties: number;
}

/** The ring of readings in memory, until they are written. */
export class Recorder {
  readonly #clock: Pick<Clock, "now" | "monotonic" | "trust">;
  readonly #policyFor: PolicyFor;
  readonly #limits: RecorderLimits;
  /** By Thing and property: a key of both for each of ten thousand would cost as much again as their place. */
  readonly #things = new Map<string, Map<string, Series>>();
  readonly #memory = new MemoryRuns();
  #properties = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #dropped = 0;

  constructor(
    parts: { clock: Pick<Clock, "now" | "monotonic" | "trust">; policyFor: PolicyFor },
    limits: RecorderLimits,
  ) {
    this.#clock = parts.clock;
    this.#policyFor = parts.policyFor;
    this.#limits = limits;
  }

  /** Entries that wait to be written. */
  get entries(): number {
    return this.#memory.entries;
  }

  /** Soon there will be no room. */
  get isCrowded(): boolean {
    return this.entries > CROWDED * this.#limits.entries;
  }

  /** Readings of properties beyond the limit, ever. */
  get refused(): number {
    return this.#refused;
  }

  /** Entries that memory had no room for, ever. */
  get dropped(): number {
    return this.#dropped;
  }

  *all(): IterableIterator<Series> {
    for (const properties of this.#things.values()) yield* properties.values();
  }

  find(thing: string, property: string): Series | undefined {
    return this.#things.get(thing)?.get(property);
  }

  /** Takes a reading. */
  take(reading: Reading): void {
    const { thing, property, quality, value } = reading;
    const series = this.#seriesOf(thing, property);
    if (series === undefined) return;
    const { trust } = this.#clock;
    const time = timeOf(reading, trust);
    if (time === undefined) return;
    // Nobody knows yet when that was, but how long ago it is.
    const held = trust === "untrusted" && time === Math.round(reading.receivedAt);
    const at = held ? Math.round(this.#clock.monotonic()) : time;
    if (quality === "good") this.#memory.addValue(this.#runFor(series, held), at, value);
    else if (!series.inGap) this.#memory.addGap(this.#runFor(series, held), at, quality);
    series.inGap = quality !== "good";
  }

  /** Notes that a device stopped, or began again, to vouch for a value. */
  takeQuality(reading: Reading): void {
    const known = this.find(reading.thing, reading.property);
    if (known === undefined || reading.value === null) return;
    if ((reading.quality !== "good") === known.inGap) return;
    const now = this.#clock.now();
    this.take({ ...reading, time: now, receivedAt: now });
  }

  /**
   * Takes out of the memory what one property has.
   * @param withHeld also what waits for the right time: by the clock of now.
   * @returns it in the order of time; `giveBack` it when it could not be written.
   */
  drain(series: Series, withHeld: boolean): Run {
    const run = this.#memory.take(series.run);
    if (withHeld && series.held !== undefined) {
      append(run, this.#byClock(this.#memory.take(series.held)));
      series.held = undefined;
    }
    return sorted(run);
  }

  /** All that memory holds of one property, by the clock of now; nothing is taken out. */
  seen({ held, run }: Series): Run {
    const all = this.#memory.read(run);
    if (held !== undefined) append(all, this.#byClock(this.#memory.read(held)));
    return all;
  }

  giveBack(series: Series, run: Run): void {
    append(run, this.#memory.take(series.run));
    this.#memory.put(series.run, run);
  }

  /** What was held, with the times of the clock of now. */
  #byClock(held: Run): Run {
    const offset = this.#clock.now() - this.#clock.monotonic();
    const times = held.times.map((at) => Math.min(MOST_TIME, Math.max(0, Math.round(at + offset))));
    return { ...held, times };
  }

  /** Where a reading goes, with room for it. */
  #runFor(series: Series, held: boolean): MemoryRun {
    if (this.entries >= this.#limits.entries) this.#dropOlder();
    if (!held) return series.run;
    series.held ??= this.#memory.make();
    return series.held;
  }

  #seriesOf(thing: ThingId, property: PropertyKey): Series | undefined {
    const known = this.find(thing, property);
    if (known !== undefined) return known.policy.record ? known : undefined;
    if (!this.#hasRoomFor(thing)) {
      this.#refused++;
      return undefined;
    }
    const policy = this.#policyFor(thing, property);
    const series: Series = {
      thing,
      property,
      policy,
      run: this.#memory.make(),
      held: undefined,
      inGap: false,
    };
    const properties = this.#things.get(thing);
    if (properties === undefined) this.#things.set(thing, new Map([[property, series]]));
    else properties.set(property, series);
    this.#properties++;
    return policy.record ? series : undefined;
  }

  /** Devices give their properties new names; those of which nothing waits make room, or none could come after them. */
  #hasRoomFor(thing: ThingId): boolean {
    const own = this.#things.get(thing);
    if (own !== undefined && own.size >= MOST_OF_A_THING) {
      this.#forgetEmpty(thing, own);
      if (own.size >= MOST_OF_A_THING) return false;
    }
    if (this.#properties < this.#limits.properties) return true;
    const now = this.#clock.monotonic();
    if (now - this.#sweptAt < SWEEP_MS) return false;
    this.#sweptAt = now;
    for (const [each, properties] of this.#things) this.#forgetEmpty(each, properties);
    return this.#properties < this.#limits.properties;
  }

  #forgetEmpty(thing: string, properties: Map<string, Series>): void {
    for (const [key, { held, run }] of properties) {
      if (run.length > 0 || held !== undefined) continue;
      properties.delete(key);
      this.#properties--;
    }
    if (properties.size === 0) this.#things.delete(thing);
  }

  /** Memory is full and the disk takes nothing: the newer half is worth more. */
  #dropOlder(): void {
    for (const { held, run } of this.all()) {
      for (const which of [run, held]) {
        if (which === undefined || which.length === 0) continue;
        const whole = this.#memory.take(which);
        const from = Math.ceil(whole.times.length / 2);
        const kept = emptyRun(whole.kind);
        addGap(kept, whole.times[0] ?? 0, "dropped");
        append(kept, picked(whole, whole.times.map((_, place) => place).slice(from)));
        this.#memory.put(which, kept);
        this.#dropped += from;
      }
    }
  }
}

/**
 * The time under which a reading is kept: that of its source, unless it lies ahead by more than a day or behind by more
 * than 400; then the gateway's.
 * @returns undefined when neither can be.
 */
export function timeOf(
  reading: Pick<Reading, "time" | "receivedAt">,
  trust: ClockTrust,
): EpochMs | undefined {
  const [time, received] = [Math.round(reading.time), Math.round(reading.receivedAt)];
  const likely =
    trust === "untrusted"
      ? time >= EARLIEST || time === received
      : time <= received + DAY_MS && time >= received - 400 * DAY_MS;
  if (likely && isTime(time)) return time;
  return isTime(received) ? received : undefined;
}

function isTime(time: number): boolean {
  return time >= 0 && time <= MOST_TIME;
}
