import { writeFileSync } from "node:fs";
import { PRIVATE_MODE } from "./snapshot.ts";
import type { OpenConnection } from "./sql-driver.ts";

/** What a copy of the gateway's own database leaves out. */
export interface Omission {
  /** Tables, by name. */
  readonly tables: readonly string[];
  /** Logs, by the beginning of their names. Where they went on counting stays. */
  readonly logs: readonly string[];
}

export interface Copied {
  /** Version of the schema; absent where the database has none of ours. */
  readonly schema?: number;
  /** Entries of each table of the gateway's own database. */
  readonly entries?: Readonly<Record<string, number>>;
}

/**
 * Copies the committed content of a database into a new file, while others write it. The copy does not continue any
 * journal: one that a gateway left behind here must not be played into it elsewhere.
 * @param to must not be there. It is not synced: it is for reading once.
 * @param omission for the gateway's own database; without it everything is copied, of any database.
 * @throws what the engine or the file system throws.
 */
export function copyDatabase(
  connect: OpenConnection,
  file: string,
  { to, omission }: { readonly to: string; readonly omission?: Omission | undefined },
): Copied {
  const source = connect(file);
  try {
    source.exec("PRAGMA busy_timeout = 5000");
    // VACUUM INTO takes an empty file; making it first gives it its mode.
    writeFileSync(to, "", { mode: PRIVATE_MODE, flag: "wx" });
    source.prepare("VACUUM INTO ?").run(to);
  } finally {
    source.close();
  }
  if (omission === undefined) return {};
  const copy = connect(to);
  try {
    copy.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON");
    for (const table of omission.tables) copy.prepare("DELETE FROM entry WHERE tbl = ?").run(table);
    for (const log of omission.logs) {
      copy
        .prepare(
          `INSERT INTO log_head (log, last) SELECT log, max(seq) FROM log_row WHERE substr(log, 1, ?) = ? GROUP BY log
             ON CONFLICT (log) DO UPDATE SET last = max(last, excluded.last)`,
        )
        .run(log.length, log);
      copy.prepare("DELETE FROM log_row WHERE substr(log, 1, ?) = ?").run(log.length, log);
    }
    const version = copy.prepare("SELECT value FROM meta WHERE key = 'schema_version'").get()?.value;
    copy.prepare("DELETE FROM meta WHERE key <> 'schema_version'").run();
    const rows = copy.prepare("SELECT tbl, count(*) AS entries FROM entry GROUP BY tbl").all();
    return {
      schema: Number(version),
      entries: Object.fromEntries(rows.map(({ tbl, entries }) => [String(tbl), Number(entries)])),
    };
  } finally {
    copy.close();
  }
}
