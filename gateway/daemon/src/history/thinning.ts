import { lttb } from "./lttb.ts";
import { append, emptyRun, picked, type Run } from "./run.ts";

/** So many readings are thinned as they are; of more, each stretch of time first gives its least and its largest. */
const EXACT = 20_000;
/** Stretches for each point that is asked for. */
const STRETCHES = 4;

/**
 * Thins readings to points that catch the eye, piece by piece: whoever asks for a year does not hold it in memory. Where
 * there are many, the least and the largest of short stretches go on to LTTB ("MinMaxLTTB": J. Van Der Donckt et al.,
 * 2023). Gaps are no points.
 */
export class Thinning {
  readonly #points: number;
  readonly #from: number;
  readonly #stretchMs: number;
  #kept: Run = emptyRun();
  #read = 0;
  #exact = true;

  /** @param range in which there are readings, in epoch milliseconds. @param points to keep, at least 3. */
  constructor(range: { readonly from: number; readonly to: number }, points: number) {
    this.#points = points;
    this.#from = range.from;
    this.#stretchMs = Math.max(1, (range.to - range.from) / (STRETCHES * points));
  }

  /** Values so far, gaps not counted. */
  get read(): number {
    return this.#read;
  }

  /** @param run in the order of time, behind those before. */
  add(run: Run): void {
    this.#read += run.times.length - run.gaps.length;
    append(this.#kept, this.#exact ? run : this.#extremes(run));
    if (!this.#exact || this.#read <= EXACT) return;
    this.#exact = false;
    this.#kept = this.#extremes(this.#kept);
  }

  /** The points, in the order of time. */
  points(): Run {
    const { times, values } = this.#kept;
    const places = this.#kept.gaps.length === 0 ? undefined : valued(values);
    if (places === undefined) return picked(this.#kept, lttb(times, values, this.#points));
    const pick = (column: readonly number[]): number[] => places.map((place) => column[place] ?? 0);
    const chosen = lttb(pick(times), pick(values), this.#points);
    return picked(
      this.#kept,
      chosen.map((index) => places[index] ?? 0),
    );
  }

  /** The least and the largest value of each stretch of time. */
  #extremes(run: Run): Run {
    const { times, values } = run;
    const places: number[] = [];
    let [least, largest, end] = [-1, -1, Number.NEGATIVE_INFINITY];
    const close = (): void => {
      if (least < 0) return;
      places.push(Math.min(least, largest));
      if (least !== largest) places.push(Math.max(least, largest));
    };
    for (let place = 0; place < times.length; place++) {
      const value = values[place] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      const time = times[place] ?? 0;
      if (time >= end) {
        close();
        end = this.#from + (Math.floor((time - this.#from) / this.#stretchMs) + 1) * this.#stretchMs;
        least = place;
        largest = place;
      }
      if (value < (values[least] ?? value)) least = place;
      if (value > (values[largest] ?? value)) largest = place;
    }
    close();
    return picked(run, places);
  }
}

function valued(values: readonly number[]): number[] {
  const places: number[] = [];
  for (const [place, value] of values.entries()) if (!Number.isNaN(value)) places.push(place);
  return places;
}
