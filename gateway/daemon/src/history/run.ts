import type { Json } from "@tram/protocol";

/** What a property's values are over a stretch of time. Texts, enumerations, lists and objects are `text`: JSON. */
export type RunKind = "number" | "boolean" | "text";
export const RUN_KINDS = ["number", "boolean", "text"] as const;

/**
 * Why nobody knows the value from here on, until the next one.
 * - `bad`: the device sent what its description forbids. `stale`: it went away.
 * - `large`: the value is too long to be kept. `thinned`: only the tiers keep it, to spare the flash.
 * - `dropped`: memory was full, and the disk took nothing.
 */
export const GAP_REASONS = ["bad", "stale", "large", "thinned", "dropped"] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/**
 * Values of one property, in columns. `values` holds numbers, 0 and 1, or places in `texts`; NaN where a gap begins, and
 * `gaps` holds the reasons of these in their order, as places in `GAP_REASONS`.
 */
export interface Run {
  kind: RunKind;
  /** Epoch milliseconds, whole. */
  times: number[];
  values: number[];
  texts: string[];
  gaps: number[];
}

/** Most runs are of numbers without a gap: they share this empty column, until they need one of their own. */
export const NONE: never[] = [];
Object.freeze(NONE);

/** Times a history can hold, in epoch milliseconds: hours of 24 bits. */
export const MOST_TIME = 2 ** 24 * 3_600_000 - 1;
/** Longest value that is kept, as JSON. In characters. */
const LONGEST_TEXT = 1_024;

export function emptyRun(kind: RunKind = "number"): Run {
  return { kind, times: [], values: [], texts: NONE, gaps: NONE };
}

/** Begins a gap. */
export function addGap(run: Run, time: number, reason: GapReason): void {
  run.times.push(time);
  run.values.push(Number.NaN);
  if (run.gaps === NONE) run.gaps = [];
  run.gaps.push(GAP_REASONS.indexOf(reason));
}

export function kindOf(value: Json): RunKind {
  if (typeof value === "number") return "number";
  return typeof value === "boolean" ? "boolean" : "text";
}

/** A value as a run of texts holds it; undefined when it is too long to be kept. */
export function textFor(value: Json): string | undefined {
  const text = JSON.stringify(value);
  return text.length > LONGEST_TEXT ? undefined : text;
}

/** The JSON value at a place; undefined at a gap. */
export function valueAt(run: Run, index: number): Json | undefined {
  const value = run.values[index] ?? Number.NaN;
  if (Number.isNaN(value)) return undefined;
  if (run.kind === "number") return value;
  return run.kind === "boolean" ? value === 1 : (JSON.parse(run.texts[value] ?? "null") as Json);
}

export function turnToText(run: Run): void {
  if (run.kind === "text") return;
  const texts = new Map<string, number>();
  run.values = run.values.map((value) => {
    if (Number.isNaN(value)) return value;
    const text = textOf(run.kind, value);
    const place = texts.get(text) ?? texts.size;
    texts.set(text, place);
    return place;
  });
  run.texts = [...texts.keys()];
  run.kind = "text";
}

/** A number or a truth as JSON. */
export function textOf(kind: RunKind, value: number): string {
  return kind === "boolean" ? String(value === 1) : String(value);
}

/** The place of a text among those of a run, which it is added to where it is new. */
export function placeOf(texts: string[], text: string): number {
  const known = texts.lastIndexOf(text);
  return known < 0 ? texts.push(text) - 1 : known;
}

/** Adds all of another run behind this one; the result may need sorting. */
export function append(run: Run, more: Run): void {
  if (more.times.length === 0) return;
  if (run.times.length === run.gaps.length && run.kind !== more.kind) {
    if (run.texts.length > 0) run.texts = [];
    run.kind = more.kind;
  }
  let { texts, values } = more;
  if (run.kind !== more.kind) {
    const copy = { ...more };
    turnToText(copy);
    turnToText(run);
    ({ texts, values } = copy);
  }
  if (run.kind === "text") {
    if (run.texts === NONE) run.texts = [];
    const known = new Map(run.texts.map((text, place) => [text, place]));
    const places = texts.map((text) => {
      const place = known.get(text) ?? run.texts.push(text) - 1;
      known.set(text, place);
      return place;
    });
    values = values.map((value) => (Number.isNaN(value) ? value : (places[value] ?? 0)));
  }
  for (const time of more.times) run.times.push(time);
  for (const value of values) run.values.push(value);
  if (more.gaps.length > 0 && run.gaps === NONE) run.gaps = [];
  for (const gap of more.gaps) run.gaps.push(gap);
}

/** The run in the order of time; what came later stays later where times are equal. */
export function sorted(run: Run): Run {
  const { times } = run;
  if (isSorted(times)) return run;
  const reasons = reasonsByPlace(run);
  const order = times.map((_, index) => index).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  return pick(run, order, reasons);
}

function isSorted(times: readonly number[]): boolean {
  let before = 0;
  for (const time of times) {
    if (time < before) return false;
    before = time;
  }
  return true;
}

/** What lies within a time. @param run in the order of time. @param to not included. */
export function within(run: Run, from: number, to: number): Run {
  const begin = placeAt(run.times, from);
  const end = placeAt(run.times, to);
  if (begin === 0 && end === run.times.length) return run;
  const gapsIn = (until: number): number => {
    if (run.gaps.length === 0) return 0;
    let count = 0;
    for (let place = 0; place < until; place++) if (Number.isNaN(run.values[place])) count++;
    return count;
  };
  return {
    kind: run.kind,
    times: run.times.slice(begin, end),
    values: run.values.slice(begin, end),
    texts: run.texts,
    gaps: run.gaps.slice(gapsIn(begin), gapsIn(end)),
  };
}

/** Place of the first entry that is not before a time. */
function placeAt(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if ((times[half] ?? 0) < time) low = half + 1;
    else high = half;
  }
  return low;
}

/** The entries at these places, in this order. */
export function picked(run: Run, places: readonly number[]): Run {
  return pick(run, places, reasonsByPlace(run));
}

function pick(run: Run, places: readonly number[], reasons: ReadonlyMap<number, number>): Run {
  return {
    kind: run.kind,
    times: places.map((place) => run.times[place] ?? 0),
    values: places.map((place) => run.values[place] ?? Number.NaN),
    texts: run.texts,
    gaps: places.flatMap((place) => reasons.get(place) ?? []),
  };
}

/** The reason of each gap by its place. */
export function reasonsByPlace(run: Run): ReadonlyMap<number, number> {
  const reasons = new Map<number, number>();
  if (run.gaps.length === 0) return reasons;
  for (const [place, value] of run.values.entries()) {
    if (Number.isNaN(value)) reasons.set(place, run.gaps[reasons.size] ?? 0);
  }
  return reasons;
}
