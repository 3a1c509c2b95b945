import type { StoreErrorCode } from "@tram/core";

/** Why something was not kept, in a form that crosses threads. */
export interface StoreFailure {
  readonly code: Exclude<StoreErrorCode, "closed">;
  readonly message: string;
  /** `medium`: it would hit any other batch as well. `batch`: a smaller or another one may pass. */
  readonly scope: "batch" | "medium";
}

type Kind = Pick<StoreFailure, "code" | "scope">;

const IO: Kind = { code: "io", scope: "medium" };
const FULL: Kind = { code: "full", scope: "batch" };
const READ_ONLY: Kind = { code: "read-only", scope: "medium" };
const CORRUPT: Kind = { code: "corrupt", scope: "medium" };
/** Somebody else holds the lock: asking again for each batch would only wait again each time. */
const BUSY: Kind = { code: "io", scope: "medium" };
const OTHER: Kind = { code: "io", scope: "batch" };

/** Primary result codes (https://sqlite.org/rescode.html) by name and number, and the system's own codes. */
const KINDS: Readonly<Record<string, Kind>> = {
  SQLITE_FULL: FULL,
  13: FULL,
  SQLITE_READONLY: READ_ONLY,
  8: READ_ONLY,
  SQLITE_CORRUPT: CORRUPT,
  11: CORRUPT,
  SQLITE_NOTADB: CORRUPT,
  26: CORRUPT,
  SQLITE_BUSY: BUSY,
  5: BUSY,
  SQLITE_IOERR: IO,
  10: IO,
  SQLITE_CANTOPEN: IO,
  14: IO,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: READ_ONLY,
  EACCES: READ_ONLY,
  EIO: IO,
};

/** Reads an error of either engine or of the file system. */
export function failureOf(error: unknown): StoreFailure {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  const message = error instanceof Error ? error.message : String(error);
  // node:sqlite gives the extended result code, whose low byte is the primary one; better-sqlite3 gives names such
  // as SQLITE_IOERR_WRITE.
  const key =
    typeof errcode === "number"
      ? String(errcode & 0xff)
      : /^(SQLITE_[A-Z]+|E[A-Z]+$)/.exec(String(code))?.[0];
  return { ...(KINDS[key ?? ""] ?? OTHER), message };
}

/** @returns why the work failed, or `undefined`. */
export function attempt(work: () => void): StoreFailure | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}
