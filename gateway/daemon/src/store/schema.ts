import type { SqlDriver } from "./sql-driver.ts";
import { StoreOpenError } from "./store-open-error.ts";

export interface Migration {
  /** What the schema is called afterwards; one above the one before. */
  readonly version: number;
  up(driver: SqlDriver): void;
}

/** Every step from an empty file to today's schema. Steps that were released are never changed. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    up: (driver) =>
      driver.exec(`
        CREATE TABLE entry (
          tbl TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tbl, key)
        ) WITHOUT ROWID;
        CREATE TABLE log_row (
          log TEXT NOT NULL, seq INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (log, seq)
        ) WITHOUT ROWID;
        CREATE TABLE log_head (log TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
      `),
  },
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)?.version ?? 0;

/**
 * Reads the version of the schema without changing anything; 0 for an empty database.
 * @throws what the engine throws when the file is no sound database.
 */
export function schemaVersion(driver: SqlDriver): number {
  const meta = driver.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").get();
  if (meta === undefined) return 0;
  return Number(driver.prepare("SELECT value FROM meta WHERE key = 'schema_version'").get()?.value ?? 0);
}

/** @throws {StoreOpenError} `newer-schema` when a newer program wrote the database. */
export function refuseNewerSchema(driver: SqlDriver, migrations: readonly Migration[] = MIGRATIONS): void {
  const found = schemaVersion(driver);
  const known = migrations.at(-1)?.version ?? 0;
  if (found <= known) return;
  throw new StoreOpenError(
    "newer-schema",
    `the database has schema ${found}, this program knows up to ${known}: use the newer program, or restore a backup`,
  );
}

/**
 * Brings the schema up to date, one transaction for each step.
 * @throws {StoreOpenError} `newer-schema`; nothing was changed then.
 */
export function migrate(driver: SqlDriver, migrations: readonly Migration[] = MIGRATIONS): void {
  refuseNewerSchema(driver, migrations);
  for (const { version, up } of migrations) {
    if (version <= schemaVersion(driver)) continue;
    driver.exec("BEGIN IMMEDIATE");
    try {
      driver.exec(
        "CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
      );
      up(driver);
      driver
        .prepare("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema_version', ?)")
        .run(String(version));
      driver.exec("COMMIT");
    } catch (error) {
      if (driver.inTransaction) driver.exec("ROLLBACK");
      throw error;
    }
  }
}
