import type { Json } from "@tram/protocol";
import {
  emptyRun,
  GAP_REASONS,
  type GapReason,
  kindOf,
  NONE,
  placeOf,
  type Run,
  type RunKind,
  textFor,
  turnToText,
} from "./run.ts";

/** One of many runs that share the memory of `MemoryRuns`, in the order in which its entries came. */
export interface MemoryRun {
  kind: RunKind;
  /** Places of its first and its last entry; -1 for none. */
  first: number;
  last: number;
  length: number;
  texts: string[];
  gaps: number[];
}

/** Entries of one page, 80 kB. */
const PAGE_BITS = 12;
const PAGE_ENTRIES = 2 ** PAGE_BITS;
const NO_PLACE = -1;

/** Where entries lie: two numbers each, and the place of the next one of the same run. */
interface Page {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly next: Int32Array;
}

/**
 * The entries of ten thousand runs that are short and are emptied again and again. Each with arrays of its own, most of the
 * memory would be room that arrays keep for what may come, and all of it garbage once a window: here an entry takes 20
 * bytes, and its place is used again.
 */
export class MemoryRuns {
  #pages: Page[] = [];
  /** The first of the places that are free again; each names the next one. */
  #free = NO_PLACE;
  #entries = 0;

  /** Entries of all runs. */
  get entries(): number {
    return this.#entries;
  }

  /** Memory that the entries have, in bytes. */
  get bytes(): number {
    return this.#pages.reduce((sum, { times }) => sum + times.buffer.byteLength, 0);
  }

  make(): MemoryRun {
    return { kind: "number", first: NO_PLACE, last: NO_PLACE, length: 0, texts: NONE, gaps: NONE };
  }

  /** Adds a value; a run whose values are of another kind becomes one of texts. One that is too long is a gap. */
  addValue(run: MemoryRun, time: number, value: Json): void {
    const kind = kindOf(value);
    // Nothing but gaps so far: they are of any kind.
    if (run.length === run.gaps.length && run.kind !== kind) {
      run.kind = kind;
      run.texts = NONE;
    }
    if (kind !== "text" && run.kind === kind) {
      // JSON knows no 0 with a sign, and a run may become JSON.
      this.#push(run, time, Number(value) + 0);
      return;
    }
    const text = textFor(value);
    if (text === undefined) {
      this.addGap(run, time, "large");
      return;
    }
    if (run.kind !== "text") {
      const whole = this.take(run);
      turnToText(whole);
      this.put(run, whole);
    }
    if (run.texts === NONE) run.texts = [];
    this.#push(run, time, placeOf(run.texts, text));
  }

  /** Begins a gap. */
  addGap(run: MemoryRun, time: number, reason: GapReason): void {
    this.#push(run, time, Number.NaN);
    if (run.gaps === NONE) run.gaps = [];
    run.gaps.push(GAP_REASONS.indexOf(reason));
  }

  /** A copy of a run. */
  read({ first, gaps, kind, last, texts }: MemoryRun): Run {
    const run = emptyRun(kind);
    for (let place = first; place !== NO_PLACE; ) {
      const { next, times, values } = this.#pageOf(place);
      const at = place % PAGE_ENTRIES;
      run.times.push(times[at] as number);
      run.values.push(values[at] as number);
      place = place === last ? NO_PLACE : (next[at] as number);
    }
    if (texts !== NONE) run.texts = [...texts];
    if (gaps !== NONE) run.gaps = [...gaps];
    return run;
  }

  /** Empties a run. @returns what it held. */
  take(run: MemoryRun): Run {
    const taken = this.read(run);
    if (run.length > 0) {
      this.#pageOf(run.last).next[run.last % PAGE_ENTRIES] = this.#free;
      this.#free = run.first;
      this.#entries -= run.length;
    }
    run.first = NO_PLACE;
    run.last = NO_PLACE;
    run.length = 0;
    run.texts = NONE;
    run.gaps = NONE;
    if (this.#entries === 0) {
      this.#pages = [];
      this.#free = NO_PLACE;
    }
    return taken;
  }

  /** Fills a run that is empty. @param content is the run's from now on. */
  put(run: MemoryRun, content: Run): void {
    run.kind = content.kind;
    run.texts = content.texts;
    run.gaps = content.gaps;
    for (const [index, time] of content.times.entries())
      this.#push(run, time, content.values[index] as number);
  }

  #push(run: MemoryRun, time: number, value: number): void {
    if (this.#free === NO_PLACE) this.#addPage();
    const place = this.#free;
    const at = place % PAGE_ENTRIES;
    const { next, times, values } = this.#pageOf(place);
    this.#free = next[at] as number;
    times[at] = time;
    values[at] = value;
    next[at] = NO_PLACE;
    if (run.length === 0) run.first = place;
    else this.#pageOf(run.last).next[run.last % PAGE_ENTRIES] = place;
    run.last = place;
    run.length++;
    this.#entries++;
  }

  #pageOf(place: number): Page {
    return this.#pages[place >> PAGE_BITS] as Page;
  }

  #addPage(): void {
    const begin = this.#pages.length * PAGE_ENTRIES;
    const bytes = PAGE_ENTRIES * Float64Array.BYTES_PER_ELEMENT;
    const memory = new ArrayBuffer(2 * bytes + PAGE_ENTRIES * Int32Array.BYTES_PER_ELEMENT);
    const next = new Int32Array(memory, 2 * bytes);
    for (let at = 0; at < PAGE_ENTRIES - 1; at++) next[at] = begin + at + 1;
    next[PAGE_ENTRIES - 1] = this.#free;
    this.#free = begin;
    this.#pages.push({
      times: new Float64Array(memory, 0, PAGE_ENTRIES),
      values: new Float64Array(memory, bytes, PAGE_ENTRIES),
      next,
    });
  }
}
