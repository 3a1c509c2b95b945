import { BLOCK_BYTES } from "../write-meter/write-meter.ts";
import { Medium } from "./disk.ts";
import type { OpenConnection, SqlDriver, SqlStatement } from "./sql-driver.ts";
import { attempt, failureOf, type StoreFailure } from "./store-failure.ts";

/** How long a lock of somebody else, such as the sqlite3 shell, is waited for. In milliseconds. */
const BUSY_MS = 250;
/** https://sqlite.org/fileformat.html#the_write_ahead_log */
const LOG_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;

/**
 * The write-ahead log of a database that is open for writing: the order of writes and syncs that a power cut cannot break,
 * with syncs beside the event loop, and the count of what reaches the files.
 */
export class WriteAheadLog {
  readonly #driver: SqlDriver;
  readonly #medium: Medium;
  readonly #onWrote: (bytes: number) => void;
  readonly #pageBytes: number;
  /** Something was written and not synced since. */
  #dirty = false;
  /** The log was made void, and nothing was written to it since. */
  #voided = false;
  /** Tells how far the log has come without moving anything. */
  readonly #progress: SqlStatement;
  /** Keeps the log from beginning anew while the database is synced. */
  readonly #holder: SqlDriver;
  /** The sync of the database that runs while the log is held; it ends with why it failed. */
  #syncing: Promise<StoreFailure | undefined> | undefined;
  #synced = false;
  /** Pages that the log has got since it began anew, and those of them that were moved into the database. */
  #logged = 0;
  #movedUpTo = 0;
  /** Blocks of the log up to here count as written until the next sync. */
  #dirtyBlocks = 0;

  /**
   * @param driver of a sound database in WAL mode that nobody writes yet.
   * @param onWrote is told of the bytes that reach the database and its log.
   * @throws what the engine throws.
   */
  constructor(
    driver: SqlDriver,
    file: string,
    connect: OpenConnection,
    onWrote: (bytes: number) => void = () => undefined,
  ) {
    this.#driver = driver;
    this.#medium = new Medium(file);
    this.#onWrote = onWrote;
    this.#pageBytes = Number(driver.prepare("PRAGMA page_size").get()?.page_size);
    // Since SQLite 3.51.0.
    this.#progress = driver.prepare("PRAGMA wal_checkpoint(NOOP)");
    // With the syncs of SQLite: a log that a crash has left is moved into the database, and its file emptied.
    driver.exec("PRAGMA synchronous = FULL");
    this.#logged = this.#frames;
    this.#countMoved();
    driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#logged = 0;
    this.#movedUpTo = 0;
    driver.exec("PRAGMA synchronous = OFF");
    driver.exec("PRAGMA wal_autocheckpoint = 0");
    this.#holder = connect(file, "read");
  }

  /** True when a power cut now would cost something that was written. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Tells a disk that became read-only from one that fails. */
  get isReadOnly(): () => boolean {
    return this.#medium.isReadOnly;
  }

  /** Call it after each transaction that changed something. */
  noteWritten(): void {
    this.#dirty = true;
    this.#countLogged();
    // A head that cannot be read now is looked at again after the next write.
    if (this.#voided) this.#voided = attempt(() => this.#begun()) !== undefined;
  }

  /** Makes what was written safe against a power cut. @returns why it could not be done. */
  async sync(): Promise<StoreFailure | undefined> {
    if (!this.#dirty) return undefined;
    try {
      await this.#medium.syncLog();
      this.#dirty = false;
      this.#dirtyBlocks = 0;
      return undefined;
    } catch (error) {
      return { ...failureOf(error), scope: "medium" };
    }
  }

  /**
   * Moves the log into the database when it has so many pages; call it after each write. Nobody may write meanwhile.
   *
   * SQLite syncs nothing here (`synchronous = OFF`), so the order is ours: the log is synced before the database is
   * written; the database is synced before the log begins anew; and before anything new is written over the old log, its
   * head is made void, and that is synced. Else a power cut could bring back the beginning of the old log, over pages that
   * are newer (SQLite syncs a new head for the same reason). The log keeps its length: to write over a file costs a disk
   * less than to make it longer.
   *
   * The long sync, that of the database, is not waited for: a reader holds the log meanwhile, so that writes go to its
   * end. When it is over there is little left to move.
   * @returns why it could not be done; nothing is lost then, the log is only longer.
   */
  async checkpoint(least: number): Promise<StoreFailure | undefined> {
    try {
      if (this.#syncing === undefined) return await this.#beginToMove(least);
      if (!this.#synced) return undefined;
      const failure = await this.#letGo();
      return failure ?? (await this.#moveRest());
    } catch (error) {
      return { ...failureOf(error), scope: "medium" };
    }
  }

  async #beginToMove(least: number): Promise<StoreFailure | undefined> {
    if (this.#voided || this.#frames < least) return undefined;
    const failure = await this.sync();
    if (failure !== undefined) return failure;
    this.#holder.exec("BEGIN");
    let moved = false;
    try {
      this.#holder.prepare("SELECT 1 FROM meta").get();
      moved = this.#moved("PASSIVE");
    } finally {
      // A log that is held for good would never begin anew.
      if (!moved) this.#holder.exec("COMMIT");
    }
    if (!moved) return undefined;
    this.#synced = false;
    const done = (): void => {
      this.#synced = true;
    };
    this.#syncing = this.#medium.syncDatabase().then(
      () => done() as undefined,
      (error: unknown) => {
        done();
        return { ...failureOf(error), scope: "medium" } as const;
      },
    );
    return undefined;
  }

  /** Waits for the sync that runs, and lets the log go. @returns why it failed. */
  async #letGo(): Promise<StoreFailure | undefined> {
    if (this.#syncing === undefined) return undefined;
    const failure = await this.#syncing;
    this.#syncing = undefined;
    this.#holder.exec("COMMIT");
    return failure;
  }

  async #moveRest(): Promise<StoreFailure | undefined> {
    const failure = await this.sync();
    if (failure !== undefined) return failure;
    if (!this.#moved("PASSIVE")) return undefined;
    await this.#medium.syncDatabase();
    // Once nobody reads the log any more, the next write begins it anew.
    if (!this.#moved("RESTART")) return undefined;
    this.#voided = true;
    await this.#medium.voidLog();
    this.#onWrote(BLOCK_BYTES);
    return undefined;
  }

  /** @returns false when somebody reads the log, such as a snapshot: not waited for, the next time will do. */
  #moved(mode: "PASSIVE" | "RESTART"): boolean {
    this.#countMoved();
    this.#driver.exec("PRAGMA busy_timeout = 0");
    try {
      const found = this.#driver.prepare(`PRAGMA wal_checkpoint(${mode})`).get();
      return found?.busy === 0 && found.log === found.checkpointed;
    } finally {
      this.#driver.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    }
  }

  /** The first write after the log was made void: it must have begun the log anew, with a head of its own. */
  #begun(): void {
    if (this.#medium.isLogValid()) return;
    // Nothing is known that could lead here. The index in memory still knows the log, so it is not too late.
    this.#driver.exec("PRAGMA synchronous = FULL");
    this.#driver.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#driver.exec("PRAGMA synchronous = OFF");
  }

  /** Closes the database in order: SQLite moves the log into it, with its own syncs. @throws what the engine throws. */
  async close(): Promise<void> {
    try {
      await this.#letGo();
      this.#holder.close();
      this.#driver.exec("PRAGMA synchronous = FULL");
      attempt(() => this.#countMoved());
      this.#driver.close();
    } finally {
      this.#medium[Symbol.dispose]();
    }
  }

  /** Pages in the log. */
  get #frames(): number {
    return Number(this.#progress.get()?.log);
  }

  /** In blocks, as they go to the medium: one that is not synced yet goes there once, however often it is written. */
  #countLogged(): void {
    const frames = this.#frames;
    const anew = frames < this.#logged || this.#voided;
    const from = anew || this.#logged === 0 ? 0 : this.#logEnd(this.#logged);
    if (anew) {
      this.#movedUpTo = 0;
      this.#dirtyBlocks = 0;
    }
    this.#logged = frames;
    const end = Math.ceil(this.#logEnd(frames) / BLOCK_BYTES);
    const begin = Math.max(Math.floor(from / BLOCK_BYTES), this.#dirtyBlocks);
    this.#dirtyBlocks = end;
    this.#onWrote(Math.max(0, end - begin) * BLOCK_BYTES);
  }

  #logEnd(frames: number): number {
    return LOG_HEAD_BYTES + frames * (this.#pageBytes + FRAME_HEAD_BYTES);
  }

  #countMoved(): void {
    if (this.#movedUpTo >= this.#logged) return;
    const blocks = this.#medium.blocksLogged(this.#movedUpTo, this.#logged, this.#pageBytes);
    this.#movedUpTo = this.#logged;
    this.#onWrote(blocks * BLOCK_BYTES);
  }
}
