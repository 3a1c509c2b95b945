import { dirname } from "node:path";
import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";
import { type EncodedOperation, encodeOperation } from "./encode.ts";
import { Journal, readJournal } from "./journal.ts";
import { loadSqlDriver } from "./open-sql-driver.ts";
import { openForService } from "./opening.ts";
import { Pending } from "./pending.ts";
import type { QuarantineReport } from "./quarantine.ts";
import { Reader } from "./reader.ts";
import { Refuge, type RefugeReport } from "./refuge.ts";
import { Snapshots, snapshotProgram } from "./snapshots.ts";
import type { DriverName, SqlDriver } from "./sql-driver.ts";
import { attempt, failureOf, type StoreFailure } from "./store-failure.ts";
import { lineageOf, WorkingDatabase } from "./working-database.ts";

export interface SqliteStoreOptions {
  /** Syncs every batch before it is acknowledged, as if each asked for `power`. Default false. */
  readonly strict?: boolean;
  /** Longest time that a `crash` commit stays in the journal alone, in milliseconds, above 0. Default 60 s. */
  readonly syncWindowMs?: number;
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
}

/** A commit that nobody has answered yet. */
interface Waiting {
  readonly operations: readonly EncodedOperation[];
  /** Must be on the medium before it is acknowledged. */
  readonly power: boolean;
  /** Its place in the journal, where it has one. */
  ordinal: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Batches in one transaction, at most: bounds how long the first of them waits for the last. */
const LARGEST_GROUP = 1_000;
/** A journal of this size goes into the database before the window ends. In bytes. */
const JOURNAL_BYTES = 524_288;
/**
 * A journal of this size begins anew when the database has everything. A smaller one may go on, which saves a page of the
 * database each time: to play it once more changes nothing. In bytes.
 */
const RENEWED_BYTES = 262_144;
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
  const { folder, limitBytes = RESCUE_LIMIT_BYTES, retryMs = RETRY_MS } = options.refuge ?? {};
  const refuge = folder === undefined ? undefined : { folder, limitBytes, retryMs };
  const { database, quarantine } = openForService(connect, file, refuge);
  try {
    return new JournaledStore(file, { options, database, quarantine });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The database while it is open for writing. */
interface Working {
  readonly database: WorkingDatabase;
  readonly snapshots: Snapshots;
}

class JournaledStore implements SqliteStore {
  readonly #file: string;
  readonly #options: SqliteStoreOptions;
  readonly quarantine: QuarantineReport | undefined;
  readonly refuge: RefugeReport | undefined;
  #shelter: Refuge | undefined;
  #working: Working | undefined;
  #reader: Reader;
  readonly #pending = new Pending();
  /** What the journal of an earlier process holds, until this one has a journal of its own. */
  readonly #left: readonly (readonly EncodedOperation[])[];
  #journal: Journal | undefined;
  /** The journal must begin anew with the next full write: something went past it. */
  #renewalDue = false;
  /** What this turn of the event loop commits. */
  #incoming: Waiting[] = [];
  /** Goes into the database before it is acknowledged. */
  #queue: Waiting[] = [];
  /** Everything must go into the database with the next group. */
  #fullDue = false;
  /** Why the database did not take what was acknowledged; while it is set, nothing is acknowledged from the journal. */
  #failure: StoreFailure | undefined;
  #flushing: Promise<void> | undefined;
  #windowTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    file: string,
    parts: {
      options: SqliteStoreOptions;
      database: SqlDriver | Refuge;
      quarantine: QuarantineReport | undefined;
    },
  ) {
    const { database, options, quarantine } = parts;
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

  async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    this.#refuseWhenClosed();
    const encoded = operations.map(encodeOperation);
    const power = durability === "power" || this.#options.strict === true;
    await new Promise<void>((resolve, reject) => {
      this.#incoming.push({ operations: encoded, power, ordinal: undefined, resolve, reject });
      // What else this turn of the event loop commits goes along.
      if (this.#incoming.length === 1) setImmediate(this.#takeTurn);
    });
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
    const database = new WorkingDatabase(driver, this.#file);
    const snapshots = new Snapshots(database, {
      file: this.#file,
      driver: this.#options.driver,
      everyMs: this.#options.snapshotEveryMs ?? DAY_MS,
      program: this.#options.program ?? snapshotProgram(),
      onFailure: (failure) => this.#tell(failure),
    });
    snapshots.start();
    this.#working = { database, snapshots };
    if (this.#options.strict !== true) this.#beginJournal(database, this.#left);
    // What stands in no journal of ours goes into the database first.
    if (this.#journal === undefined && !this.#pending.empty) {
      this.#renewalDue = true;
      this.#fullDue = true;
      this.#flushing ??= this.#flush();
    }
    this.#planWindow();
  }

  #beginJournal(database: WorkingDatabase, left: readonly (readonly EncodedOperation[])[] = []): void {
    const failure = attempt(() => {
      this.#journal = Journal.begin(this.#journalFolder, database.lineage, left);
    });
    if (failure !== undefined) this.#tell({ ...failure, message: `the journal: ${failure.message}` });
  }

  readonly #takeTurn = (): void => {
    const batches = this.#incoming;
    this.#incoming = [];
    if (this.#working === undefined && !this.#tryToReturn()) {
      for (const { reject } of batches) reject(asStoreError(this.#shelter?.failure));
      return;
    }
    const journaled = this.#failure === undefined && this.#write(batches);
    const queued = new Set(this.#queue.flatMap(({ operations }) => operations.map(keyOf)));
    for (const waiting of batches) {
      // Whoever writes what an earlier one waits to write stays behind it.
      const follows = queued.size > 0 && waiting.operations.some((operation) => queued.has(keyOf(operation)));
      if (journaled && !waiting.power && !follows) {
        this.#pending.add(waiting.operations);
        waiting.resolve();
        continue;
      }
      this.#queue.push(waiting);
      for (const operation of waiting.operations) queued.add(keyOf(operation));
    }
    if ((this.#journal?.bytes ?? 0) > JOURNAL_BYTES) this.#fullDue = true;
    if (this.#queue.length > 0 || this.#fullDue) this.#flushing ??= this.#flush();
    this.#planWindow();
  };

  /** Writes batches to the journal. @returns false when they are not in it. */
  #write(batches: readonly Waiting[]): boolean {
    const journal = this.#journal;
    if (journal === undefined) return false;
    return this.#toJournal(() => {
      let ordinal = journal.append(batches.map(({ operations }) => operations));
      for (const waiting of batches) waiting.ordinal = ordinal++;
    });
  }

  /** @returns whether it could be written. Else a later start would play the journal over what goes past it now. */
  #toJournal(write: () => void): boolean {
    const failure = attempt(write);
    if (failure === undefined) return true;
    this.#renewalDue = true;
    this.#fullDue = true;
    this.#tell({ ...failure, message: `the journal: ${failure.message}` });
    return false;
  }

  /** Writes what is queued, group by group, and everything when that is due. Never rejects. */
  async #flush(): Promise<void> {
    const database = this.#working?.database;
    while (database !== undefined && (this.#queue.length > 0 || this.#fullDue)) {
      const group = this.#queue.splice(0, LARGEST_GROUP);
      const full = this.#fullDue || this.#failure !== undefined;
      this.#fullDue = false;
      await this.#writeGroup(database, group, full);
      const failure = await database.checkpoint();
      if (failure !== undefined) this.#tell(failure);
    }
    this.#flushing = undefined;
    this.#planWindow();
  }

  /** Writes a group and answers it. @param full with everything that was acknowledged before. */
  async #writeGroup(database: WorkingDatabase, group: readonly Waiting[], full: boolean): Promise<void> {
    let failure = full ? this.#writeEverything(database, group) : undefined;
    const undo: EncodedOperation[][] = [];
    const refused = this.#writeEach(database, group, undo);
    const kept = group.filter((waiting) => !refused.has(waiting));
    const superseded = this.#pending.supersede(kept.flatMap(({ operations }) => operations));
    const mustSync = full || kept.some(({ power }) => power);
    // While the database fails nothing else is written to the journal: what comes late stands in its order all the same.
    const late = (mustSync ? await database.sync() : undefined) ?? this.#journalLate(kept);
    if (late !== undefined) {
      // Not acknowledged, so it must not be found later either; and what it replaced counts again.
      if (undo.length > 0) database.write(undo.reverse().flat());
      this.#pending.restore(superseded);
      for (const waiting of kept) refused.set(waiting, late);
      failure ??= late;
    }
    failure ??= refused.values().next().value;
    if (failure !== undefined && group.length === 0) this.#tell(failure);
    if (failure !== undefined || full) this.#failure = failure;
    this.#answer(group, refused);
  }

  /** @returns why what was acknowledged could not be written. */
  #writeEverything(database: WorkingDatabase, group: readonly Waiting[]): StoreFailure | undefined {
    const journal = this.#journal;
    const operations = this.#pending.operations();
    const renew = this.#renewalDue || (journal?.bytes ?? 0) > RENEWED_BYTES;
    if (!renew && operations.length === 0) return undefined;
    // When the journal begins anew the database says so in the same breath: an old one would bring back what is older.
    const failure = renew ? database.writeAnew(operations) : database.write(operations);
    if (failure !== undefined) return failure;
    this.#pending.clear();
    if (!renew) return undefined;
    this.#renewalDue = false;
    for (const waiting of [...group, ...this.#queue]) waiting.ordinal = undefined;
    if (journal === undefined) return undefined;
    if (attempt(() => journal.restart(database.lineage.epoch)) === undefined) return undefined;
    journal.close();
    this.#journal = undefined;
    this.#beginJournal(database);
    return undefined;
  }

  /** One transaction for the group. @returns those that were not kept, each with the reason. */
  #writeEach(
    database: WorkingDatabase,
    group: readonly Waiting[],
    undo: EncodedOperation[][],
  ): Map<Waiting, StoreFailure> {
    const refused = new Map<Waiting, StoreFailure>();
    if (group.length === 0) return refused;
    const together = database.write(
      group.flatMap(({ operations }) => operations),
      undo,
    );
    if (together === undefined) return refused;
    // A bad one does not take the others along; a medium that takes nothing is not asked again for each.
    const single = together.scope === "batch" && group.length > 1;
    for (const waiting of group) {
      const reason = single ? database.write(waiting.operations, undo) : together;
      if (reason !== undefined) refused.set(waiting, reason);
    }
    return refused;
  }

  /** What went past the journal while that holds older values must stand in it too. @returns why it does not. */
  #journalLate(kept: readonly Waiting[]): StoreFailure | undefined {
    const journal = this.#journal;
    const past = kept.filter(({ ordinal }) => ordinal === undefined);
    if (journal === undefined || journal.empty || past.length === 0) return undefined;
    return attempt(() => void journal.append(past.map(({ operations }) => operations)));
  }

  #answer(group: readonly Waiting[], refused: ReadonlyMap<Waiting, StoreFailure>): void {
    for (const waiting of group) {
      const reason = refused.get(waiting);
      if (reason === undefined) {
        waiting.resolve();
        continue;
      }
      const { ordinal } = waiting;
      if (ordinal !== undefined) this.#toJournal(() => this.#journal?.abort(ordinal));
      waiting.reject(asStoreError(reason));
    }
  }

  #tryToReturn(): boolean {
    const result = this.#shelter?.tryToReturn();
    if (result?.outcome === "stale" && this.#shelter !== undefined) {
      this.#reader = new Reader(this.#shelter.driver);
      this.#options.onStale?.(result.quarantine);
    }
    if (result?.outcome !== "returned") return false;
    const { driver } = result.opened;
    this.#shelter = undefined;
    this.#reader = new Reader(driver, this.#pending);
    this.#work(driver);
    return true;
  }

  /** The window runs from the first commit that is not on the medium: an idle store syncs nothing. */
  #planWindow(): void {
    const unsynced = !this.#pending.empty || this.#working?.database.dirty === true;
    if (!unsynced && this.#failure === undefined) {
      clearTimeout(this.#windowTimer);
      this.#windowTimer = undefined;
      return;
    }
    this.#windowTimer ??= setTimeout(() => {
      this.#windowTimer = undefined;
      this.#fullDue = true;
      this.#flushing ??= this.#flush();
    }, this.#options.syncWindowMs ?? MINUTE_MS);
  }

  async #shutDown(): Promise<void> {
    // The turn that was promised to the last commits comes first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.#flushing;
    const working = this.#working;
    if (working !== undefined) {
      this.#fullDue = true;
      this.#flushing ??= this.#flush();
      await this.#flushing;
      await working.snapshots.end();
      this.#tellFailure(attempt(() => working.database.close()));
      // What could not be written is for the next process.
      if (this.#pending.empty && this.#failure === undefined) this.#journal?.remove();
      else this.#journal?.close();
    }
    clearTimeout(this.#windowTimer);
    this.#tellFailure(attempt(() => this.#shelter?.close()));
  }

  #tellFailure(failure: StoreFailure | undefined): void {
    if (failure !== undefined) this.#tell(failure);
  }

  #tell(failure: StoreFailure): void {
    this.#options.onFault?.(asStoreError(failure));
  }
}

function keyOf(operation: EncodedOperation): string {
  return "table" in operation ? `${operation.table}\n${operation.key}` : `${operation.log}\t${operation.seq}`;
}

/** @throws {StoreError} when the database cannot be read. */
function read<Value>(from: () => Value): Value {
  try {
    return from();
  } catch (error) {
    throw asStoreError(failureOf(error));
  }
}

function asStoreError(failure: StoreFailure | undefined): StoreError {
  return new StoreError(failure?.code ?? "io", failure?.message ?? "the database is not open");
}
