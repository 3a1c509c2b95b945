import { copyFileSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { makeOwnFolder } from "../runtime/own-folder.ts";
import { inspect, isHollow, makeReady } from "./database.ts";
import { isAbsent } from "./file-mark.ts";
import { migrate, refuseNewerSchema, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { snapshotOf } from "./snapshot.ts";
import type { ConnectionMode, OpenConnection, SqlDriver } from "./sql-driver.ts";
import { failureOf } from "./store-failure.ts";
import { StoreOpenError } from "./store-open-error.ts";

export interface RescueOptions {
  /** A folder of the gateway's own, best in memory, where a copy may lie for a moment; made when it is needed. */
  readonly folder: string;
  /** A database larger than this, with its log, is read where it lies. In bytes. */
  readonly limitBytes: number;
}

const PREFIX = "rescue-";

/** How much of what the disk holds is known: everything, an older state, or nothing. */
export type RescueExtent = "whole" | "part" | "nothing";

/** A database that cannot be written, opened for reading. */
export interface Rescue {
  readonly driver: SqlDriver;
  readonly extent: RescueExtent;
  /** What is not known, and why; for people. Absent of a whole one. */
  readonly missing?: string;
  /** It is read where it lies: let go of it before somebody writes there. */
  readonly inPlace: boolean;
}

/**
 * Reads what a database holds that cannot be opened for writing.
 *
 * A log (WAL) that was left behind by a crash holds the newest commits, and SQLite can play it in only where it may
 * write. So database and log are copied, the log is played into the copy, and the copy's name is removed again: it ends
 * with the process, however that ends. What is too large for that is read where it lies, which needs the index of the
 * log there; failing that, the database without its log is an older state, and said to be one.
 * @throws {StoreOpenError} `newer-schema`.
 */
export function openRescue(connect: OpenConnection, file: string, options: RescueOptions): Rescue {
  removeLeftovers(options.folder);
  if (isAbsent(file)) return { driver: emptyDatabase(connect), extent: "whole", inPlace: false };
  const problems: string[] = [];
  const attempt = (what: string, open: () => SqlDriver): SqlDriver | undefined => {
    try {
      return open();
    } catch (error) {
      if (error instanceof StoreOpenError && error.code === "newer-schema") throw error;
      problems.push(`${what}: ${failureOf(error).message}`);
      return undefined;
    }
  };

  const copy = attempt("a copy", () => {
    if (isHollow(file)) throw new StoreOpenError("corrupt", "the file is empty");
    return openCopy(connect, file, options);
  });
  if (copy !== undefined) return { driver: copy, extent: "whole", inPlace: false };
  const logged = sizeOf(`${file}-wal`) > 0 || existsSync(`${file}-journal`);
  for (const mode of logged ? (["read"] as const) : (["frozen", "read"] as const)) {
    const there = attempt("in place", () => openThere(connect, file, mode));
    if (there !== undefined) return { driver: there, extent: "whole", inPlace: true };
  }
  for (const [what, older] of [
    ["a snapshot", snapshotOf(file)],
    ["a restored copy", `${file}.restoring`],
  ] as const) {
    if (!existsSync(older)) continue;
    const driver = attempt(what, () => openCopy(connect, older, options));
    if (driver === undefined) continue;
    return { driver, extent: "part", missing: `${what} is in use (${problems.join("; ")})`, inPlace: false };
  }
  const behind = logged && attempt("without its log", () => openThere(connect, file, "frozen"));
  if (behind) {
    const missing = `the newest changes are not known (${problems.join("; ")})`;
    return { driver: behind, extent: "part", missing, inPlace: true };
  }
  const missing = `nothing of it is known (${problems.join("; ")})`;
  return { driver: emptyDatabase(connect), extent: "nothing", missing, inPlace: false };
}

function openCopy(connect: OpenConnection, file: string, options: RescueOptions): SqlDriver {
  const parts = ["", "-wal", "-journal"].filter((part) => part === "" || existsSync(`${file}${part}`));
  const bytes = parts.reduce((sum, part) => sum + lstatSync(`${file}${part}`).size, 0);
  if (bytes > options.limitBytes) throw new Error(`has ${bytes} bytes, more than ${options.limitBytes}`);
  makeOwnFolder(options.folder);
  const { bavail, bsize } = statfsSync(options.folder);
  // Playing the log in may take its size once more.
  if (bavail * bsize < 2 * bytes) throw new Error(`there is no room in ${options.folder}`);
  const folder = mkdtempSync(join(options.folder, PREFIX));
  try {
    const copy = join(folder, "copy.db");
    for (const part of parts) copyFileSync(`${file}${part}`, `${copy}${part}`);
    const inspected = inspect(connect, copy);
    if (typeof inspected === "string") throw new StoreOpenError("corrupt", inspected);
    const driver = makeReady(inspected, copy);
    // One file without companions: its name may go, its content stays as long as it is open.
    driver.exec("PRAGMA journal_mode = DELETE");
    return driver;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a process that was killed while it copied. */
function removeLeftovers(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function openThere(connect: OpenConnection, file: string, mode: ConnectionMode): SqlDriver {
  const driver = connect(file, mode);
  try {
    const sound = driver.prepare("PRAGMA quick_check(1)").get()?.quick_check;
    if (sound !== "ok") throw new StoreOpenError("corrupt", String(sound));
    refuseNewerSchema(driver);
    const found = schemaVersion(driver);
    if (found !== SCHEMA_VERSION) throw new StoreOpenError("io", `has the old schema ${found}`);
    return driver;
  } catch (error) {
    driver.close();
    throw error;
  }
}

function emptyDatabase(connect: OpenConnection): SqlDriver {
  const driver = connect(":memory:");
  migrate(driver);
  return driver;
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size;
  } catch {
    return 0; // Not there.
  }
}
