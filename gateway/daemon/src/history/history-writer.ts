import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { StoreFailure } from "../store/store-failure.ts";
import { foldRun } from "./buckets.ts";
import { type ChunkEntry, encodeChunk, partOf } from "./chunk.ts";
import { foldPart } from "./fold.ts";
import type { HistoryDatabase } from "./history-database.ts";
import type { PolicyFor } from "./policy.ts";
import type { Recorder, Series } from "./recorder.ts";
import { keepAges, makeRoom } from "./retention.ts";
import type { Run } from "./run.ts";
import { MINUTE } from "./tiers.ts";

/** New properties in one transaction. */
const NEW_PROPERTIES = 100;
/** The windows are folded when there are so many, or so many entries for each part. */
const FOLD_WINDOWS = 240;
const FOLD_ENTRIES = 20_000;

export interface WriteMode {
  /** Write the minutes of readings alone. */
  readonly thin: boolean;
  /** Write also what waits for the right time. */
  readonly withHeld: boolean;
}

/** A property with its number. */
interface Member {
  readonly id: number;
  readonly series: Series;
}

/** Moves readings from memory into the file, and there from tier to tier. One `write` at a time. */
export class HistoryWriter {
  readonly #database: HistoryDatabase;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #policyFor: PolicyFor;
  readonly #turnMs: Ms;
  readonly #checkpointPages: number;
  readonly #rest: () => Promise<void>;
  /** Entries in windows that are not folded. */
  #unfolded = 0;

  constructor(
    database: HistoryDatabase,
    parts: {
      recorder: Recorder;
      clock: Clock;
      policyFor: PolicyFor;
      turnMs: Ms;
      checkpointPages: number;
      /** Lets everybody else have the event loop, between two turns. */
      rest: () => Promise<void>;
    },
  ) {
    this.#database = database;
    this.#recorder = parts.recorder;
    this.#clock = parts.clock;
    this.#policyFor = parts.policyFor;
    this.#turnMs = parts.turnMs;
    this.#checkpointPages = parts.checkpointPages;
    this.#rest = parts.rest;
  }

  /** Ends a window: what memory holds is on the medium afterwards. @returns why it is not. */
  async write(mode: WriteMode): Promise<StoreFailure | undefined> {
    const database = this.#database;
    const failure =
      (await makeRoom(database, this.#rest)) ??
      (await this.#writeWindow(mode)) ??
      (await database.log.sync()) ??
      (await database.log.checkpoint(this.#checkpointPages)) ??
      (await this.#foldIfDue());
    return failure;
  }

  /** Folds all windows. @returns why that could not be done; what is folded stays so, and the rest is where it was. */
  async fold(): Promise<StoreFailure | undefined> {
    const database = this.#database;
    const windows = database.reads.windows();
    if (windows === undefined) return undefined;
    const last = partOf(database.ids.size);
    const { upTo, part: begin } = database.state.folding ?? { upTo: database.lastWindow, part: 0 };
    for (let part = begin; part <= last; ) {
      const failure = database.transaction(() => {
        const until = this.#clock.monotonic() + this.#turnMs;
        do foldPart(database, { first: windows.first, last: upTo }, part++);
        while (part <= last && this.#clock.monotonic() < until);
        database.change({ folding: { upTo, part } });
      });
      if (failure !== undefined) return failure;
      if (part <= last) await this.#rest();
    }
    const failure = database.transaction(() => {
      database.dropChunks(upTo);
      database.endFolding();
      database.change({ savedAt: this.#clock.now() });
    });
    if (failure === undefined) this.#unfolded = 0;
    return (
      failure ??
      (await keepAges(database, this.#clock, this.#policyFor, this.#rest)) ??
      (await database.log.sync())
    );
  }

  async #foldIfDue(): Promise<StoreFailure | undefined> {
    const { ids, reads, state } = this.#database;
    const windows = reads.windows();
    if (windows === undefined) return undefined;
    const parts = partOf(ids.size) + 1;
    const due =
      state.folding !== undefined ||
      windows.last - windows.first >= FOLD_WINDOWS ||
      this.#unfolded / parts >= FOLD_ENTRIES;
    return due ? this.fold() : undefined;
  }

  async #writeWindow(mode: WriteMode): Promise<StoreFailure | undefined> {
    const database = this.#database;
    const waiting = [...this.#recorder.all()].filter(
      ({ held, run }) => run.length > 0 || (mode.withHeld && held !== undefined),
    );
    const failure = await this.#knowAll(waiting);
    if (failure !== undefined) return failure;
    const members = waiting
      .map((series) => ({ id: database.ids.get(`${series.thing}/${series.property}`) ?? 0, series }))
      .sort((a, b) => a.id - b.id);
    let window: number | undefined;
    for (let next = 0; next < members.length; ) {
      const drained: [Series, Run][] = [];
      const written = database.transaction(() => {
        window ??= database.nextWindow();
        const until = this.#clock.monotonic() + this.#turnMs;
        do {
          const part = partOf(members[next]?.id ?? 0);
          const begin = next;
          while (next < members.length && partOf(members[next]?.id ?? 0) === part) next++;
          database.putChunk(window, part, this.#chunkOf(members.slice(begin, next), mode, drained));
        } while (next < members.length && this.#clock.monotonic() < until);
      });
      for (const [series, run] of drained) {
        if (written === undefined) this.#unfolded += run.times.length;
        else this.#recorder.giveBack(series, run);
      }
      if (written !== undefined) return written;
      if (next < members.length) await this.#rest();
    }
    return undefined;
  }

  #chunkOf(members: readonly Member[], mode: WriteMode, drained: [Series, Run][]): Buffer {
    const entries = members.flatMap(({ id, series }): ChunkEntry[] => {
      const run = this.#recorder.drain(series, mode.withHeld);
      drained.push([series, run]);
      // In an earlier turn memory may have dropped it.
      if (run.times.length === 0) return [];
      if (!mode.thin || series.policy.always) return [{ id, run }];
      return [{ id, minutes: foldRun(run, MINUTE.widthMs) }];
    });
    return encodeChunk({ savedAt: Math.max(0, Math.round(this.#clock.now())), entries });
  }

  /** Gives new properties their numbers. */
  async #knowAll(waiting: readonly Series[]): Promise<StoreFailure | undefined> {
    const database = this.#database;
    const unknown = waiting.filter(({ property, thing }) => !database.ids.has(`${thing}/${property}`));
    for (let at = 0; at < unknown.length; at += NEW_PROPERTIES) {
      const failure = database.transaction(() => {
        for (const { property, thing } of unknown.slice(at, at + NEW_PROPERTIES))
          database.idOf(thing, property);
      });
      if (failure !== undefined) return failure;
      if (at + NEW_PROPERTIES < unknown.length) await this.#rest();
    }
    return undefined;
  }
}
