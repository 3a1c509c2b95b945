import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { type LoadDriver, type SqlDriver, type SqlStatement, versionProblem } from "./sql-driver.ts";

/** The engine that Node brings along: no addon, and less memory. */
export const loadNodeSqlite: LoadDriver = async () => {
  const version = process.versions.sqlite;
  if (version === undefined) throw new Error(`Node ${process.versions.node} has no SQLite`);
  const problem = versionProblem(version);
  if (problem !== undefined) throw new Error(problem);
  const { DatabaseSync } = await import("node:sqlite");
  return (file, mode = "write") => {
    // https://sqlite.org/uri.html#uriimmutable
    const place = mode === "frozen" ? `${pathToFileURL(file).href}?immutable=1` : file;
    return new NodeSqliteDriver(new DatabaseSync(place, { readOnly: mode !== "write" }));
  };
};

class NodeSqliteDriver implements SqlDriver {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): SqlStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (...values) => Number(statement.run(...values).changes),
      all: (...values) => statement.all(...values),
      get: (...values) => statement.get(...values),
    };
  }

  close(): void {
    this.#database.close();
  }
}
