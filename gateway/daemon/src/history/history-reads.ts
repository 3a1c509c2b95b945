import type { SqlDriver, SqlStatement } from "../store/sql-driver.ts";
import { decodeChunk } from "./chunk.ts";
import { blockId, blockNumberOf, chunkId, partOfChunk, windowOf } from "./history-keys.ts";
import { type HistoryState, readState } from "./history-state.ts";
import type { Tier } from "./tiers.ts";

/** A time in which the gateway did not record. */
export interface Outage {
  /** Epoch milliseconds: the end of the last window that was written, and the next start. */
  readonly began: number;
  readonly ended: number;
  /** `off`: closed in order. `cut`: killed, or without power: readings before `began + lostMs` may be lost too. */
  readonly reason: "off" | "cut";
  /** Readings of at most so long were not written yet, in milliseconds. */
  readonly lostMs: number;
}

/** Reads what a history's database holds. Everything throws what the engine throws. */
export class HistoryReads {
  readonly #driver: SqlDriver;
  readonly #block: SqlStatement;
  readonly #chunk: SqlStatement;
  readonly #chunks: SqlStatement;
  readonly #blocks: SqlStatement;
  readonly #outages: SqlStatement;

  constructor(driver: SqlDriver) {
    this.#driver = driver;
    this.#block = driver.prepare("SELECT data FROM block WHERE id = ?");
    this.#chunk = driver.prepare("SELECT data FROM chunk WHERE id = ?");
    // Two queries for the two ends: SQLite walks the whole table for both at once.
    this.#chunks = driver.prepare(
      "SELECT (SELECT min(id) FROM chunk) AS first, (SELECT max(id) FROM chunk) AS last",
    );
    this.#blocks = driver.prepare(
      `SELECT (SELECT min(id) FROM block WHERE id >= ?1 AND id < ?2) AS first,
              (SELECT max(id) FROM block WHERE id >= ?1 AND id < ?2) AS last`,
    );
    this.#outages = driver.prepare(
      "SELECT began, ended, reason, lost FROM outage WHERE ended >= ? AND began <= ? ORDER BY id LIMIT ?",
    );
  }

  state(): HistoryState {
    return readState(this.#driver);
  }

  /** Properties by `thing/node/name`. */
  properties(): Map<string, number> {
    const rows = this.#driver.prepare("SELECT id, thing, property FROM property").all();
    return new Map(
      rows.map(({ id, thing, property }) => [`${String(thing)}/${String(property)}`, Number(id)]),
    );
  }

  propertyId(thing: string, property: string): number | undefined {
    const row = this.#driver
      .prepare("SELECT id FROM property WHERE thing = ? AND property = ?")
      .get(thing, property);
    return row === undefined ? undefined : Number(row.id);
  }

  block(tier: Tier, number: number, property: number): Uint8Array | undefined {
    return dataOf(this.#block.get(blockId(tier, number, property))?.data);
  }

  /** Numbers of the first and the last block of a tier; undefined when there is none. */
  extent(tier: Tier): { readonly first: number; readonly last: number } | undefined {
    const row = this.#blocks.get(blockId(tier, 0, 0), blockId({ ...tier, index: tier.index + 1 }, 0, 0));
    if (typeof row?.first !== "number" || typeof row.last !== "number") return undefined;
    return { first: blockNumberOf(row.first), last: blockNumberOf(row.last) };
  }

  /** The windows that are not folded yet; undefined when there is none. */
  windows(): { readonly first: number; readonly last: number } | undefined {
    const row = this.#chunks.get();
    if (typeof row?.first !== "number" || typeof row.last !== "number") return undefined;
    return { first: windowOf(row.first), last: windowOf(row.last) };
  }

  chunk(window: number, part: number): Uint8Array | undefined {
    return dataOf(this.#chunk.get(chunkId(window, part))?.data);
  }

  /** Parts that a window holds chunks of. */
  partsOf(window: number): readonly number[] {
    const rows = this.#driver
      .prepare("SELECT id FROM chunk WHERE id >= ? AND id < ?")
      .all(chunkId(window, 0), chunkId(window + 1, 0));
    return rows.map(({ id }) => partOfChunk(Number(id)));
  }

  /** When the latest window that is not folded was written, in epoch milliseconds; 0 when there is none. */
  lastSavedAt(): number {
    const row = this.#driver.prepare("SELECT id, data FROM chunk ORDER BY id DESC LIMIT 1").get();
    const block = dataOf(row?.data);
    return block === undefined ? 0 : (decodeChunk(block, partOfChunk(Number(row?.id)))?.savedAt ?? 0);
  }

  /** Outages that touch a time, the oldest first. */
  outages(from: number, to: number, limit: number): readonly Outage[] {
    return this.#outages.all(from, to, limit).map(({ began, ended, reason, lost }) => ({
      began: Number(began),
      ended: Number(ended),
      reason: reason === "off" ? "off" : "cut",
      lostMs: Number(lost),
    }));
  }
}

function dataOf(data: unknown): Uint8Array | undefined {
  return data instanceof Uint8Array ? data : undefined;
}
