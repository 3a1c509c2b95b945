import { type OpenedDatabase, openDatabaseWith } from "./database.ts";
import { isAbsent, markOf } from "./file-mark.ts";
import { probeDisk } from "./probe.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { openRescue, type Rescue, type RescueExtent, type RescueOptions } from "./rescue.ts";
import type { OpenConnection, SqlDriver } from "./sql-driver.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";
import { StoreOpenError, storeCodeOf } from "./store-open-error.ts";

export interface RefugeOptions extends RescueOptions {
  /** Time to the first attempt to open the database for writing, in milliseconds; then it doubles, up to 30 s. */
  readonly retryMs: number;
}

/** The disk did not allow more than reading at the start. */
export interface RefugeReport {
  /** Why nothing can be written. */
  readonly failure: StoreFailure;
  readonly extent: RescueExtent;
  /** What is not known of what the disk holds, for people. */
  readonly missing?: string | undefined;
}

/** What came of an attempt to open the database for writing. */
export type Return =
  | { readonly outcome: "not-yet" }
  /** It is what was read from it: take it up. */
  | { readonly outcome: "returned"; readonly opened: OpenedDatabase }
  /** It holds something else. Told once, with what was damaged in it. */
  | { readonly outcome: "stale"; readonly quarantine: QuarantineReport | undefined };

const LONGEST_WAIT_MS = 30_000;

const NOT_YET: Return = { outcome: "not-yet" };

/**
 * Where the store waits while the disk allows no more than reading, and the way back from there.
 *
 * The database is taken up again only when it is what was read from it: then everything that happened since is what the
 * house holds in memory, and will be written. If it holds something else (a disk that was not there at the start, a
 * backup that somebody put back), what memory holds does not belong to it, and only a new start can take it up. A
 * database that has gone is not made anew: it may come back.
 */
export class Refuge {
  readonly #connect: OpenConnection;
  readonly #file: string;
  readonly #options: RefugeOptions;
  readonly #report: Omit<RefugeReport, "failure">;
  #rescue: Pick<Rescue, "driver" | "inPlace">;
  #failure: StoreFailure;
  #mark: string;
  #waitMs: number;
  #nextAt: number;
  #stale = false;

  private constructor(connect: OpenConnection, file: string, options: RefugeOptions, failure: StoreFailure) {
    this.#connect = connect;
    this.#file = file;
    this.#options = options;
    this.#failure = failure;
    this.#mark = markOf(file);
    const rescue = openRescue(connect, file, options);
    this.#rescue = rescue;
    this.#report = { extent: rescue.extent, missing: rescue.missing };
    this.#waitMs = options.retryMs;
    this.#nextAt = performance.now() + this.#waitMs;
  }

  /**
   * @param cause why the database could not be opened for writing.
   * @throws {StoreOpenError} when a refuge is no help: a newer schema, no engine.
   */
  static open(connect: OpenConnection, file: string, options: RefugeOptions, cause: StoreOpenError): Refuge {
    const { code, message } = cause;
    if (code === "newer-schema" || code === "no-sqlite") throw cause;
    // SQLite says no more than that it cannot open; the disk says why.
    const why = code === "io" ? probeDisk(file) : undefined;
    return new Refuge(connect, file, options, why ?? { code: storeCodeOf(code), message, scope: "medium" });
  }

  get driver(): SqlDriver {
    return this.#rescue.driver;
  }

  /** Why nothing is kept now. */
  get failure(): StoreFailure {
    return this.#failure;
  }

  get report(): RefugeReport {
    return { failure: this.#failure, ...this.#report };
  }

  /** Tries to open the database for writing, if it is time to. Once returned, the refuge has let go of everything. */
  tryToReturn(): Return {
    if (this.#stale || performance.now() < this.#nextAt) return NOT_YET;
    try {
      return this.#attempt();
    } catch (error) {
      this.#failure = failureFor(error);
      return NOT_YET;
    } finally {
      // Each attempt may write a little on a disk that has little room.
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
      this.#nextAt = performance.now() + this.#waitMs;
    }
  }

  close(): void {
    this.#rescue.driver.close();
  }

  #attempt(): Return {
    const trouble = probeDisk(this.#file);
    if (trouble !== undefined) {
      this.#failure = trouble;
      return NOT_YET;
    }
    if (this.#report.extent === "whole" && markOf(this.#file) === this.#mark) {
      try {
        return { outcome: "returned", opened: this.#reopen() };
      } catch (error) {
        // The attempt itself may have moved the log into the database.
        this.#mark = markOf(this.#file);
        throw error;
      }
    }
    if (isAbsent(this.#file)) {
      throw new StoreOpenError("io", `${this.#file}: the database that was there at the start is gone`);
    }
    // Really opened, so that the new start finds it open too and does not end here again.
    const { driver, quarantine } = this.#reopen();
    this.#rescue = { driver, inPlace: false };
    this.#stale = true;
    return { outcome: "stale", quarantine };
  }

  #reopen(): OpenedDatabase {
    const { inPlace, driver } = this.#rescue;
    if (inPlace) driver.close();
    try {
      const opened = openDatabaseWith(this.#connect, this.#file);
      if (!inPlace) driver.close();
      return opened;
    } catch (error) {
      if (inPlace) this.#rescue = openRescue(this.#connect, this.#file, this.#options);
      throw error;
    }
  }
}

function failureFor(error: unknown): StoreFailure {
  if (!(error instanceof StoreOpenError)) return failureOf(error);
  const { code, message } = error;
  return { code: storeCodeOf(code), message, scope: "medium" };
}
