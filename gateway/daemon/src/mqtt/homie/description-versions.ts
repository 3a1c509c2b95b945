import type { Store, Transactions } from "@tram/core";
import { isJsonObject } from "@tram/protocol";

const TABLE = "homie";
const KEY = "starts";
/** Descriptions that one start may publish before it reaches the numbers of the next. */
const PER_START = 2 ** 20;

/**
 * Homie 5.0 "Device Attributes": whenever a description changes it gets a higher version. They count within a start of the
 * gateway, and the starts are counted on disk: clocks of routers may go back.
 */
export class DescriptionVersions {
  #latest: number;

  constructor(starts: number) {
    this.#latest = starts * PER_START;
  }

  /** Counts this start. */
  static async open(store: Store, transactions: Pick<Transactions, "record">): Promise<DescriptionVersions> {
    const stored = (await store.entries(TABLE)).get(KEY);
    const count = isJsonObject(stored) ? stored.count : undefined;
    const starts = (typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0) + 1;
    await transactions.record((unit) => unit.put(TABLE, KEY, { count: starts }));
    return new DescriptionVersions(starts);
  }

  next(): number {
    return ++this.#latest;
  }
}
