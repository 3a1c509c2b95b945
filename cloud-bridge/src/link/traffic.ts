import type { Clock, Store, WanState } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, type Ms } from "@tram/protocol";
import type { BridgeLog } from "../bridge-log.ts";
import { Calendar, monthOf } from "./calendar.ts";

export interface TrafficOptions {
  readonly bridge: string;
  /** IANA time zone whose months and days are counted. */
  readonly timezone: string;
  readonly clock: Clock;
  readonly wan: WanState;
  /** Bytes that a month may cost; left out: as many as it takes. */
  readonly budgetBytes?: number;
  readonly log: BridgeLog;
  /** Told when `level` has changed. */
  readonly onChange: () => void;
}

/** `near`: 80 % of the month's bytes are used. `spent`: all of them. */
export type BudgetLevel = "ok" | "near" | "spent";

export interface TrafficCounts {
  /** Bytes of this day. 0 while the clock does not know which day it is. */
  readonly today: number;
  /** Of this month; those that no month is known for come on top. */
  readonly month: number;
  /** Bytes that were used while nobody knew the date. */
  readonly undated: number;
  /** What the month will come to if it goes on so. Left out where less than a day is known of it. */
  readonly forecast?: number;
  readonly budget?: {
    readonly limit: number;
    /** Of `limit`: what did not go over a line that is known to cost nothing. */
    readonly used: number;
    readonly level: BudgetLevel;
  };
}

/** Part of the `outbox` in the store's write meter. */
const TABLE = "outbox-usage";
/** How often the counts are written while a budget depends on them, and otherwise. */
const WRITE_MS: Ms = 60_000;
const RARELY_MS: Ms = 900_000;
/** How long a look at the date holds. */
const DATE_MS: Ms = 1_000;
const NEAR = 0.8;
const DAY_MS: Ms = 86_400_000;
const KEPT_MONTHS = 13;

/** Bytes, and those of them that are paid for. */
interface Count {
  all: number;
  paid: number;
}

/**
 * Counts the bytes of one bridge by day and month, over restarts. While nobody knows the date they are counted apart,
 * and given to the month in which the clock was set; until then they are held against the latest month that is known.
 * The end of the process costs the counts since the last writing, at most.
 */
export class Traffic implements AsyncDisposable {
  readonly #store: Store;
  readonly #options: TrafficOptions;
  readonly #calendar: Calendar;
  readonly #months: Map<string, Count>;
  readonly #undated: Count;
  #day: { day: string; bytes: number };
  /** When counting of the latest month began. */
  #since: { month: string; at: number };
  #date: { readonly day: string | undefined; readonly until: Ms } | undefined;
  #end: { readonly month: string; readonly at: number } | undefined;
  #level: BudgetLevel = "ok";
  #changed = false;
  #failing = false;
  #timer: Disposable | undefined;
  #steps: Disposable | undefined;

  /** @throws {StoreError} when the store cannot be read. */
  static async open(store: Store, options: TrafficOptions): Promise<Traffic> {
    const saved = (await store.entries(TABLE)).get(options.bridge);
    const traffic = new Traffic(store, options, isJsonObject(saved) ? saved : {});
    traffic.#begin();
    return traffic;
  }

  private constructor(store: Store, options: TrafficOptions, saved: JsonObject) {
    this.#store = store;
    this.#options = options;
    this.#calendar = new Calendar(options.timezone);
    const months = isJsonObject(saved.months) ? saved.months : {};
    this.#months = new Map(Object.entries(months).map(([month, count]) => [month, readCount(count)]));
    this.#undated = readCount(saved.undated);
    const day = isJsonObject(saved.day) ? saved.day : {};
    this.#day = { day: String(day.day ?? ""), bytes: readBytes(day.bytes) };
    const since = isJsonObject(saved.since) ? saved.since : {};
    this.#since = { month: String(since.month ?? ""), at: readBytes(since.at) };
  }

  #begin(): void {
    this.#level = this.#levelOf(this.#used(this.#latestMonth(this.#today())));
    this.#tell("ok");
    this.#steps = this.#options.clock.onStep(() => {
      this.#date = undefined;
      this.#look();
    });
    this.#look();
  }

  add(bytes: number): void {
    if (bytes <= 0) return;
    const day = this.#today();
    const paid = this.#options.wan.state === "unmetered" ? 0 : bytes;
    const count = day === undefined ? this.#undated : this.#monthAt(monthOf(day));
    count.all += bytes;
    count.paid += paid;
    if (day !== undefined) this.#countDay(day, bytes);
    this.#changed = true;
    this.#look();
    this.#arm();
  }

  get level(): BudgetLevel {
    return this.#level;
  }

  counts(): TrafficCounts {
    this.#look();
    const day = this.#today();
    const month = this.#latestMonth(day);
    const count = this.#months.get(month) ?? { all: 0, paid: 0 };
    const forecast = day === undefined ? undefined : this.#forecast(count.all);
    const { budgetBytes } = this.#options;
    return {
      today: day === this.#day.day ? this.#day.bytes : 0,
      month: count.all,
      undated: this.#undated.all,
      ...(forecast === undefined ? {} : { forecast }),
      ...(budgetBytes === undefined
        ? {}
        : { budget: { limit: budgetBytes, used: this.#used(month), level: this.#level } }),
    };
  }

  /** Writes what is not written yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#steps?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#write();
  }

  /** `undefined` while nobody knows. */
  #today(): string | undefined {
    const { clock } = this.#options;
    if (clock.trust === "untrusted") return undefined;
    const now = clock.monotonic();
    if (this.#date === undefined || now >= this.#date.until) {
      this.#date = { day: this.#calendar.day(clock.now()), until: now + DATE_MS };
    }
    return this.#date.day;
  }

  /** Gives what had no date to this month, and sees how much of it is used. */
  #look(): void {
    const day = this.#today();
    if (day !== undefined && this.#undated.all > 0) {
      const count = this.#monthAt(monthOf(day));
      count.all += this.#undated.all;
      count.paid += this.#undated.paid;
      this.#countDay(day, this.#undated.all);
      this.#undated.all = 0;
      this.#undated.paid = 0;
      this.#changed = true;
      this.#arm();
    }
    const level = this.#levelOf(this.#used(this.#latestMonth(day)));
    if (level === this.#level) return;
    const before = this.#level;
    this.#level = level;
    this.#tell(before);
    if (level === "spent") this.#arm();
    this.#options.onChange();
  }

  #tell(before: BudgetLevel): void {
    const { bridge, budgetBytes, log } = this.#options;
    const fields = { bridge, budgetBytes };
    if (this.#level === "spent") log.warn(fields, "the month's bytes are used up: telemetry waits");
    else if (this.#level === "near" && before === "ok")
      log.warn(fields, "80 % of the month's bytes are used");
    else if (before === "spent") log.info(fields, "there are bytes again: telemetry goes on");
  }

  #levelOf(used: number): BudgetLevel {
    const { budgetBytes } = this.#options;
    if (budgetBytes === undefined || used < budgetBytes * NEAR) return "ok";
    return used < budgetBytes ? "near" : "spent";
  }

  #used(month: string): number {
    return (this.#months.get(month)?.paid ?? 0) + this.#undated.paid;
  }

  /** This month, or the latest that is known of. */
  #latestMonth(day: string | undefined): string {
    return day === undefined ? ([...this.#months.keys()].sort().at(-1) ?? "") : monthOf(day);
  }

  #monthAt(month: string): Count {
    const known = this.#months.get(month);
    if (known !== undefined) return known;
    const made = { all: 0, paid: 0 };
    this.#months.set(month, made);
    this.#since = { month, at: this.#options.clock.now() };
    const old = [...this.#months.keys()].sort().slice(0, -KEPT_MONTHS);
    for (const key of old) if (key !== month) this.#months.delete(key);
    return made;
  }

  #countDay(day: string, bytes: number): void {
    if (this.#day.day !== day) this.#day = { day, bytes: 0 };
    this.#day.bytes += bytes;
  }

  #forecast(used: number): number | undefined {
    const now = this.#options.clock.now();
    const day = this.#today();
    if (day === undefined || this.#since.month !== monthOf(day)) return undefined;
    const countedMs = now - this.#since.at;
    // A day has its quiet hours and its busy ones: less than one says nothing about the others.
    if (countedMs < DAY_MS) return undefined;
    if (this.#end?.month !== monthOf(day)) {
      this.#end = { month: monthOf(day), at: this.#calendar.monthEnd(now) };
    }
    return Math.round(used + (used / countedMs) * Math.max(0, this.#end.at - now));
  }

  #arm(): void {
    const { budgetBytes, clock, wan } = this.#options;
    const often = budgetBytes !== undefined || wan.state === "metered";
    this.#timer ??= clock.after(often ? WRITE_MS : RARELY_MS, () => {
      this.#timer = undefined;
      void this.#write();
      this.#look();
      // Nothing is sent that would look at the date: the new month must be seen all the same.
      if (this.#level === "spent") this.#arm();
    });
  }

  async #write(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    const { bridge, log } = this.#options;
    const value: Json = {
      months: Object.fromEntries([...this.#months].map(([month, count]) => [month, { ...count }])),
      undated: { ...this.#undated },
      day: this.#day,
      since: this.#since,
    };
    try {
      await this.#store.commit([{ op: "put", table: TABLE, key: bridge, value }], "crash");
      this.#failing = false;
    } catch (error) {
      this.#changed = true;
      if (!this.#failing) log.warn({ bridge, reason: String(error) }, "the bridge's bytes are not kept");
      this.#failing = true;
    }
  }
}

function readCount(value: Json | undefined): Count {
  const { all, paid } = isJsonObject(value) ? value : {};
  return { all: readBytes(all), paid: readBytes(paid) };
}

function readBytes(value: Json | undefined): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
