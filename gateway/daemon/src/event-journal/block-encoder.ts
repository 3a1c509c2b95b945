import type { ClockTrust, EpochMs, Ms, Reading } from "@tram/protocol";
import {
  type BlockHeader,
  CODE,
  EXTRA,
  FLAG,
  isReadingKind,
  LARGEST_WHOLE,
  type Mark,
  QUALITIES,
  type RawBlock,
} from "./block-layout.ts";
import { ByteSink } from "./byte-sink.ts";
import type { Happenings, RecordedKind } from "./journal-event.ts";
import { type Series, SeriesTable } from "./series-table.ts";
import { writeValue } from "./write-value.ts";

/** The clocks of an event, and its number. */
export interface Stamp {
  seq: number;
  wall: EpochMs;
  monotonic: Ms;
  trust: ClockTrust;
}

/** The monotonic clock is bent by less than this to the milliseconds of the wall clock. */
const BENT_MS: Ms = 1.5;
/** More is no drift. */
const STEP_MS: Ms = 500;

/**
 * Writes events into one block after the other. Every block can be read alone: the names of its properties are in it,
 * and the first value of each. Appending a reading makes no garbage but what a new property needs.
 */
export class BlockEncoder {
  readonly #origin: Pick<BlockHeader, "run" | "bootId">;
  readonly #heads = new ByteSink();
  readonly #times = new ByteSink();
  readonly #seriesColumn = new ByteSink();
  readonly #values = new ByteSink();
  readonly #rest = new ByteSink();
  readonly #columns = [this.#heads, this.#times, this.#seriesColumn, this.#values, this.#rest];
  readonly #table = new SeriesTable();
  #first: Mark | undefined;
  #firstSeq = 0;
  #nextSeq = 0;
  #monotonic: Ms = 0;
  #offset: Ms = 0;
  #trust: ClockTrust = "untrusted";
  #believed: Mark | undefined;
  #stepped = false;
  #entries = 0;

  constructor(origin: Pick<BlockHeader, "run" | "bootId">) {
    this.#origin = origin;
  }

  /** Events and known facts in the block. */
  get entries(): number {
    return this.#entries;
  }

  /** Of the columns, in bytes. */
  get bytes(): number {
    let sum = 0;
    for (const column of this.#columns) sum += column.length;
    return sum;
  }

  /** Memory that the encoder holds, in bytes; without the names of the properties. */
  get capacity(): number {
    let sum = 0;
    for (const column of this.#columns) sum += column.capacity;
    return sum;
  }

  /** @param stamp is only read. Known facts have the number of the next event. */
  append<Kind extends RecordedKind>(kind: Kind, what: Happenings[Kind], stamp: Stamp): void {
    this.#moveTo(stamp);
    const isKnown = kind === "known-thing" || kind === "known-reading";
    if (stamp.seq !== this.#nextSeq) this.#skip(stamp.seq - this.#nextSeq);
    if (!isKnown) this.#nextSeq = stamp.seq + 1;
    this.#entries++;
    if (isReadingKind(kind)) {
      this.#reading(CODE[kind], what as Reading, stamp.wall);
      return;
    }
    this.#heads.byte(CODE[kind]);
    this.#times.unsigned(this.#elapsed(stamp.wall));
    this.#rest.text(JSON.stringify(what));
    if (kind !== "clock") return;
    const wasTrusted = this.#trust !== "untrusted";
    this.#trust = stamp.trust;
    if (!wasTrusted && stamp.trust !== "untrusted") this.#believed ??= this.#mark();
  }

  /** What the block holds so far; it goes on. @returns undefined while there is nothing in it. */
  peek(keyframe = false): RawBlock | undefined {
    if (this.#first === undefined) return undefined;
    const content = Buffer.allocUnsafe(this.bytes);
    let at = 0;
    for (const column of this.#columns) {
      column.copyTo(content, at);
      at += column.length;
    }
    const header: BlockHeader = {
      ...this.#origin,
      keyframe,
      firstSeq: this.#firstSeq,
      nextSeq: this.#nextSeq,
      first: this.#first,
      last: this.#mark(),
      believed: this.#believed,
      stepped: this.#stepped,
      columns: this.#columns.map(({ length }) => length),
    };
    return { header, content };
  }

  /** Ends the block; the next event begins another one. */
  seal(keyframe = false): RawBlock | undefined {
    const block = this.peek(keyframe);
    for (const column of this.#columns) column.clear();
    this.#table.begin();
    this.#first = undefined;
    this.#believed = undefined;
    this.#stepped = false;
    this.#entries = 0;
    return block;
  }

  #mark(): Mark {
    return { monotonic: this.#monotonic, offset: this.#offset, trust: this.#trust };
  }

  /** Brings the clocks of the block to those of an event. */
  #moveTo({ seq, wall, monotonic, trust }: Stamp): void {
    if (this.#first === undefined) {
      this.#monotonic = Math.floor(monotonic);
      this.#offset = wall - this.#monotonic;
      this.#trust = trust;
      this.#first = this.#mark();
      this.#firstSeq = seq;
      this.#nextSeq = seq;
    } else if (Math.abs(wall - this.#offset - monotonic) >= BENT_MS) {
      const offset = wall - Math.floor(monotonic);
      this.#heads.byte(CODE.offset);
      this.#times.signed(offset - this.#offset);
      if (Math.abs(offset - this.#offset) > STEP_MS) this.#stepped = true;
      this.#offset = offset;
    }
  }

  /** Milliseconds since the event before, never negative. */
  #elapsed(wall: EpochMs): number {
    const monotonic = Math.max(this.#monotonic, wall - this.#offset);
    const elapsed = monotonic - this.#monotonic;
    this.#monotonic = monotonic;
    return elapsed;
  }

  #skip(missing: number): void {
    this.#heads.byte(CODE.skip);
    this.#times.unsigned(missing);
    this.#nextSeq += missing;
  }

  #reading(code: number, reading: Reading, wall: EpochMs): void {
    const { thing, property, value, quality, time, receivedAt, origin, cause, problem, taken } = reading;
    const elapsed = this.#elapsed(wall);
    const series = this.#table.find(thing, property);
    let head = code;
    if (receivedAt !== wall) head |= FLAG.received;
    if (time !== receivedAt) head |= FLAG.time;
    const extra =
      (origin === series.origin ? 0 : EXTRA.origin) |
      (quality === "good" ? 0 : EXTRA.quality) |
      (cause === undefined ? 0 : EXTRA.cause) |
      (problem === undefined ? 0 : EXTRA.problem) |
      (taken === undefined ? 0 : EXTRA.taken) |
      (taken === undefined || taken.bootId === this.#origin.bootId ? 0 : EXTRA.elsewhere);
    if (extra !== 0) head |= FLAG.extra;
    this.#times.unsigned(elapsed);
    if (receivedAt !== wall) this.#moment(receivedAt, wall);
    if (time !== receivedAt) this.#moment(time, receivedAt);
    this.#seriesColumn.unsigned(series.number);
    if (series.isNew) this.#name(series);
    if (extra !== 0) this.#extra(extra, reading, series);
    if (writeValue(this.#values, series, value)) head |= FLAG.delta;
    this.#heads.byte(head);
  }

  /** A time near another one; one far from everything is written whole. */
  #moment(time: EpochMs, near: EpochMs): void {
    const difference = time - near;
    const isNear = Number.isInteger(difference) && Math.abs(difference) < LARGEST_WHOLE;
    // Next to a large number a small fraction is rounded away.
    if (isNear && near + difference === time) {
      this.#times.signed(difference < 0 ? difference : difference + 1);
    } else {
      this.#times.signed(0);
      this.#times.double(time);
    }
  }

  #name(series: Series): void {
    series.isNew = false;
    this.#rest.text(series.thing);
    this.#rest.text(series.property);
  }

  #extra(extra: number, { origin, quality, cause, problem, taken }: Reading, series: Series): void {
    this.#rest.byte(extra);
    if ((extra & EXTRA.origin) !== 0) {
      this.#rest.text(wellFormed(origin));
      series.origin = origin;
    }
    if ((extra & EXTRA.quality) !== 0) this.#rest.byte(QUALITIES.indexOf(quality));
    if (cause !== undefined) this.#rest.text(JSON.stringify(cause));
    if (problem !== undefined) this.#rest.text(wellFormed(problem));
    if (taken === undefined) return;
    if ((extra & EXTRA.elsewhere) !== 0) this.#rest.text(wellFormed(taken.bootId));
    this.#rest.double(taken.monotonic);
  }
}

/** UTF-8 has no halves of pairs. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}
