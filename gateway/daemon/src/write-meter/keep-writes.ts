import type { Clock, Store, Transactions } from "@tram/core";
import type { DailyWrites } from "./daily-writes.ts";

const TABLE = "writes";
const KEY = "counters";
/** Counting must cost little itself: a crash forgets at most so long of it. In milliseconds. */
const SAVE_MS = 3_600_000;

/**
 * Takes up what was counted before, and keeps it once an hour and at the end.
 * @throws {StoreError} when the store cannot be read.
 */
export async function keepWrites(
  meter: DailyWrites,
  parts: { readonly clock: Clock; readonly store: Store; readonly transactions: Transactions },
): Promise<AsyncDisposable> {
  const { clock, store, transactions } = parts;
  meter.restore((await store.entries(TABLE)).get(KEY));
  const save = (): Promise<unknown> => transactions.record((unit) => unit.put(TABLE, KEY, meter.save()));
  const timer = clock.every(SAVE_MS, () => void save());
  return {
    [Symbol.asyncDispose]: async () => {
      timer[Symbol.dispose]();
      await save();
    },
  };
}
