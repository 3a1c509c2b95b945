import type { SqlDriver, SqlStatement } from "../store/sql-driver.ts";
import { failureOf, type StoreFailure } from "../store/store-failure.ts";
import type { WriteAheadLog } from "../store/write-ahead-log.ts";
import { blockId, chunkId } from "./history-keys.ts";
import { HistoryReads, type Outage } from "./history-reads.ts";
import { type HistoryState, writeState } from "./history-state.ts";
import type { Tier } from "./tiers.ts";

/** Outages that are remembered. */
const OUTAGES = 1_000;

/** A history's database, open for writing. */
export class HistoryDatabase {
  readonly #driver: SqlDriver;
  readonly log: WriteAheadLog;
  readonly reads: HistoryReads;
  readonly #ids: Map<string, number>;
  readonly #newProperty: SqlStatement;
  readonly #putChunk: SqlStatement;
  readonly #putBlock: SqlStatement;
  readonly #dropBlock: SqlStatement;
  readonly #length: SqlStatement;
  readonly #lengths: SqlStatement;
  #state: HistoryState;
  #lastWindow: number;
  /** Damaged blocks and chunks that were met. */
  #damaged = 0;

  /** @throws what the engine throws. */
  constructor(driver: SqlDriver, log: WriteAheadLog) {
    this.#driver = driver;
    this.log = log;
    this.reads = new HistoryReads(driver);
    this.#ids = this.reads.properties();
    this.#state = this.reads.state();
    this.#lastWindow = Math.max(this.reads.windows()?.last ?? 0, this.#state.folding?.upTo ?? 0);
    this.#newProperty = driver.prepare("INSERT INTO property (id, thing, property) VALUES (?, ?, ?)");
    this.#putChunk = driver.prepare("INSERT INTO chunk (id, data) VALUES (?, ?)");
    this.#putBlock = driver.prepare("INSERT OR REPLACE INTO block (id, data) VALUES (?, ?)");
    this.#dropBlock = driver.prepare("DELETE FROM block WHERE id = ?");
    this.#length = driver.prepare("SELECT length(data) AS bytes FROM block WHERE id = ?");
    this.#lengths = driver.prepare(
      "SELECT coalesce(sum(length(data)), 0) AS bytes FROM block WHERE id >= ? AND id < ?",
    );
  }

  get state(): HistoryState {
    return this.#state;
  }

  /** Number of the latest window. */
  get lastWindow(): number {
    return this.#lastWindow;
  }

  get damaged(): number {
    return this.#damaged;
  }

  noteDamage(): void {
    this.#damaged++;
  }

  /** Everything that `work` writes, or nothing; not synced. @returns why it could not be done. */
  transaction(work: () => void): StoreFailure | undefined {
    const state = this.#state;
    const lastWindow = this.#lastWindow;
    const known = this.#ids.size;
    try {
      this.#driver.exec("BEGIN IMMEDIATE");
      try {
        work();
        if (this.#state !== state) writeState(this.#driver, this.#state);
        this.#driver.exec("COMMIT");
      } catch (error) {
        // After some errors SQLite has rolled back by itself.
        if (this.#driver.inTransaction) this.#driver.exec("ROLLBACK");
        throw error;
      }
    } catch (error) {
      this.#state = state;
      this.#lastWindow = lastWindow;
      for (const key of [...this.#ids.keys()].slice(known)) this.#ids.delete(key);
      const failure = failureOf(error);
      return failure.code === "io" && this.log.isReadOnly() ? { ...failure, code: "read-only" } : failure;
    }
    this.log.noteWritten();
    return undefined;
  }

  /** Changes the state; within a transaction. */
  change(patch: Partial<HistoryState>): void {
    this.#state = { ...this.#state, ...patch };
  }

  endFolding(): void {
    const { folding: _folding, ...rest } = this.#state;
    this.#state = rest;
  }

  /** The number of a property, made where it is new; within a transaction. */
  idOf(thing: string, property: string): number {
    const key = `${thing}/${property}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#ids.size + 1;
    this.#newProperty.run(id, thing, property);
    this.#ids.set(key, id);
    return id;
  }

  /** Properties with their numbers, by `thing/node/name`. */
  get ids(): ReadonlyMap<string, number> {
    return this.#ids;
  }

  nextWindow(): number {
    return ++this.#lastWindow;
  }

  putChunk(window: number, part: number, data: Uint8Array): void {
    this.#putChunk.run(chunkId(window, part), data);
  }

  /** Drops all chunks of windows up to one. */
  dropChunks(upTo: number): void {
    this.#driver.prepare("DELETE FROM chunk WHERE id < ?").run(chunkId(upTo + 1, 0));
  }

  putBlock(tier: Tier, number: number, property: number, data: Uint8Array): void {
    const id = blockId(tier, number, property);
    const before = Number(this.#length.get(id)?.bytes ?? 0);
    this.#putBlock.run(id, data);
    this.#addBytes(tier, data.length - before);
  }

  dropBlock(tier: Tier, number: number, property: number): void {
    const id = blockId(tier, number, property);
    const before = this.#length.get(id)?.bytes;
    if (before === undefined) return;
    this.#dropBlock.run(id);
    this.#addBytes(tier, -Number(before));
  }

  /** Drops the blocks of a tier up to a number, and remembers that it begins behind them. */
  dropBlocks(tier: Tier, upTo: number): void {
    const [first, end] = [blockId(tier, 0, 0), blockId(tier, upTo + 1, 0)];
    const bytes = Number(this.#lengths.get(first, end)?.bytes);
    this.#driver.prepare("DELETE FROM block WHERE id >= ? AND id < ?").run(first, end);
    this.#addBytes(tier, -bytes);
    const droppedBefore = this.#state.droppedBefore.map((time, index) =>
      index === tier.index ? Math.max(time, (upTo + 1) * tier.blockMs) : time,
    );
    this.change({ droppedBefore });
  }

  addOutage({ began, ended, reason, lostMs }: Outage): void {
    this.#driver
      .prepare("INSERT INTO outage (began, ended, reason, lost) VALUES (?, ?, ?, ?)")
      .run(began, ended, reason, lostMs);
    this.#driver.prepare("DELETE FROM outage WHERE id <= (SELECT max(id) FROM outage) - ?").run(OUTAGES);
  }

  /** Pages of the file in use, and how many it may have. */
  pages(): { readonly used: number; readonly most: number; readonly bytes: number } {
    const read = (name: string): number =>
      Number(Object.values(this.#driver.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    const used = read("page_count") - read("freelist_count");
    return { used, most: read("max_page_count"), bytes: used * read("page_size") };
  }

  /** @throws what the engine throws. */
  async close(): Promise<void> {
    await this.log.close();
  }

  #addBytes(tier: Tier, more: number): void {
    const bytes = this.#state.bytes.map((each, index) =>
      Math.max(0, index === tier.index ? each + more : each),
    );
    this.change({ bytes });
  }
}
