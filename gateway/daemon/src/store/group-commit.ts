import type { StoreError } from "@tram/core";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import type { EncodedOperation } from "./encode.ts";
import { Journal } from "./journal.ts";
import type { Pending } from "./pending.ts";
import { storeErrorOf } from "./store-error-of.ts";
import { attempt, type StoreFailure } from "./store-failure.ts";
import type { WorkingDatabase } from "./working-database.ts";

/** A commit that nobody has answered yet. */
export interface Waiting {
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
/**
 * A journal of this size begins anew when the database has everything. A smaller one may go on, which saves a page of the
 * database each time: to play it once more changes nothing. In bytes.
 */
const RENEWED_BYTES = 524_288;

/**
 * More operations than these go into the database before the window ends: a queue that drains takes few bytes of the journal
 * for each, and whoever needs the medium waits until all of them are written.
 */
const MOST_PENDING = 16_384;

/**
 * Operations that are written without a pause; of more, what came meanwhile is written next, until so many are left, and
 * so many times at most.
 */
const AT_ONCE = 64;
const MOST_ROUNDS = 6;
/** While a commit waits for the end of the window, that takes the event loop for so many times as long at once. */
const HURRY = 4;

/** While the flash has to be spared, a window is as long as so many. */
const SPARING = 3;

export interface GroupCommitParts {
  readonly database: WorkingDatabase;
  /** What was acknowledged and is not in the database. */
  readonly pending: Pending;
  /** What the journal of an earlier process holds; it is pending too. */
  readonly left: readonly (readonly EncodedOperation[])[];
  /** Where the journal lies. */
  readonly folder: string;
  /** Everything must be on the medium before it is acknowledged: there is no journal. */
  readonly strict: boolean;
  /** Longest time that something acknowledged stays in the journal alone, in milliseconds. */
  readonly windowMs: number;
  /** Longest time that the window takes of the event loop at once, on its way into the database. In milliseconds. */
  readonly turnMs: number;
  /** A journal that is larger goes into the database before the window ends. In bytes. */
  readonly journalBytes: number;
  /** Whether the flash has to be spared: windows are longer then. */
  readonly spare?: () => boolean;
  /** The log of the database is moved into it when it has so many pages. */
  readonly checkpointPages: number;
  /** Told of what fails although nobody waits for it. */
  readonly onFault: (error: StoreError) => void;
  /** Counts what is written to the journal; absent where it lies in memory. */
  readonly meter?: Pick<FeatureMeter, "wrote">;
}

/**
 * Keeps commits, and answers them when they are kept as strongly as they ask: those that need only survive the process
 * from the journal, the others from the synced database.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  #journal: Journal | undefined;
  /** The journal must begin anew with the next full write: something went past it. */
  #renewalDue = false;
  /** Goes into the database before it is acknowledged. */
  #queue: Waiting[] = [];
  /** Everything must go into the database with the next group. */
  #fullDue = false;
  /** Why the database did not take what was acknowledged; while it is set, nothing is acknowledged from the journal. */
  #failure: StoreFailure | undefined;
  /** Why the log of the database could not be moved into it the last time. */
  #moveFailure: StoreFailure["code"] | undefined;
  #flushing: Promise<void> | undefined;
  #windowTimer: NodeJS.Timeout | undefined;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /** Begins the journal, with what an earlier one holds. */
  start(): void {
    this.#beginJournal(this.#parts.left);
    // What stands in no journal of ours goes into the database first.
    if (this.#journal === undefined && !this.#parts.pending.empty) {
      this.#renewalDue = true;
      this.#fullDue = true;
      this.#flushing ??= this.#flush();
    }
    this.#planWindow();
  }

  /** Takes what one turn of the event loop commits; answers each in its time. */
  take(batches: readonly Waiting[]): void {
    // What the journal does not have yet would come to stand behind these.
    const inOrder = this.#queue.every(({ ordinal }) => ordinal !== undefined);
    const journaled = inOrder && this.#failure === undefined && this.#write(batches);
    const queued = new Set(this.#queue.flatMap(({ operations }) => operations.map(keyOf)));
    for (const waiting of batches) {
      // Whoever writes what an earlier one waits to write stays behind it.
      const follows = queued.size > 0 && waiting.operations.some((operation) => queued.has(keyOf(operation)));
      if (journaled && !waiting.power && !follows) {
        this.#parts.pending.add(waiting.operations);
        waiting.resolve();
        continue;
      }
      this.#queue.push(waiting);
      for (const operation of waiting.operations) queued.add(keyOf(operation));
    }
    const { journalBytes, pending } = this.#parts;
    if ((this.#journal?.bytes ?? 0) > journalBytes || pending.size > MOST_PENDING) this.#fullDue = true;
    if (this.#queue.length > 0 || this.#fullDue) this.#flushing ??= this.#flush();
    this.#planWindow();
  }

  /** Brings everything to the medium, as far as that is possible. */
  async finish(): Promise<void> {
    await this.#flushAll();
    clearTimeout(this.#windowTimer);
  }

  /**
   * Brings what was acknowledged before into the database, at once.
   * @throws {StoreError} when that does not take it.
   */
  async bringAll(): Promise<void> {
    await this.#flushAll();
    if (this.#failure !== undefined) throw storeErrorOf(this.#failure);
  }

  /** Call it when the database is closed: what it could not take stays in the journal, for the next process. */
  end(): void {
    if (this.#parts.pending.empty && this.#failure === undefined) this.#journal?.remove();
    else this.#journal?.close();
  }

  #beginJournal(left: GroupCommitParts["left"] = []): void {
    const { database, folder, strict } = this.#parts;
    if (strict) return;
    const failure = attempt(() => {
      this.#journal = Journal.begin(folder, database.lineage, left);
    });
    if (failure !== undefined) this.#tell({ ...failure, message: `the journal: ${failure.message}` });
  }

  /** Writes batches to the journal. @returns false when they are not in it. */
  #write(batches: readonly Waiting[]): boolean {
    const journal = this.#journal;
    if (journal === undefined) return false;
    return this.#toJournal(() => this.#append(journal, batches));
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

  async #flushAll(): Promise<void> {
    await this.#flushing;
    this.#fullDue = true;
    this.#flushing ??= this.#flush();
    await this.#flushing;
  }

  /** Writes what is queued, group by group, and everything when that is due. Never rejects. */
  async #flush(): Promise<void> {
    const { checkpointPages, database } = this.#parts;
    while (this.#queue.length > 0 || this.#fullDue) {
      const full = this.#fullDue || this.#failure !== undefined;
      // Who comes meanwhile waits behind those in the queue.
      const failure = full ? await this.#writeEverything() : undefined;
      await this.#writeGroup(this.#queue.splice(0, LARGEST_GROUP), full, failure);
      const stuck = await database.checkpoint(checkpointPages);
      // Tried again after each group, and told once.
      if (stuck !== undefined && stuck.code !== this.#moveFailure) this.#tell(stuck);
      this.#moveFailure = stuck?.code;
    }
    this.#flushing = undefined;
    this.#planWindow();
  }

  /**
   * Writes a group and answers it.
   * @param full everything that was acknowledged before is written.
   * @param unwritten why it could not be written.
   */
  async #writeGroup(
    group: readonly Waiting[],
    full: boolean,
    unwritten: StoreFailure | undefined,
  ): Promise<void> {
    const { database, pending } = this.#parts;
    let failure = unwritten;
    const undo: EncodedOperation[][] = [];
    const refused = this.#writeEach(group, undo);
    const kept = group.filter((waiting) => !refused.has(waiting));
    const superseded = pending.supersede(kept.flatMap(({ operations }) => operations));
    const mustSync = full || kept.some(({ power }) => power);
    // Before the sync: who comes during it may write the same, and has to stand behind these.
    const late = this.#journalLate(kept) ?? (mustSync ? await database.sync() : undefined);
    if (late !== undefined) {
      // Not acknowledged, so it must not be found later either; and what it replaced counts again.
      if (undo.length > 0) database.write(undo.reverse().flat());
      pending.restore(superseded);
      for (const waiting of kept) refused.set(waiting, late);
      failure ??= late;
    }
    failure ??= refused.values().next().value;
    if (failure !== undefined && group.length === 0) this.#tell(failure);
    if (failure !== undefined || full) this.#failure = failure;
    this.#answer(group, refused);
  }

  /** @returns why what was acknowledged could not be written. */
  async #writeEverything(): Promise<StoreFailure | undefined> {
    const { database, pending } = this.#parts;
    const turnMs = (): number => this.#parts.turnMs * (this.#queue.length > 0 ? HURRY : 1);
    for (let round = 0; round < MOST_ROUNDS && pending.size > AT_ONCE; round++) {
      // A cut through the order of the calls, in one transaction: a power cut leaves the whole of it, or nothing.
      const failure = await database.writeInTurns(pending.seal(), turnMs);
      if (failure === undefined) pending.clear();
      else {
        this.#fullDue = false;
        pending.unseal();
        return failure;
      }
    }
    this.#fullDue = false;
    return this.#writeRest();
  }

  /** The last of it without a pause, so that the journal holds nothing that the database has not. */
  #writeRest(): StoreFailure | undefined {
    const { database, pending } = this.#parts;
    const journal = this.#journal;
    const renew = this.#renewalDue || (journal?.bytes ?? 0) > RENEWED_BYTES;
    if (!renew && pending.empty) return undefined;
    const operations = [...pending.seal()];
    // When the journal begins anew the database says so in the same breath: an old one would bring back what is older.
    const failure = renew ? database.writeAnew(operations) : database.write(operations);
    if (failure !== undefined) {
      pending.unseal();
      return failure;
    }
    pending.clear();
    if (!renew) return undefined;
    this.#renewalDue = false;
    for (const waiting of this.#queue) waiting.ordinal = undefined;
    if (journal === undefined) return undefined;
    if (attempt(() => journal.restart(database.lineage.epoch)) === undefined) return undefined;
    journal.close();
    this.#journal = undefined;
    this.#beginJournal();
    return undefined;
  }

  /** One transaction for the group. @returns those that were not kept, each with the reason. */
  #writeEach(group: readonly Waiting[], undo: EncodedOperation[][]): Map<Waiting, StoreFailure> {
    const { database } = this.#parts;
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
    return attempt(() => this.#append(journal, past));
  }

  #append(journal: Journal, batches: readonly Waiting[]): void {
    const before = journal.bytes;
    let ordinal = journal.append(batches.map(({ operations }) => operations));
    for (const waiting of batches) waiting.ordinal = ordinal++;
    this.#parts.meter?.wrote(journal.bytes - before);
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
      waiting.reject(storeErrorOf(reason));
    }
  }

  /** The window runs from the first commit that is not on the medium: an idle store syncs nothing. */
  #planWindow(): void {
    const { database, pending, spare, windowMs } = this.#parts;
    const unsynced = !pending.empty || database.dirty;
    if (!unsynced && this.#failure === undefined) {
      clearTimeout(this.#windowTimer);
      this.#windowTimer = undefined;
      return;
    }
    this.#windowTimer ??= setTimeout(
      () => {
        this.#windowTimer = undefined;
        this.#fullDue = true;
        this.#flushing ??= this.#flush();
      },
      windowMs * (spare?.() === true ? SPARING : 1),
    );
  }

  #tell(failure: StoreFailure): void {
    this.#parts.onFault(storeErrorOf(failure));
  }
}

function keyOf(operation: EncodedOperation): string {
  return "table" in operation ? `${operation.table}\n${operation.key}` : `${operation.log}\t${operation.seq}`;
}
