import type { SqlDriver, SqlStatement } from "./sql-driver.ts";
import type { Answers } from "./wire.ts";

/** Reads what was committed, over the connection of the committer. */
export class Reader {
  readonly #entries: SqlStatement;
  readonly #rows: SqlStatement;
  readonly #extent: SqlStatement;

  constructor(driver: SqlDriver) {
    this.#entries = driver.prepare("SELECT key, value FROM entry WHERE tbl = ? ORDER BY key");
    this.#rows = driver.prepare(
      "SELECT seq, value FROM log_row WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
    );
    this.#extent = driver.prepare(
      `SELECT count(*) AS count,
         max(coalesce(max(seq), 0), coalesce((SELECT last FROM log_head WHERE log = ?), 0)) AS last
       FROM log_row WHERE log = ?`,
    );
  }

  entries(table: string): Answers["entries"] {
    return this.#entries.all(table).map(({ key, value }) => [String(key), String(value)]);
  }

  rows(log: string, after: number, limit: number): Answers["rows"] {
    const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
    return this.#rows.all(log, after, most).map(({ seq, value }) => [Number(seq), String(value)]);
  }

  extent(log: string): Answers["extent"] {
    const found = this.#extent.get(log, log);
    return { last: Number(found?.last), count: Number(found?.count) };
  }
}
