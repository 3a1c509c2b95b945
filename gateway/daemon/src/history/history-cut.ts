import type { OpenConnection, SqlDriver } from "../store/sql-driver.ts";
import { type Buckets, bucketsWithin, mergeBuckets, noBuckets } from "./buckets.ts";
import { partOf } from "./chunk.ts";
import { bucketsOf, type Gathered, gather, readBucketBlock, readRunBlock } from "./fold.ts";
import { HistoryReads, type Outage } from "./history-reads.ts";
import { type HistoryState, newState } from "./history-state.ts";
import { append, emptyRun, type Run, sorted, within } from "./run.ts";
import { blockNumber, type Tier } from "./tiers.ts";

export interface Range {
  /** Epoch milliseconds. */
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/** A piece of a tier, in the order of time. */
export type HistoryPiece = { readonly run: Run } | { readonly buckets: Buckets };

/** Blocks that are read before everybody else has a turn. */
const BLOCKS_A_TURN = 24;
/** Readings that take as long as to find a block. */
const ENTRIES_A_BLOCK = 300;

/**
 * One property's history as it is at one moment, from memory and file: a transaction for reading, so that what is moved
 * from the one into the other meanwhile is neither missed nor seen twice. Dispose of it.
 */
export class HistoryCut implements Disposable {
  readonly #driver: SqlDriver | undefined;
  readonly #reads: HistoryReads | undefined;
  readonly #id: number | undefined;
  readonly #tail: Gathered;
  readonly state: HistoryState;
  #damaged = 0;

  private constructor(driver: SqlDriver | undefined, property: readonly [string, string], memory: Run) {
    this.#driver = driver;
    this.#reads = driver && new HistoryReads(driver);
    this.state = this.#reads?.state() ?? newState();
    this.#id = this.#reads?.propertyId(...property);
    const { minutes, run } = this.#written();
    append(run, memory);
    this.#tail = { minutes, run: sorted(run) };
  }

  /**
   * @param file of the history; undefined when it is in memory alone.
   * @param memory what memory holds of the property.
   * @throws what the engine throws.
   */
  static open(
    place: { readonly connect: OpenConnection; readonly file: string } | undefined,
    property: readonly [thing: string, property: string],
    memory: Run,
  ): HistoryCut {
    const driver = place?.connect(place.file, "read");
    try {
      driver?.exec("BEGIN");
      return new HistoryCut(driver, property, memory);
    } catch (error) {
      driver?.close();
      throw error;
    }
  }

  /** Blocks that could not be read so far. */
  get damaged(): number {
    return this.#damaged;
  }

  outages({ from, to }: Range, limit: number): readonly Outage[] {
    return this.#reads?.outages(from, to, limit) ?? [];
  }

  /** The part of a time in which there may be something. */
  span(tier: Tier, range: Range): Range {
    const numbers = this.#numbers(tier, this.#tailOf(tier), range);
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first === undefined || last === undefined) return range;
    return {
      from: Math.max(range.from, first * tier.blockMs),
      to: Math.min(range.to, (last + 1) * tier.blockMs),
    };
  }

  /** The pieces of a tier within a time, in the order of time. Throws what the engine throws. */
  async *pieces(tier: Tier, range: Range): AsyncGenerator<HistoryPiece> {
    const tail = this.#tailOf(tier);
    let turn = 0;
    for (const number of this.#numbers(tier, tail, range)) {
      if (turn >= BLOCKS_A_TURN) {
        turn = 0;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      turn++;
      const [begin, end] = [number * tier.blockMs, (number + 1) * tier.blockMs];
      const [from, to] = [Math.max(begin, range.from), Math.min(end, range.to)];
      const block = this.#id === undefined ? undefined : this.#reads?.block(tier, number, this.#id);
      const damaged = (): void => void this.#damaged++;
      if ("run" in tail) {
        const run = readRunBlock(block, damaged) ?? emptyRun(tail.run.kind);
        append(run, within(tail.run, begin, end));
        const piece = within(sorted(run), from, to);
        turn += run.times.length / ENTRIES_A_BLOCK;
        if (piece.times.length > 0) yield { run: piece };
      } else {
        const known = readBucketBlock(block, tier, begin, damaged) ?? noBuckets(tail.buckets.kind);
        const all = mergeBuckets(known, bucketsWithin(tail.buckets, begin, end));
        // The bucket in which the time begins belongs to it.
        const buckets = bucketsWithin(all, from - (from % tier.widthMs), to);
        if (buckets.list.length > 0) yield { buckets };
      }
    }
  }

  [Symbol.dispose](): void {
    this.#driver?.close();
  }

  /** What the windows hold that are not folded. */
  #written(): Gathered {
    const none = { run: emptyRun(), minutes: noBuckets() };
    const [reads, id] = [this.#reads, this.#id];
    const windows = reads?.windows();
    if (reads === undefined || id === undefined || windows === undefined) return none;
    const part = partOf(id);
    const { folding } = this.state;
    const first =
      folding !== undefined && part < folding.part
        ? Math.max(windows.first, folding.upTo + 1)
        : windows.first;
    const onDamage = (): void => void this.#damaged++;
    const read = (window: number): Uint8Array | undefined => reads.chunk(window, part);
    return gather({ ...windows, first }, part, read, { only: id, onDamage }).get(id) ?? none;
  }

  #tailOf(tier: Tier): HistoryPiece {
    if (tier.widthMs === 0) return { run: this.#tail.run };
    return { buckets: bucketsOf(this.#tail, tier) };
  }

  /** Numbers of the blocks in which something may be. */
  #numbers(tier: Tier, tail: HistoryPiece, { from, to }: Range): readonly number[] {
    const times = "run" in tail ? tail.run.times : tail.buckets.list.map(({ start }) => start);
    const numbers = new Set<number>();
    const [first, last] = [blockNumber(tier, from), blockNumber(tier, to - 1)];
    for (const time of times) {
      const number = blockNumber(tier, time);
      if (number >= first && number <= last) numbers.add(number);
    }
    const extent = this.#id === undefined ? undefined : this.#reads?.extent(tier);
    if (extent !== undefined) {
      const end = Math.min(last, extent.last);
      for (let number = Math.max(first, extent.first); number <= end; number++) numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  }
}
