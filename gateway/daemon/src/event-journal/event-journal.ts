import { randomBytes } from "node:crypto";
import type { Bus, Clock } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import type { Stamp } from "./block-encoder.ts";
import type { Mark } from "./block-layout.ts";
import type { EventQuery } from "./event-pass.ts";
import type { Happenings, JournalEvent, RecordedKind } from "./journal-event.ts";
import type { KnownHouse } from "./keyframe.ts";
import { MemoryRing } from "./memory-ring.ts";
import { readJournal, surveyOf } from "./read-journal.ts";
import { SegmentWriter } from "./segment-writer.ts";

export interface JournalSettings {
  /** Memory for events, in bytes. */
  readonly memoryBytes: number;
  /** Room on the disk, in bytes; 0 keeps nothing there. */
  readonly diskBytes: number;
  readonly keepMs: Ms;
  /** Absolute path of the folder of the segments. */
  readonly folder: string;
  /** What a power cut costs of the segments. Default: a minute, as of all plain telemetry. */
  readonly windowMs?: Ms;
}

/** How the journal is, at this moment. */
export interface JournalState {
  /** Time of the oldest event; undefined before the start. */
  readonly from: EpochMs | undefined;
  /** From then on nothing of this run is missing. */
  readonly completeFrom: EpochMs | undefined;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Since the start. */
  readonly recorded: number;
  readonly perSecond: number;
  /** Events that left the memory for its quota before their time. */
  readonly dropped: number;
  /** Events that the disk did not take. */
  readonly missed: number;
  /** Readings that were not written to the disk, to spare it. */
  readonly thinned: number;
  /** Damaged places of the segments and blocks, as far as they were read. */
  readonly damaged: number;
  /** Why the disk takes nothing, for people. */
  readonly failure: string | undefined;
}

const WINDOW_MS: Ms = 60_000;
const TIDY_MS: Ms = 60_000;
/** The rate is that since a look that is older. */
const RATE_MS: Ms = 2_000;

export interface JournalParts {
  readonly clock: Clock;
  readonly settings: JournalSettings;
  readonly meter: FeatureMeter;
  /** The disk began or ceased to take what it is given. */
  readonly onHealth: () => void;
}

/**
 * What happened in the house, unthinned, for a replay and for whoever wants to know why. In memory, and on the disk
 * where there is room for it.
 *
 * An event is written down at once, in the order in which the house tells it, not when its unit is kept: rules decide at
 * once, and their commands go out even where the store keeps nothing.
 */
export class EventJournal implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #ring: MemoryRing;
  readonly #disk: SegmentWriter | undefined;
  readonly #run = randomBytes(6).readUIntBE(0, 6);
  readonly #subscriptions: Disposable[] = [];
  /** One for all events: it is only read. */
  readonly #stamp: Stamp = { seq: 1, wall: 0, monotonic: 0, trust: "untrusted" };
  readonly #now = (): Stamp => this.#stampAt(this.#clock.now());
  #known: () => KnownHouse = () => ({ things: [], readings: [] });
  #started = false;
  #damaged = 0;
  #rate = { at: 0, seq: 1, perSecond: 0 };

  constructor({ clock, settings, meter, onHealth }: JournalParts) {
    this.#clock = clock;
    const { keepMs, memoryBytes, diskBytes, folder, windowMs = WINDOW_MS } = settings;
    const origin = { run: this.#run, bootId: clock.bootId };
    const parts = { clock, origin, known: () => this.#known(), now: this.#now };
    this.#ring = new MemoryRing({ ...parts, limits: { bytes: memoryBytes, keepMs } });
    if (diskBytes === 0) return;
    const limits = { bytes: diskBytes, keepMs, windowMs };
    this.#disk = new SegmentWriter({ ...parts, folder, limits, meter, onHealth });
  }

  /** Hears a house. Before anybody else does: what a listener makes of an event must come after it. */
  listen(bus: Bus): void {
    this.#subscriptions.push(
      bus.on("reading", ({ reading }) => this.#record("reading", reading, reading.receivedAt)),
      bus.on("quality", ({ reading }) => this.#record("quality", reading)),
      bus.on("repaired", ({ reading }) => this.#record("repaired", reading)),
      bus.on("thing", (record) => this.#record("thing", record)),
      bus.on("retired", (retired) => this.#record("retired", retired)),
      bus.on("availability", ({ record: { thing, availability }, previous }) =>
        this.#record("availability", { id: thing.id, availability, previous } as Happenings["availability"]),
      ),
      bus.on("event", (event) => this.#record("event", event, event.receivedAt)),
      bus.on("command", (command) => this.#record("command", command)),
      bus.on("notification", (notification) => this.#record("notification", notification)),
      this.#clock.onStep((step) => this.#record("clock", step)),
    );
  }

  /**
   * Begins to record.
   * @param known tells what the house knows, at this moment and whenever it is asked again.
   */
  start(version: string, known: () => KnownHouse): void {
    this.#known = known;
    this.#ring.start();
    this.#disk?.start();
    this.#started = true;
    this.#rate.at = this.#clock.monotonic();
    this.#record("start", { version });
    this.#subscriptions.push(this.#clock.every(TIDY_MS, () => this.#ring.tidy()));
  }

  /** Reads events in the order in which they happened, up to this moment. */
  read(query: EventQuery): AsyncGenerator<JournalEvent> {
    return readJournal(
      {
        disk: this.#disk?.segments ?? [],
        memory: this.#ring.chapters,
        memoryFrom: { run: this.#run, seq: this.#ring.firstSeq },
        onDamaged: () => {
          this.#damaged++;
        },
      },
      query,
    );
  }

  /** Parts of the memory that can be read alone. */
  get chapters(): number {
    return this.#ring.chapters.length;
  }

  /** Why the disk takes nothing, for people. */
  get failure(): string | undefined {
    return this.#disk?.failure;
  }

  async state(): Promise<JournalState> {
    const disk = this.#disk;
    const segments = disk?.segments ?? [];
    const completeFrom = earlier(this.#ring.from, disk?.completeFrom);
    const { book, from } = await surveyOf([...segments, ...this.#ring.chapters]);
    return {
      from,
      completeFrom: completeFrom && Math.max(from ?? 0, book.timeOf(this.#clock.bootId, completeFrom)),
      memoryBytes: this.#ring.bytes,
      diskBytes: disk?.bytes ?? 0,
      recorded: this.#stamp.seq - 1,
      perSecond: this.#perSecond(),
      dropped: this.#ring.dropped,
      missed: disk?.missed ?? 0,
      thinned: disk?.thinned ?? 0,
      damaged: this.#damaged + segments.reduce((sum, { damaged }) => sum + damaged, 0),
      failure: this.failure,
    };
  }

  /** Resolves when the disk has what it was given so far. */
  async written(): Promise<void> {
    await this.#disk?.idle();
  }

  /** Ends the recording, and writes to the disk what it does not have yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.#started = false;
    await this.#disk?.close();
  }

  #record<Kind extends RecordedKind>(kind: Kind, what: Happenings[Kind], wall = this.#clock.now()): void {
    if (!this.#started) return;
    const stamp = this.#stampAt(wall);
    this.#ring.append(kind, what, stamp);
    this.#disk?.append(kind, what, stamp);
    stamp.seq++;
  }

  #stampAt(wall: EpochMs): Stamp {
    this.#stamp.wall = wall;
    this.#stamp.monotonic = this.#clock.monotonic();
    this.#stamp.trust = this.#clock.trust;
    return this.#stamp;
  }

  #perSecond(): number {
    const now = this.#clock.monotonic();
    const { at } = this.#rate;
    const { seq } = this.#stamp;
    if (now - at >= RATE_MS) {
      this.#rate = { at: now, seq, perSecond: ((seq - this.#rate.seq) * 1_000) / (now - at) };
    }
    return this.#rate.perSecond;
  }
}

/** Of two points of one boot. */
function earlier(one: Mark | undefined, other: Mark | undefined): Mark | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.monotonic <= other.monotonic ? one : other;
}
