import type { Operation, Store } from "@tram/core";

const PAGE_ROWS = 500;

/**
 * Takes out of the store what a bridge has left there: what waits, what is parked, what was counted. The bridge must be
 * closed. A crash in between leaves the rest, and it can be called again.
 * @returns how many messages had waited.
 * @throws {StoreError}
 */
export async function forgetBridge(store: Store, bridge: string): Promise<number> {
  const waited = await clear(store, `outbox-${bridge}`);
  await clear(store, `parked-${bridge}`);
  const tables = ["outbox", "outbox-usage"];
  await store.commit(
    tables.map((table): Operation => ({ op: "delete", table, key: bridge })),
    "crash",
  );
  return waited;
}

async function clear(store: Store, log: string): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await store.rows(log, { after: 0, limit: PAGE_ROWS });
    if (rows.length === 0) return count;
    count += rows.length;
    await store.commit(
      rows.map(({ seq }): Operation => ({ op: "remove", log, seq })),
      "crash",
    );
  }
}
