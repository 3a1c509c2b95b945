import {
  type LoadDriver,
  type SqlDriver,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
  versionProblem,
} from "./sql-driver.ts";

/** The part of better-sqlite3 that is used here; it ships no types. */
interface Database {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

interface Statement {
  /** False for what returns no rows: `all` and `get` then throw. */
  readonly reader: boolean;
  run(...values: readonly SqlValue[]): { readonly changes: number };
  all(...values: readonly SqlValue[]): readonly SqlRow[];
  get(...values: readonly SqlValue[]): SqlRow | undefined;
}

interface BetterSqlite3 {
  readonly default: new (file: string, options?: { readonly readonly: boolean }) => Database;
}

/** Not a literal in `import()`: the package is optional, and nothing may resolve it before it is asked for. */
const PACKAGE: string = "better-sqlite3";

/** The addon, for a Node whose own SQLite is too old. */
export const loadBetterSqlite3: LoadDriver = async () => {
  const { default: Database } = (await import(PACKAGE)) as BetterSqlite3;
  const probe = new Database(":memory:");
  const version = probe.prepare("SELECT sqlite_version() AS version").get();
  probe.close();
  const problem = versionProblem(String(version?.version));
  if (problem !== undefined) throw new Error(problem);
  return (file, mode = "write") => {
    if (mode === "frozen") throw new Error("better-sqlite3 is built without URI file names");
    return new BetterSqlite3Driver(new Database(file, { readonly: mode === "read" }));
  };
};

class BetterSqlite3Driver implements SqlDriver {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): SqlStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (...values) => statement.run(...values).changes,
      all: (...values) => statement.all(...values),
      get: (...values) => statement.get(...values),
    };
  }

  close(): void {
    this.#database.close();
  }
}
