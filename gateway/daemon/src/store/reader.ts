import type { LogRow } from "@tram/core";
import type { Json } from "@tram/protocol";
import { Pending } from "./pending.ts";
import type { SqlDriver, SqlStatement } from "./sql-driver.ts";

/** Reads what was committed: what the database holds, and over it what it does not hold yet. */
export class Reader {
  readonly #pending: Pending;
  readonly #entries: SqlStatement;
  readonly #rows: SqlStatement;
  readonly #row: SqlStatement;
  readonly #extent: SqlStatement;

  /** @param pending what the database does not hold yet; nothing, unless told. */
  constructor(driver: SqlDriver, pending = new Pending()) {
    this.#pending = pending;
    this.#entries = driver.prepare("SELECT key, value FROM entry WHERE tbl = ? ORDER BY key");
    this.#rows = driver.prepare(
      "SELECT seq, value FROM log_row WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
    );
    this.#row = driver.prepare("SELECT 1 FROM log_row WHERE log = ? AND seq = ?");
    this.#extent = driver.prepare(
      `SELECT count(*) AS count,
         max(coalesce(max(seq), 0), coalesce((SELECT last FROM log_head WHERE log = ?), 0)) AS last
       FROM log_row WHERE log = ?`,
    );
  }

  entries(table: string): ReadonlyMap<string, Json> {
    const stored = this.#entries.all(table).map(({ key, value }) => [String(key), String(value)] as const);
    const pending = this.#pending.table(table);
    if (pending.size === 0) return new Map(stored.map(([key, text]) => [key, JSON.parse(text) as Json]));
    const texts = new Map<string, string | undefined>([...stored, ...pending]);
    const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(
      sorted.flatMap(([key, text]) => (text === undefined ? [] : [[key, JSON.parse(text) as Json]])),
    );
  }

  rows(log: string, after: number, limit: number): readonly LogRow[] {
    const { rows: pending } = this.#pending.log(log);
    const found: (readonly [number, string])[] = [];
    for (let last = after; found.length < limit; ) {
      const page = this.#rows.all(log, last, limit - found.length);
      for (const { seq, value } of page) {
        last = Number(seq);
        // It was removed, or changed, since.
        if (!pending.has(last)) found.push([last, String(value)]);
      }
      if (page.length === 0) break;
    }
    const stored = found.length;
    for (const [seq, text] of pending) if (text !== undefined && seq > after) found.push([seq, text]);
    if (found.length > stored) found.sort(([a], [b]) => a - b);
    return found.slice(0, limit).map(([seq, text]) => ({ seq, value: JSON.parse(text) as Json }));
  }

  extent(log: string): { readonly last: number; readonly count: number } {
    const stored = this.#extent.get(log, log);
    const { rows, last } = this.#pending.log(log);
    let count = Number(stored?.count);
    for (const [seq, text] of rows) {
      const before = this.#row.get(log, seq) === undefined ? 0 : 1;
      count += (text === undefined ? 0 : 1) - before;
    }
    return { last: Math.max(Number(stored?.last), last), count };
  }
}
