import { dirname } from "node:path";
import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";
import { isInMemory } from "../write-meter/kernel-writes.ts";
import { NO_METER, type WriteMeter } from "../write-meter/write-meter.ts";
import type { Copied, Omission } from "./copy.ts";
import { type EncodedOperation, encodeOperation } from "./encode.ts";
import { GroupCommit, type Waiting } from "./group-commit.ts";
import { readJournal } from "./journal.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { openForService } from "./opening.ts";
import { Pending } from "./pending.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { Reader } from "./reader.ts";
import { Refuge, type RefugeOptions, type RefugeReport } from "./refuge.ts";
import { runSnapshotJob, snapshotProgram } from "./snapshot-thread.ts";
import { Snapshots } from "./snapshots.ts";
import type { DriverName, OpenConnection, SqlDriver } from "./sql-driver.ts";
import { storeErrorOf } from "./store-error-of.ts";
import { attempt, failureOf, type StoreFailure } from "./store-failure.ts";
import { StoreOpenError } from "./store-open-error.ts";
import { lineageOf, WorkingDatabase } from "./working-database.ts";

export interface SqliteStoreOptions {
  /** Syncs every batch before it is acknowledged, as if each asked for `power`. Default false. */
  readonly strict?: boolean;
  /** Longest time that a `crash` commit stays in the journal alone, in milliseconds, above 0. Default 60 s. */
  readonly syncWindowMs?: number;
  /** The write-ahead log is moved into the database when it has so many pages, above 0. Default 1,000, as of SQLite. */
  readonly checkpointPages?: number;
  /** Longest time that the window takes of the event loop at once, in milliseconds; 0 or more. Default 2 ms. */
  readonly turnMs?: number;
  /** A journal that is larger goes into the database before the window ends. In bytes; default 4 MB. */
  readonly journalBytes?: number;
  /** Time between two snapshots of a database that changes, in milliseconds, above 0. Default a day. */
  readonly snapshotEveryMs?: number;
  /**
   * Folder of the journal, best in memory (`/var/run`); it must exist. Default: that of the database. Where the journal
   * cannot be written, every batch goes straight to the database.
   */
  readonly journalFolder?: string;
  /** Take this engine and no other. */
  readonly driver?: DriverName;
  /**
   * Counts what is written: the database with its log, the journal where it is on a disk, the snapshots. Over its budget,
   * the window of `crash` commits is three times as long.
   */
  readonly meter?: WriteMeter;
  /**
   * Opens all the same when the disk does not allow writing: what the database holds is read, every commit is refused
   * with the reason, and its opening is tried again with later commits. Without it such a database is not opened.
   */
  readonly refuge?: RefugeSettings;
  /** The program of the thread that takes snapshots, where it does not lie beside this one. */
  readonly program?: URL;
  /**
   * Told of what fails although nobody waits for it: a sync of the window, a snapshot, the journal. Commits that fail are
   * told to their callers alone.
   */
  readonly onFault?: (error: StoreError) => void;
  /**
   * Told once when the database can be opened at last, but holds what this store has not read. Commits go on being
   * refused: close the store and open a new one, when the house can bear to forget what happened since.
   */
  readonly onStale?: (quarantine: QuarantineReport | undefined) => void;
}

export interface RefugeSettings {
  /** A folder of the gateway's own, best in memory, where a copy may lie for a moment; made when it is needed. */
  readonly folder: string;
  /** Databases above this are not copied. In bytes; default 32 MiB. */
  readonly limitBytes?: number;
  /** Time to the first attempt to open the database for writing, in milliseconds; then it doubles, up to 30 s. Default 1 s. */
  readonly retryMs?: number;
}

/** The store on disk. */
export interface SqliteStore extends Store {
  /** Set when the database was damaged at the start, and what became of it. Tell people. */
  readonly quarantine: QuarantineReport | undefined;
  /** Set when the disk allowed no more than reading at the start. Tell people. */
  readonly refuge: RefugeReport | undefined;
  /**
   * Copies everything that was acknowledged so far into a new file, which must not be there.
   * @throws {StoreError} when the disk does not allow it; what was begun is left to the caller.
   */
  copy(to: string, omission: Omission): Promise<Copied>;
}

const CHECKPOINT_PAGES = 1_000;
/** What is acknowledged takes several turns of the event loop; while the window is written, each of them is so long. */
const TURN_MS = 2;
/** It lies in memory on a router; a smaller one writes the same properties of a busy house again and again. */
const JOURNAL_BYTES = 4_194_304;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Copied into memory once, at a start that is in trouble anyway; most databases are far smaller. In bytes. */
const RESCUE_LIMIT_BYTES = 33_554_432;
const RETRY_MS = 1_000;

/**
 * Opens the database.
 *
 * What need only survive the end of the process is acknowledged from the journal, one write of the system for each turn of
 * the event loop, and goes into the database once in the sync window: of each key the latest value alone, and no row that
 * came and went meanwhile. What must survive a power cut goes into the database at once and is acknowledged when the log
 * of the database is synced; the slower the disk, the larger the groups, and the fewer syncs. No sync stops the event loop.
 * @param file path of the database, created when it is not there; its folder must exist.
 * @throws {StoreOpenError} when it cannot be opened.
 */
export async function openSqliteStore(file: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
  const connect = await loadSqlDriver({ ...(options.driver && { driver: options.driver }) });
  const { database, quarantine } = openForService(connect, file, refugeOf(options));
  try {
    return new JournaledStore(file, { options, connect, database, quarantine });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The database while it is open for writing. */
interface Working {
  readonly database: WorkingDatabase;
  readonly snapshots: Snapshots;
  readonly commits: GroupCommit;
}

class JournaledStore implements SqliteStore {
  readonly #file: string;
  readonly #options: SqliteStoreOptions;
  readonly #connect: OpenConnection;
  readonly quarantine: QuarantineReport | undefined;
  readonly refuge: RefugeReport | undefined;
  #shelter: Refuge | undefined;
  #working: Working | undefined;
  #reader: Reader;
  readonly #pending = new Pending();
  /** What the journal of an earlier process holds, until this one has a journal of its own. */
  readonly #left: readonly (readonly EncodedOperation[])[];
  /** What this turn of the event loop commits. */
  #incoming: Waiting[] = [];
  #closing: Promise<void> | undefined;

  constructor(
    file: string,
    parts: {
      options: SqliteStoreOptions;
      connect: OpenConnection;
      database: SqlDriver | Refuge;
      quarantine: QuarantineReport | undefined;
    },
  ) {
    const { connect, database, options, quarantine } = parts;
    this.#connect = connect;
    this.#file = file;
    this.#options = options;
    this.quarantine = quarantine;
    const driver = database instanceof Refuge ? database.driver : database;
    const lineage = lineageOf(driver);
    const any = quarantine !== undefined;
    this.#left = lineage === undefined ? [] : readJournal(this.#journalFolder, lineage, { any });
    for (const operations of this.#left) this.#pending.add(operations);
    this.#reader = new Reader(driver, this.#pending);
    if (database instanceof Refuge) {
      this.#shelter = database;
      this.refuge = database.report;
    } else {
      this.refuge = undefined;
      this.#work(database);
    }
  }

  async entries(table: string): Promise<ReadonlyMap<string, Json>> {
    this.#refuseWhenClosed();
    return read(() => this.#reader.entries(table));
  }

  async rows(log: string, options: { after: number; limit: number }): Promise<readonly LogRow[]> {
    this.#refuseWhenClosed();
    return read(() => this.#reader.rows(log, options.after, options.limit));
  }

  async extent(log: string): Promise<{ readonly last: number; readonly count: number }> {
    this.#refuseWhenClosed();
    return read(() => this.#reader.extent(log));
  }

  commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#refuseWhenClosed();
      const encoded = operations.map(encodeOperation);
      const power = durability === "power" || this.#options.strict === true;
      this.#incoming.push({ operations: encoded, power, ordinal: undefined, resolve, reject });
      // What else this turn of the event loop commits goes along.
      if (this.#incoming.length === 1) setImmediate(this.#takeTurn);
    });
  }

  async copy(to: string, omission: Omission): Promise<Copied> {
    this.#refuseWhenClosed();
    const working = this.#working;
    if (working === undefined) throw storeErrorOf(this.#shelter?.failure);
    // What is in the journal alone is not in the file yet.
    await working.commits.bringAll();
    const { driver, program } = this.#options;
    const job = { file: this.#file, driver, copy: { to, omission } };
    const { copied, failure } = await runSnapshotJob(program ?? snapshotProgram(), job);
    if (copied === undefined) throw storeErrorOf(failure);
    return copied;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  get #journalFolder(): string {
    return this.#options.journalFolder ?? dirname(this.#file);
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== undefined) throw new StoreError("closed", "the store is closed");
  }

  /** Begins to write the database. */
  #work(driver: SqlDriver): void {
    const options = this.#options;
    const { meter = NO_METER } = options;
    const database = new WorkingDatabase(driver, this.#file, this.#connect, meter);
    const snapshots = new Snapshots(database, {
      file: this.#file,
      driver: options.driver,
      everyMs: options.snapshotEveryMs ?? DAY_MS,
      program: options.program ?? snapshotProgram(),
      onFailure: (failure) => this.#tell(failure),
      meter: meter.feature("snapshot"),
    });
    const commits = new GroupCommit({
      database,
      pending: this.#pending,
      left: this.#left,
      folder: this.#journalFolder,
      strict: options.strict === true,
      windowMs: options.syncWindowMs ?? MINUTE_MS,
      turnMs: options.turnMs ?? TURN_MS,
      journalBytes: options.journalBytes ?? JOURNAL_BYTES,
      spare: () => meter.feature("state").verdict !== "ok",
      checkpointPages: options.checkpointPages ?? CHECKPOINT_PAGES,
      onFault: (error) => options.onFault?.(error),
      // A journal in memory wears nothing.
      ...(isInMemory(this.#journalFolder) ? {} : { meter: meter.feature("journal") }),
    });
    this.#working = { database, snapshots, commits };
    snapshots.start();
    commits.start();
  }

  readonly #takeTurn = (): void => {
    const batches = this.#incoming;
    this.#incoming = [];
    if (this.#working === undefined) this.#tryToReturn();
    if (this.#working !== undefined) this.#working.commits.take(batches);
    else for (const { reject } of batches) reject(storeErrorOf(this.#shelter?.failure));
  };

  #tryToReturn(): void {
    const result = this.#shelter?.tryToReturn();
    if (result?.outcome === "stale" && this.#shelter !== undefined) {
      this.#reader = new Reader(this.#shelter.driver);
      this.#options.onStale?.(result.quarantine);
    }
    if (result?.outcome !== "returned") return;
    const { driver } = result.opened;
    this.#shelter = undefined;
    try {
      this.#work(driver);
    } catch (error) {
      driver.close();
      this.#takeShelterAgain(failureOf(error));
      return;
    }
    this.#reader = new Reader(driver, this.#pending);
  }

  /** The disk failed once more, just when the database was open. */
  #takeShelterAgain({ code, message }: StoreFailure): void {
    const refuge = refugeOf(this.#options);
    if (refuge === undefined) return;
    this.#shelter = Refuge.open(this.#connect, this.#file, refuge, new StoreOpenError(code, message));
    this.#reader = new Reader(this.#shelter.driver, this.#pending);
  }

  async #shutDown(): Promise<void> {
    // The turn that was promised to the last commits comes first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const working = this.#working;
    if (working !== undefined) {
      await working.commits.finish();
      await working.snapshots.end();
      await working.database.close().catch((error: unknown) => this.#tell(failureOf(error)));
      working.commits.end();
    }
    this.#tell(attempt(() => this.#shelter?.close()));
  }

  #tell(failure: StoreFailure | undefined): void {
    if (failure !== undefined) this.#options.onFault?.(storeErrorOf(failure));
  }
}

function refugeOf({ refuge }: SqliteStoreOptions): RefugeOptions | undefined {
  if (refuge === undefined) return undefined;
  const { folder, limitBytes = RESCUE_LIMIT_BYTES, retryMs = RETRY_MS } = refuge;
  return { folder, limitBytes, retryMs };
}

/** @throws {StoreError} when the database cannot be read. */
function read<Value>(from: () => Value): Value {
  try {
    return from();
  } catch (error) {
    throw storeErrorOf(failureOf(error));
  }
}
