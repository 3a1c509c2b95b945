import { BrokenBlock, type ByteReader, type ByteWriter } from "./bytes.ts";
import { readNumbers, writeNumbers } from "./number-column.ts";
import { GAP_REASONS, RUN_KINDS, type Run } from "./run.ts";
import { usedTexts } from "./used-texts.ts";

/**
 * Writes a run: its kind, the number of its entries, the gaps (each its distance from the one before, and its reason), the
 * times (first one, then the difference to what the last interval would give: devices report at a steady pace), the
 * values without the gaps.
 * @param whole in the order of time; times are whole, from 0 to `MOST_TIME`.
 */
export function writeRun(writer: ByteWriter, whole: Run): void {
  const run = whole.kind === "text" ? withUsedTexts(whole) : whole;
  writer.byte(RUN_KINDS.indexOf(run.kind));
  writer.natural(run.times.length);
  writeTimes(writer, run.times);
  writer.natural(run.gaps.length);
  const values: number[] = [];
  let from = 0;
  for (const [place, value] of run.values.entries()) {
    if (!Number.isNaN(value)) {
      values.push(value);
      continue;
    }
    writer.natural(place - from);
    writer.byte(run.gaps[place - values.length] ?? 0);
    from = place;
  }
  if (run.kind === "number") writeNumbers(writer, values);
  else {
    if (run.kind === "text") writeTexts(writer, run.texts);
    for (const value of values) writer.natural(value);
  }
}

function withUsedTexts(run: Run): Run {
  const { texts, places } = usedTexts(run.texts, run.values);
  return { ...run, texts, values: places };
}

export function readRun(reader: ByteReader): Run {
  const kind = RUN_KINDS[reader.byte()];
  if (kind === undefined) throw new BrokenBlock("has values of an unknown kind");
  const count = reader.count();
  const times = readTimes(reader, count);
  const gapCount = reader.count(2);
  if (gapCount > count) throw new BrokenBlock("has more gaps than entries");
  const places: number[] = [];
  const gaps: number[] = [];
  for (let index = 0; index < gapCount; index++) {
    places.push((places.at(-1) ?? 0) + reader.natural());
    const reason = reader.byte();
    if (reason >= GAP_REASONS.length) throw new BrokenBlock("has a gap for an unknown reason");
    gaps.push(reason);
  }
  if ((places.at(-1) ?? -1) >= count) throw new BrokenBlock("has a gap behind its end");
  const texts = kind === "text" ? readTexts(reader) : [];
  const known =
    kind === "number"
      ? readNumbers(reader, count - gapCount)
      : readPlaces(reader, count - gapCount, kind === "text" ? texts.length : 2);
  return { kind, times, values: gapCount === 0 ? known : spread(known, places), texts, gaps };
}

function spread(known: readonly number[], places: readonly number[]): number[] {
  const values: number[] = [];
  let gap = 0;
  for (let at = 0; values.length < known.length + places.length; ) {
    if (places[gap] === values.length) {
      values.push(Number.NaN);
      gap++;
    } else if (at < known.length) values.push(known[at++] ?? 0);
    else throw new BrokenBlock("has two gaps in one place");
  }
  return values;
}

function writeTimes(writer: ByteWriter, times: readonly number[]): void {
  let [time, interval] = [0, 0];
  for (const next of times) {
    const step = next - time;
    writer.integer(step - interval);
    // The first one is no interval.
    interval = time === 0 ? 0 : step;
    time = next;
  }
}

function readTimes(reader: ByteReader, count: number): number[] {
  const times: number[] = [];
  let [time, interval] = [0, 0];
  for (let index = 0; index < count; index++) {
    const step = interval + reader.integer();
    interval = time === 0 ? 0 : step;
    time += step;
    times.push(time);
  }
  return times;
}

export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.natural(texts.length);
  for (const text of texts) writer.text(text);
}

export function readTexts(reader: ByteReader): string[] {
  return Array.from({ length: reader.count() }, () => reader.text());
}

function readPlaces(reader: ByteReader, count: number, below: number): number[] {
  return Array.from({ length: count }, () => {
    const place = reader.natural();
    if (place >= below) throw new BrokenBlock("names a text that it does not hold");
    return place;
  });
}
