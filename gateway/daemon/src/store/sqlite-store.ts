import { type Durability, type LogRow, type Operation, type Store, StoreError } from "@tram/core";
import type { Json } from "@tram/protocol";
import { encodeOperation } from "./encode.ts";
import type { QuarantineReport } from "./quarantine.ts";
import type { DriverName } from "./sql-driver.ts";
import { StoreOpenError } from "./store-open-error.ts";
import { StoreThread } from "./store-thread.ts";
import type { RefugeReport, StoreJob, WireBatch } from "./wire.ts";

export interface SqliteStoreOptions {
  /** Syncs every batch before it is acknowledged, as if each asked for `power`. Default false. */
  readonly strict?: boolean;
  /** Longest time that a `crash` commit stays unsynced, in milliseconds, above 0. Default 60 s. */
  readonly syncWindowMs?: number;
  /** Time between two snapshots of a database that changes, in milliseconds, above 0. Default a day. */
  readonly snapshotEveryMs?: number;
  /** Shortest time between the end of the store's thread and its next start, in milliseconds. Default 1 s. */
  readonly restartDelayMs?: number;
  /** Take this engine and no other. */
  readonly driver?: DriverName;
  /**
   * Opens all the same when the disk does not allow writing: what the database holds is read, every commit is refused
   * with the reason, and its opening is tried again with later commits. Without it such a database is not opened.
   */
  readonly refuge?: RefugeSettings;
  /** The thread's program, where it does not lie beside this one. */
  readonly program?: URL;
  /**
   * Told of what fails although nobody waits for it: a sync of the window, a snapshot, the end of the thread, and a
   * database that was found damaged when the thread started again. Commits that fail are told to their callers alone.
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

interface Waiting {
  readonly batch: WireBatch;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** Batches in one transaction, at most: bounds how long the first of them waits for the last. */
const LARGEST_GROUP = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Copied into memory once, at a start that is in trouble anyway; most databases are far smaller. In bytes. */
const RESCUE_LIMIT_BYTES = 33_554_432;
const RETRY_MS = 1_000;

/**
 * Opens the database in a thread of its own, so that a sync never stops the event loop.
 *
 * The batches of one turn of the event loop cross together, and those that come while the thread is busy make the next
 * group: the slower the disk, the larger the groups, and the fewer syncs.
 * @param file path of the database, created when it is not there; its folder must exist.
 * @throws {StoreOpenError} when it cannot be opened.
 */
export async function openSqliteStore(file: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
  const store = new ThreadedStore(file, options);
  await store.open();
  return store;
}

class ThreadedStore implements SqliteStore {
  readonly #options: SqliteStoreOptions;
  readonly #job: Extract<StoreJob, { kind: "serve" }>;
  #quarantine: QuarantineReport | undefined;
  #refuge: RefugeReport | undefined;
  /** In the refuge since the start: the thread alone knows what was read. */
  #sheltered = false;
  #stale = false;
  #waiting: Waiting[] = [];
  #thread: StoreThread | undefined;
  #opening: Promise<StoreThread> | undefined;
  #mayStartAt = 0;
  #pumping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string, options: SqliteStoreOptions) {
    this.#options = options;
    this.#job = {
      kind: "serve",
      file,
      driver: options.driver,
      syncWindowMs: options.syncWindowMs ?? MINUTE_MS,
      snapshotEveryMs: options.snapshotEveryMs ?? DAY_MS,
    };
  }

  get quarantine(): QuarantineReport | undefined {
    return this.#quarantine;
  }

  get refuge(): RefugeReport | undefined {
    return this.#refuge;
  }

  async open(): Promise<void> {
    const { folder, limitBytes = RESCUE_LIMIT_BYTES, retryMs = RETRY_MS } = this.#options.refuge ?? {};
    const refuge = folder === undefined ? undefined : { folder, limitBytes, retryMs };
    this.#thread = await this.#start({ ...this.#job, refuge });
    this.#quarantine = this.#thread.quarantine;
    this.#refuge = this.#thread.refuge;
    this.#sheltered = this.#refuge !== undefined;
  }

  async entries(table: string): Promise<ReadonlyMap<string, Json>> {
    const found = await (await this.#reading()).request("entries", { table });
    return new Map(found.map(([key, text]) => [key, JSON.parse(text) as Json]));
  }

  async rows(log: string, options: { after: number; limit: number }): Promise<readonly LogRow[]> {
    const found = await (await this.#reading()).request("rows", { log, ...options });
    return found.map(([seq, text]) => ({ seq, value: JSON.parse(text) as Json }));
  }

  async extent(log: string): Promise<{ readonly last: number; readonly count: number }> {
    return (await this.#reading()).request("extent", { log });
  }

  async commit(operations: readonly Operation[], durability: Durability): Promise<void> {
    this.#refuseWhenClosed();
    const batch: WireBatch = {
      operations: operations.map(encodeOperation),
      power: durability === "power" || this.#options.strict === true,
    };
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#pumping ??= this.#pump();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  /** Sends what waits, group by group. Never rejects. */
  async #pump(): Promise<void> {
    // What else this turn of the event loop commits goes along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, LARGEST_GROUP);
      this.#waiting = this.#waiting.slice(LARGEST_GROUP);
      await this.#send(group);
    }
    this.#pumping = undefined;
  }

  async #send(group: readonly Waiting[]): Promise<void> {
    try {
      const thread = await this.#live();
      const failures = await thread.request("commit", { batches: group.map(({ batch }) => batch) });
      for (const [index, { resolve, reject }] of group.entries()) {
        const failure = failures[index];
        if (failure === undefined) resolve();
        else reject(new StoreError(failure.code, failure.message));
      }
    } catch (error) {
      for (const { reject } of group) reject(asStoreError(error));
    }
  }

  async #reading(): Promise<StoreThread> {
    this.#refuseWhenClosed();
    return this.#live();
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== undefined) throw new StoreError("closed", "the store is closed");
  }

  /** The thread; started again when it is gone, but not at once. */
  async #live(): Promise<StoreThread> {
    if (this.#thread !== undefined) return this.#thread;
    this.#opening ??= this.#restart().finally(() => {
      this.#opening = undefined;
    });
    try {
      return await this.#opening;
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async #restart(): Promise<StoreThread> {
    if (this.#sheltered)
      throw new StoreError("io", "the store's thread ended while nothing could be written");
    if (performance.now() < this.#mayStartAt) {
      throw new StoreError("io", "the store's thread is gone and will be started again");
    }
    this.#holdRestart();
    const thread = await this.#start(this.#job);
    this.#thread = thread;
    if (thread.quarantine !== undefined) {
      const { problem, quarantined } = thread.quarantine;
      this.#tell(new StoreError("corrupt", `${problem}; the database was moved to ${quarantined}`));
    }
    return thread;
  }

  async #start(job: StoreJob): Promise<StoreThread> {
    const thread = await StoreThread.open(this.#options.program ?? programUrl(), job, {
      onFault: this.#tell,
      onReturned: () => {
        this.#sheltered = false;
      },
      onStale: (quarantine) => this.#tellStale(quarantine),
    });
    void thread.ended.then((error) => {
      this.#thread = undefined;
      this.#holdRestart();
      if (this.#closing !== undefined) return;
      this.#tell(error);
      if (this.#sheltered) this.#tellStale(undefined);
    });
    return thread;
  }

  #tellStale(quarantine: QuarantineReport | undefined): void {
    if (!this.#stale) this.#options.onStale?.(quarantine);
    this.#stale = true;
  }

  #holdRestart(): void {
    this.#mayStartAt = performance.now() + (this.#options.restartDelayMs ?? 1_000);
  }

  async #shutDown(): Promise<void> {
    await this.#pumping;
    const thread = this.#thread ?? (await this.#opening?.catch(() => undefined));
    if (thread === undefined) return;
    try {
      await thread.request("close", {});
    } catch (error) {
      // Gone before it could close in order: what was acknowledged is kept all the same.
      this.#tell(asStoreError(error));
    }
    await thread.ended;
  }

  readonly #tell = (error: StoreError): void => this.#options.onFault?.(error);
}

/** The thread's program lies beside this one, in the sources as in the build and in the bundle. */
function programUrl(): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./store-worker.${extension}`, import.meta.url);
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof StoreOpenError && isStoreCode(error.code) ? error.code : "io";
  return new StoreError(code, message, { cause: error });
}

function isStoreCode(
  code: StoreOpenError["code"],
): code is Exclude<StoreOpenError["code"], "newer-schema" | "no-sqlite"> {
  return code !== "newer-schema" && code !== "no-sqlite";
}
