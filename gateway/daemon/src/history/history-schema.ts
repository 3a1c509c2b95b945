import type { Migration } from "../store/schema.ts";

/** Every step from an empty file to today's `history.db`. Steps that were released are never changed. */
export const HISTORY_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    up: (driver) =>
      driver.exec(`
        CREATE TABLE property (
          id INTEGER PRIMARY KEY, thing TEXT NOT NULL, property TEXT NOT NULL, UNIQUE (thing, property)
        );
        CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE block (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
        CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE outage (
          id INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER NOT NULL,
          reason TEXT NOT NULL, lost INTEGER NOT NULL
        );
      `),
  },
];
