import type { Clock } from "@tram/core";
import type { ClockTrust, EpochMs, PropertyKey, Reading, ThingId } from "@tram/protocol";
import type { HistoryPolicy, PolicyFor } from "./policy.ts";
import { addGap, addValue, append, emptyRun, MOST_TIME, picked, type Run, sorted } from "./run.ts";

const DAY_MS = 86_400_000;
/** Before that there was no gateway to report to: a source that says so has no clock. */
const EARLIEST = Date.UTC(2020, 0, 1);

/** What memory holds of one property and no file does. */
export interface Series {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly policy: HistoryPolicy;
  run: Run;
  /** Stamped by a clock that nothing has set yet: its times are monotonic, until somebody knows better. */
  held: Run | undefined;
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
  #properties = 0;
  #entries = 0;
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
    return this.#entries;
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
    if (quality === "good") this.#add(series, held, (run) => addValue(run, at, value));
    else if (!series.inGap) this.#add(series, held, (run) => addGap(run, at, quality));
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
    const run = withHeld ? this.seen(series) : series.run;
    series.run = emptyRun(run.kind);
    if (withHeld) series.held = undefined;
    this.#entries -= run.times.length;
    return sorted(run);
  }

  /** All that memory holds of one property, by the clock of now; nothing is taken out. */
  seen({ held, run }: Series): Run {
    if (held === undefined) return run;
    const offset = this.#clock.now() - this.#clock.monotonic();
    const times = held.times.map((at) => Math.min(MOST_TIME, Math.max(0, Math.round(at + offset))));
    const all = emptyRun();
    append(all, run);
    append(all, { ...held, times });
    return all;
  }

  giveBack(series: Series, run: Run): void {
    this.#entries += run.times.length;
    append(run, series.run);
    series.run = run;
  }

  #add(series: Series, held: boolean, add: (run: Run) => void): void {
    if (this.#entries >= this.#limits.entries) this.#dropOlder();
    if (!held) add(series.run);
    else {
      series.held ??= emptyRun();
      add(series.held);
    }
    this.#entries++;
  }

  #seriesOf(thing: ThingId, property: PropertyKey): Series | undefined {
    const known = this.find(thing, property);
    if (known !== undefined) return known.policy.record ? known : undefined;
    if (this.#properties >= this.#limits.properties) {
      this.#refused++;
      return undefined;
    }
    const policy = this.#policyFor(thing, property);
    const series: Series = { thing, property, policy, run: emptyRun(), held: undefined, inGap: false };
    const properties = this.#things.get(thing);
    if (properties === undefined) this.#things.set(thing, new Map([[property, series]]));
    else properties.set(property, series);
    this.#properties++;
    return policy.record ? series : undefined;
  }

  /** Memory is full and the disk takes nothing: the newer half is worth more. */
  #dropOlder(): void {
    this.#entries = 0;
    for (const series of this.all()) {
      for (const which of ["run", "held"] as const) {
        const run = series[which];
        if (run === undefined) continue;
        const from = Math.ceil(run.times.length / 2);
        if (from > 0) {
          const kept = emptyRun(run.kind);
          addGap(kept, run.times[0] ?? 0, "dropped");
          append(kept, picked(run, run.times.map((_, place) => place).slice(from)));
          series[which] = kept;
          this.#dropped += from;
        }
        this.#entries += series[which]?.times.length ?? 0;
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
