import type {
  Cause,
  EpochMs,
  Instant,
  Json,
  Ms,
  Origin,
  PropertyKey,
  Reading,
  ThingId,
} from "@tram/protocol";
import {
  type BlockHeader,
  CODES,
  COLUMNS,
  EXTRA,
  FLAG,
  POWERS,
  QUALITIES,
  type RawBlock,
  VALUE,
} from "./block-layout.ts";
import { ByteSource, DamagedBytes } from "./byte-source.ts";
import { readCause, readHappening } from "./happening-schemas.ts";
import type { JournalEvent } from "./journal-event.ts";

/** Wall minus monotonic as a time source set it later in the same boot; undefined where none did. */
export type LaterOffset = (bootId: string, monotonic: Ms) => Ms | undefined;

/**
 * Reads a block whose checksum was right.
 * @param laterOffset tells how far off a clock was that nobody had set.
 * @returns undefined when it is not what an encoder writes.
 */
export function decodeBlock(
  block: RawBlock,
  laterOffset: LaterOffset = () => undefined,
): readonly JournalEvent[] | undefined {
  try {
    return new BlockDecoder(block, laterOffset).events();
  } catch (error) {
    if (error instanceof DamagedBytes) return undefined;
    throw error;
  }
}

interface KnownSeries {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  origin: Origin | undefined;
  value: Json | undefined;
  /** Undefined unless the value before was a decimal. */
  decimals: number | undefined;
  whole: number;
}

class BlockDecoder {
  readonly #header: BlockHeader;
  readonly #laterOffset: LaterOffset;
  readonly #heads: ByteSource;
  readonly #times: ByteSource;
  readonly #seriesColumn: ByteSource;
  readonly #values: ByteSource;
  readonly #rest: ByteSource;
  readonly #series: KnownSeries[] = [];
  #monotonic: Ms;
  #offset: Ms;
  #trust: Instant["trust"];
  #seq: number;
  /** From the wall clock as it stood to the time as it is known now. */
  #shift: Ms = 0;

  constructor({ header, content }: RawBlock, laterOffset: LaterOffset) {
    if (header.columns.length !== COLUMNS.length) throw new DamagedBytes("has other columns");
    let at = 0;
    const [heads, times, series, values, rest] = header.columns.map((bytes) => {
      at += bytes;
      return new ByteSource(content, at - bytes, at);
    }) as [ByteSource, ByteSource, ByteSource, ByteSource, ByteSource];
    if (at !== content.length) throw new DamagedBytes("has another length");
    this.#header = header;
    this.#laterOffset = laterOffset;
    this.#heads = heads;
    this.#times = times;
    this.#seriesColumn = series;
    this.#values = values;
    this.#rest = rest;
    this.#monotonic = header.first.monotonic;
    this.#offset = header.first.offset;
    this.#trust = header.first.trust;
    this.#seq = header.firstSeq;
    this.#setShift();
  }

  events(): readonly JournalEvent[] {
    const events: JournalEvent[] = [];
    while (!this.#heads.done) {
      const event = this.#next(this.#heads.byte());
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #next(head: number): JournalEvent | undefined {
    const code = CODES[head & 0x0f];
    switch (code) {
      case undefined:
        throw new DamagedBytes("has an event that this program does not know");
      case "offset":
        this.#offset += this.#times.signed();
        this.#setShift();
        return undefined;
      case "skip": {
        const missing = this.#times.unsigned();
        const gap = { ...this.#moment(), kind: "gap" as const, what: { missing } };
        this.#seq += missing;
        return gap;
      }
      case "reading":
      case "quality":
      case "repaired":
        this.#monotonic += this.#times.unsigned();
        return { kind: code, what: this.#reading(head), ...this.#counted() };
      case "known-reading":
        this.#monotonic += this.#times.unsigned();
        return { kind: code, what: this.#reading(head), ...this.#moment() };
      default: {
        this.#monotonic += this.#times.unsigned();
        const what = readHappening(code, this.#rest.text());
        if (what === undefined) throw new DamagedBytes(`has a ${code} that is none`);
        if (code === "clock") {
          this.#trust = (what as { trust: Instant["trust"] }).trust;
          this.#setShift();
        }
        const moment = code === "known-thing" ? this.#moment() : this.#counted();
        return { kind: code, what, ...moment } as JournalEvent;
      }
    }
  }

  #moment(): { seq: number; at: Instant; time: EpochMs } {
    const wall = this.#monotonic + this.#offset;
    const { bootId } = this.#header;
    const at = { wall, monotonic: this.#monotonic, bootId, trust: this.#trust };
    return { seq: this.#seq, at, time: wall + this.#shift };
  }

  #counted(): { seq: number; at: Instant; time: EpochMs } {
    const moment = this.#moment();
    this.#seq++;
    return moment;
  }

  #setShift(): void {
    if (this.#trust !== "untrusted") this.#shift = 0;
    else {
      const offset = this.#laterOffset(this.#header.bootId, this.#monotonic);
      this.#shift = offset === undefined ? 0 : offset - this.#offset;
    }
  }

  #reading(head: number): Reading {
    const wall = this.#monotonic + this.#offset;
    const receivedAt = (head & FLAG.received) === 0 ? wall : this.#near(wall);
    const time = (head & FLAG.time) === 0 ? receivedAt : this.#near(receivedAt);
    const series = this.#nextSeries();
    const { thing, property } = series;
    if ((head & FLAG.extra) === 0) {
      const { origin } = series;
      if (origin === undefined) throw new DamagedBytes("has a reading without an origin");
      const value = this.#value(head, series);
      return { thing, property, value, quality: "good", time, receivedAt, origin };
    }
    const extra = this.#rest.byte();
    // Blocks name the origins that the house gave them.
    if ((extra & EXTRA.origin) !== 0) series.origin = this.#rest.text() as Origin;
    const quality = QUALITIES[(extra & EXTRA.quality) === 0 ? 0 : this.#rest.byte()];
    const cause = (extra & EXTRA.cause) === 0 ? undefined : this.#cause();
    const problem = (extra & EXTRA.problem) === 0 ? undefined : this.#rest.text();
    const taken = (extra & EXTRA.taken) === 0 ? undefined : this.#taken(extra);
    const { origin } = series;
    if (origin === undefined || quality === undefined)
      throw new DamagedBytes("has a reading without an origin");
    const value = this.#value(head, series);
    return {
      thing,
      property,
      value,
      quality,
      time,
      receivedAt,
      origin,
      ...(cause === undefined ? {} : { cause }),
      ...(problem === undefined ? {} : { problem }),
      ...(taken === undefined ? {} : { taken }),
    };
  }

  #near(time: EpochMs): EpochMs {
    const difference = this.#times.signed();
    if (difference === 0) return this.#times.double();
    return time + (difference < 0 ? difference : difference - 1);
  }

  #taken(extra: number): NonNullable<Reading["taken"]> {
    const bootId = (extra & EXTRA.elsewhere) === 0 ? this.#header.bootId : this.#rest.text();
    return { bootId, monotonic: this.#rest.double() };
  }

  #cause(): Cause {
    const cause = readCause(this.#rest.text());
    if (cause === undefined) throw new DamagedBytes("has a cause that is none");
    return cause;
  }

  #nextSeries(): KnownSeries {
    const number = this.#seriesColumn.unsigned();
    const known = this.#series[number];
    if (known !== undefined) return known;
    if (number !== this.#series.length) throw new DamagedBytes("has a property without a name");
    const series: KnownSeries = {
      thing: this.#rest.text() as ThingId,
      property: this.#rest.text() as PropertyKey,
      origin: undefined,
      value: undefined,
      decimals: undefined,
      whole: 0,
    };
    this.#series.push(series);
    return series;
  }

  #value(head: number, series: KnownSeries): Json {
    if ((head & FLAG.delta) !== 0) return this.#decimal(series, series.whole);
    const tag = VALUE[this.#values.byte()];
    if (tag === "decimal") {
      series.decimals = this.#values.byte();
      return this.#decimal(series, 0);
    }
    const value = this.#other(tag, series);
    series.decimals = undefined;
    series.value = value;
    return value;
  }

  #decimal(series: KnownSeries, from: number): number {
    const power = POWERS[series.decimals ?? -1];
    if (power === undefined) throw new DamagedBytes("has a difference to nothing");
    series.whole = from + this.#values.signed();
    const value = series.whole / power;
    series.value = value;
    return value;
  }

  #other(tag: (typeof VALUE)[number] | undefined, series: KnownSeries): Json {
    switch (tag) {
      case "same":
        if (series.value === undefined) throw new DamagedBytes("has the same as nothing");
        return series.value;
      case "null":
        return null;
      case "false":
        return false;
      case "true":
        return true;
      case "double":
        return this.#values.double();
      case "text":
        return this.#values.text();
      case "json":
        return parsed(this.#values.text());
      default:
        throw new DamagedBytes("has a value that this program does not know");
    }
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new DamagedBytes("has a value that is no JSON");
  }
}
