import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import type { Bus, Clock, Log } from "@tram/core";
import type { EpochMs, GatewayView, Ms } from "@tram/protocol";
import { loadSqlDriver } from "../store/open-sql-driver.ts";
import { probeDisk } from "../store/probe.ts";
import type { QuarantineReport } from "../store/quarantine.ts";
import type { OpenConnection } from "../store/sql-driver.ts";
import { failureOf, type StoreFailure } from "../store/store-failure.ts";
import { StoreOpenError } from "../store/store-open-error.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { HistoryCut } from "./history-cut.ts";
import type { HistoryDatabase } from "./history-database.ts";
import type { Outage } from "./history-reads.ts";
import { HistoryWriter } from "./history-writer.ts";
import { type OpenedHistory, openAnew, openHistoryDatabase } from "./open-history-database.ts";
import type { PolicyFor } from "./policy.ts";
import { Recorder, type RecorderLimits } from "./recorder.ts";
import { emptyRun } from "./run.ts";
import { RAW, type Tier } from "./tiers.ts";

type Problems = GatewayView["problems"];

export interface HistoryParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: FeatureMeter;
  readonly policyFor: PolicyFor;
  /** Told when what is wrong has changed. */
  readonly onChange: () => void;
}

export interface HistoryOptions {
  /** Absolute path of the database; its folder may be missing. */
  readonly file: string;
  /** The database never grows beyond this. In bytes. */
  readonly sizeBytes: number;
  /** A power cut or a crash costs at most so long, in milliseconds, while the flash need not be spared. */
  readonly windowMs: Ms;
  readonly limits?: RecorderLimits;
  /** The event loop is held up no longer at a time, in milliseconds; default 4. */
  readonly turnMs?: Ms;
  /** The log is moved into the database when it has so many pages; default 500. */
  readonly checkpointPages?: number;
  /** How the database's engine is loaded; for tests. */
  readonly connect?: OpenConnection;
}

const TURN_MS = 4;
/** A turn takes the event loop; then all others have it for so many times as long. */
const RESTS = 3;
const CHECKPOINT_PAGES = 500;
const DAY_MS = 86_400_000;
/** While the flash must be spared, a window is as long as so many. */
const LONGER = 3;
/** What a clock that nobody has set stamps is held back so long for the right time. In milliseconds. */
const HOLD_MS = 600_000;
const LIMITS: RecorderLimits = { entries: 250_000, properties: 20_000 };
/** A history that cannot be written is tried again after so long, in milliseconds. */
const RETRY_MS = 30_000;

/** What a history says of itself. */
export interface HistoryHealth {
  /** Readings are kept in a file. */
  readonly kept: boolean;
  /** What a crash or a power cut may cost now, in milliseconds. */
  readonly windowMs: Ms;
  /** Readings that wait in memory. */
  readonly waiting: number;
  /** Readings that neither memory nor file had room for, since the start. */
  readonly dropped: number;
  readonly properties: number;
  /** Size of the file in use, in bytes. */
  readonly bytes: number;
}

/**
 * Keeps what properties were over time. It hears every reading, keeps it in memory, and writes it down once in a window.
 * Nothing waits for it, and nothing fails with it: where it cannot be opened or written, memory goes on, and a problem is
 * shown.
 */
export class History implements AsyncDisposable {
  readonly #parts: HistoryParts;
  readonly #options: HistoryOptions;
  readonly #connect: OpenConnection;
  readonly #recorder: Recorder;
  readonly #subscriptions: Disposable[] = [];
  readonly #startedAt: Ms;
  #writer: HistoryWriter | undefined;
  #database: HistoryDatabase | undefined;
  #failure: StoreFailure | undefined;
  #quarantine: QuarantineReport | undefined;
  #retryAt: Ms = 0;
  #ticks = 0;
  #writing: Promise<void> | undefined;
  /** How many wait until everything is written. */
  #hurried = 0;
  /** How the history ended before this start, until that is written down. */
  #before: Pick<Outage, "began" | "reason"> | undefined;

  private constructor(parts: HistoryParts, options: HistoryOptions, connect: OpenConnection) {
    this.#parts = parts;
    this.#options = options;
    this.#connect = connect;
    this.#recorder = new Recorder(parts, options.limits ?? LIMITS);
    this.#startedAt = parts.clock.monotonic();
  }

  /** Opens a history and begins to record. A file that does not open is a problem, never an error. */
  static async open(parts: HistoryParts, options: HistoryOptions): Promise<History> {
    const history = new History(parts, options, options.connect ?? (await loadSqlDriver()));
    history.#tryToOpen();
    history.#listen();
    return history;
  }

  get health(): HistoryHealth {
    const database = this.#database;
    const stretch = this.#parts.meter.verdict === "ok" ? 1 : LONGER;
    return {
      kept: this.#failure === undefined && database !== undefined,
      windowMs: this.#options.windowMs * stretch,
      waiting: this.#recorder.entries,
      dropped: this.#recorder.dropped + this.#recorder.refused,
      properties: database?.ids.size ?? 0,
      bytes: database === undefined ? 0 : database.pages().bytes,
    };
  }

  /** What people must know. */
  get problems(): Problems {
    const where = this.#options.file;
    const problems: Problems = [];
    if (this.#failure !== undefined) {
      const problem = `the history is kept in memory alone: ${this.#failure.message}`;
      problems.push({ code: "history", where, problem });
    }
    if (this.#quarantine !== undefined) {
      const { problem, quarantined } = this.#quarantine;
      const told = `${problem}; the history was moved to ${quarantined} and began anew, empty`;
      problems.push({ code: "history", where, problem: told });
    }
    return problems;
  }

  /** Properties of a Thing of which something is known, as `node/name`. */
  propertiesOf(thing: string): readonly string[] {
    const start = `${thing}/`;
    const written = [...(this.#database?.ids.keys() ?? [])].filter((key) => key.startsWith(start));
    const waiting = [...this.#recorder.all()].filter((each) => each.thing === thing && each.policy.record);
    return [...written.map((key) => key.slice(start.length)), ...waiting.map(({ property }) => property)];
  }

  /** The time from which on a tier has everything of a property, in epoch milliseconds. */
  goesBackTo(tier: Tier, thing: string, property: string): EpochMs {
    const { days, rawDays } = this.#parts.policyFor(thing, property);
    const limits = [days, tier === RAW ? rawDays : undefined].flatMap((each) => each ?? []);
    const kept = limits.length === 0 ? 0 : this.#parts.clock.now() - Math.min(...limits) * DAY_MS;
    return Math.max(kept, this.#database?.state.droppedBefore[tier.index] ?? 0);
  }

  /** One property's history of this moment. Dispose of it. @throws what the engine throws. */
  cut(thing: string, property: string): HistoryCut {
    const series = this.#recorder.find(thing, property);
    const memory = series === undefined ? emptyRun() : this.#recorder.seen(series);
    const place = this.#database && { connect: this.#connect, file: this.#options.file };
    return HistoryCut.open(place, [thing, property], memory);
  }

  /** Something could not be read: a damaged file is moved aside, and the history begins anew. */
  noteFailure(error: unknown): void {
    const failure = failureOf(error);
    if (failure.code === "corrupt") void this.#exclusively(() => this.#replace(failure.message));
  }

  /** Writes down what memory holds, and folds nothing. Resolves when that is done, or failed. */
  flush(): Promise<void> {
    return this.#hurriedly(() => this.#exclusively(() => this.#write(true)));
  }

  /** The disk is well again, says somebody who knows: not only after a while. */
  retry(): void {
    if (this.#failure === undefined) return;
    this.#retryAt = 0;
    void this.#exclusively(() => this.#write(false));
  }

  /** Folds what is written into the tiers. */
  fold(): Promise<void> {
    return this.#exclusively(async () => this.#take(await this.#writer?.fold()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    await this.#hurriedly(() => this.#exclusively(() => this.#close()));
  }

  async #close(): Promise<void> {
    await this.#write(true);
    const database = this.#database;
    this.#writer = undefined;
    this.#database = undefined;
    if (database === undefined) return;
    const savedAt = Math.max(0, Math.round(this.#parts.clock.now()));
    const closed = this.#failure === undefined;
    database.transaction(() => database.change({ closed, savedAt }));
    await database.close();
  }

  #listen(): void {
    const { bus, clock } = this.#parts;
    this.#subscriptions.push(
      bus.on("reading", ({ reading }) => {
        this.#recorder.take(reading);
        if (this.#recorder.entries >= this.#early) void this.#exclusively(() => this.#write(false));
      }),
      bus.on("quality", ({ reading }) => this.#recorder.takeQuality(reading)),
      clock.every(this.#options.windowMs, () => this.#tick()),
    );
  }

  /** A window ends before its time when memory is half full. */
  get #early(): number {
    return this.#writing === undefined
      ? (this.#options.limits ?? LIMITS).entries / 2
      : Number.POSITIVE_INFINITY;
  }

  #tick(): void {
    this.#ticks++;
    if (this.#parts.meter.verdict !== "ok" && this.#ticks % LONGER !== 0) return;
    void this.#exclusively(() => this.#write(false));
  }

  /** What is being written does not rest meanwhile. */
  async #hurriedly(work: () => Promise<void>): Promise<void> {
    this.#hurried++;
    try {
      await work();
    } finally {
      this.#hurried--;
    }
  }

  /** Between two turns: a window of a large house takes half a second, and nobody waits for it. */
  readonly #rest = async (): Promise<void> => {
    const hurries = this.#hurried > 0 || this.#recorder.isCrowded;
    if (hurries) await nextTurn();
    else await setTimeout((this.#options.turnMs ?? TURN_MS) * RESTS);
  };

  /** One at a time; never rejects. */
  #exclusively(work: () => Promise<void> | void): Promise<void> {
    const before = this.#writing;
    const next = (async () => {
      await before;
      try {
        await work();
      } catch (error) {
        await this.#take(failureOf(error));
      }
    })();
    this.#writing = next;
    void next.then(() => {
      if (this.#writing === next) this.#writing = undefined;
    });
    return next;
  }

  async #write(all: boolean): Promise<void> {
    if (this.#writer === undefined) this.#tryToOpen();
    if (this.#writer === undefined) return;
    const { clock, meter } = this.#parts;
    const settled = clock.trust !== "untrusted" || clock.monotonic() > this.#startedAt + HOLD_MS;
    if (settled || all) this.#noteOutage();
    const thin = meter.verdict === "thin";
    await this.#take(await this.#writer.write({ thin, withHeld: settled || all }));
  }

  async #take(failure: StoreFailure | undefined): Promise<void> {
    if (failure?.code === "corrupt") await this.#replace(failure.message);
    else this.#note(failure);
  }

  /** Notes how the last attempt went. */
  #note(failure: StoreFailure | undefined): void {
    if (failure?.code === this.#failure?.code) return;
    const { log, onChange } = this.#parts;
    const file = this.#options.file;
    if (failure === undefined) log.info({ file }, "the history is written again");
    else log.error({ file, code: failure.code }, "the history cannot be written");
    this.#failure = failure;
    onChange();
  }

  #tryToOpen(): void {
    const { clock } = this.#parts;
    if (clock.monotonic() < this.#retryAt) return;
    const trouble = this.#retryAt === 0 ? undefined : probeDisk(this.#options.file);
    this.#retryAt = clock.monotonic() + RETRY_MS;
    if (trouble === undefined)
      this.#openWith(() => openHistoryDatabase(this.#connect, this.#options.file, this.#fileOptions));
    else this.#note(trouble);
  }

  /** A damaged history goes aside. */
  async #replace(problem: string): Promise<void> {
    const database = this.#database;
    this.#writer = undefined;
    this.#database = undefined;
    // Before its files are moved: SQLite removes a log by its name.
    await database?.close().catch(() => undefined);
    this.#openWith(() => openAnew(this.#connect, this.#options.file, this.#fileOptions, problem));
  }

  get #fileOptions() {
    return { sizeBytes: this.#options.sizeBytes, meter: this.#parts.meter };
  }

  #openWith(open: () => OpenedHistory): void {
    const { clock, log, onChange, policyFor } = this.#parts;
    try {
      const { database, quarantine } = open();
      this.#database = database;
      this.#begin(database);
      this.#writer = new HistoryWriter(database, {
        recorder: this.#recorder,
        clock,
        policyFor,
        turnMs: this.#options.turnMs ?? TURN_MS,
        checkpointPages: this.#options.checkpointPages ?? CHECKPOINT_PAGES,
        rest: this.#rest,
      });
      if (quarantine !== undefined) {
        this.#quarantine = quarantine;
        log.error({ ...quarantine }, "the history was damaged and moved aside");
        onChange();
      }
      this.#note(undefined);
    } catch (error) {
      if (!(error instanceof StoreOpenError)) throw error;
      const { code, message } = error;
      const known = code === "newer-schema" || code === "no-sqlite" || code === "in-use" ? "io" : code;
      this.#note({ code: known, message, scope: "medium" });
    }
  }

  /** From here on an end without a word is one that may have cost something. */
  #begin(database: HistoryDatabase): void {
    const { closed, savedAt } = database.state;
    const began = Math.max(savedAt, database.reads.lastSavedAt());
    if (began > 0) this.#before ??= { began, reason: closed ? "off" : "cut" };
    if (closed) this.#note(database.transaction(() => database.change({ closed: false })));
  }

  /** Writes down that the gateway was off, and for how long. */
  #noteOutage(): void {
    const [before, database] = [this.#before, this.#database];
    if (before === undefined || database === undefined) return;
    const { clock } = this.#parts;
    const startedAt = Math.round(clock.now() - (clock.monotonic() - this.#startedAt));
    const lostMs = before.reason === "off" ? 0 : this.#options.windowMs;
    const outage = { ...before, ended: Math.max(before.began, startedAt), lostMs };
    if (database.transaction(() => database.addOutage(outage)) === undefined) this.#before = undefined;
  }
}
