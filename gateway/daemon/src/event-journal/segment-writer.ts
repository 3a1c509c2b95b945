import { type FileHandle, open } from "node:fs/promises";
import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { BlockEncoder, type Stamp } from "./block-encoder.ts";
import { frameOf } from "./block-frame.ts";
import {
  BLOCK_BYTES,
  BLOCK_EVENTS,
  type BlockHeader,
  type Mark,
  markOf,
  type RawBlock,
} from "./block-layout.ts";
import { pack } from "./block-packing.ts";
import type { Happenings, RecordedKind } from "./journal-event.ts";
import { type KnownHouse, keyframeBlocks } from "./keyframe.ts";
import type { Segment } from "./segment.ts";
import { pages, SegmentFolder } from "./segment-folder.ts";

export interface SegmentLimits {
  /** Room on the disk for everything, in bytes. */
  readonly bytes: number;
  readonly keepMs: Ms;
  /** What a power cut or a killed process may cost. */
  readonly windowMs: Ms;
}

const PRIVATE_MODE = 0o600;
/** A segment is this part of everything. */
const SEGMENTS = 8;
/** A whole segment is read into memory. In bytes. */
const SEGMENT_BYTES = { least: 65_536, most: 1_048_576 } as const;
/** So many windows at once with the verdict `batch-longer`. */
const LONGER = 5;
/** Blocks that wait for the disk; what is more is not kept there. */
const MOST_WAITING = 16;
const THINNED: readonly RecordedKind[] = ["reading", "quality", "repaired"];

interface OpenFile {
  readonly segment: Segment;
  readonly handle: FileHandle;
}

/** What is to be done with the disk, one after the other. */
type Work =
  | { readonly do: "write"; readonly block: RawBlock }
  | { readonly do: "begin"; readonly known: KnownHouse; readonly stamp: Stamp };

/**
 * Keeps events on the disk, a block for each window. It never holds anybody up and never throws: what the disk does not
 * take is missing there, and told.
 */
export class SegmentWriter {
  readonly #clock: Clock;
  readonly #origin: Pick<BlockHeader, "run" | "bootId">;
  readonly #folder: SegmentFolder;
  readonly #limits: SegmentLimits;
  readonly #meter: FeatureMeter;
  readonly #known: () => KnownHouse;
  readonly #now: () => Stamp;
  readonly #onHealth: () => void;
  readonly #encoder: BlockEncoder;
  readonly #work: Work[] = [];
  #working: Promise<void> | undefined;
  #isBusy = false;
  #file: OpenFile | undefined;
  /** A segment is about to begin. */
  #beginning = false;
  #hole: Mark | undefined;
  #failure: string | undefined;
  #windows = 0;
  #missed = 0;
  #thinned = 0;
  #ticking: Disposable | undefined;

  constructor(parts: {
    clock: Clock;
    origin: Pick<BlockHeader, "run" | "bootId">;
    folder: string;
    limits: SegmentLimits;
    meter: FeatureMeter;
    known: () => KnownHouse;
    now: () => Stamp;
    /** The disk began or ceased to take what it is given. */
    onHealth: () => void;
  }) {
    this.#clock = parts.clock;
    this.#origin = parts.origin;
    this.#folder = new SegmentFolder(parts.folder, parts.limits.bytes);
    this.#limits = parts.limits;
    this.#meter = parts.meter;
    this.#known = parts.known;
    this.#now = parts.now;
    this.#onHealth = parts.onHealth;
    this.#encoder = new BlockEncoder(parts.origin);
  }

  /** Finds what earlier runs left, and begins a segment. */
  start(): void {
    try {
      this.#folder.open();
    } catch (error) {
      this.#fail(error);
    }
    this.#begin();
    this.#ticking = this.#clock.every(this.#limits.windowMs, () => this.#tick());
  }

  append<Kind extends RecordedKind>(kind: Kind, what: Happenings[Kind], stamp: Stamp): void {
    if (this.#meter.verdict === "thin" && THINNED.includes(kind)) {
      this.#thinned++;
      this.#hole = markOf(stamp);
      return;
    }
    this.#encoder.append(kind, what, stamp);
    if (this.#encoder.entries >= BLOCK_EVENTS || this.#encoder.bytes >= BLOCK_BYTES) this.#seal();
  }

  /** What is on the disk, the oldest first. */
  get segments(): readonly Segment[] {
    return this.#folder.segments;
  }

  get bytes(): number {
    return this.#folder.bytes;
  }

  /** From where on the disk has everything of this run. */
  get completeFrom(): Mark | undefined {
    if (this.#failure !== undefined) return undefined;
    const begun = this.#folder.segments.find((segment) => segment.begun !== undefined)?.begun;
    if (begun === undefined || this.#hole === undefined) return begun;
    return this.#hole.monotonic > begun.monotonic ? this.#hole : begun;
  }

  /** Why the disk does not take anything, for people. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Events that the disk did not take. */
  get missed(): number {
    return this.#missed;
  }

  /** Readings that were left out to spare the flash. */
  get thinned(): number {
    return this.#thinned;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Writes what it has, whatever the window. */
  async close(): Promise<void> {
    this.#ticking?.[Symbol.dispose]();
    this.#seal();
    await this.idle();
    await this.#endFile();
  }

  #tick(): void {
    const windows = this.#meter.verdict === "ok" ? 1 : LONGER;
    if (++this.#windows < windows) return;
    this.#windows = 0;
    this.#seal();
    if (this.#wantsSegment()) this.#begin();
  }

  #wantsSegment(): boolean {
    if (this.#beginning) return false;
    if (this.#file === undefined) return true;
    const { segment } = this.#file;
    const { bytes, keepMs } = this.#limits;
    const full = Math.min(SEGMENT_BYTES.most, Math.max(SEGMENT_BYTES.least, bytes / SEGMENTS));
    const ageMs = this.#clock.monotonic() - (segment.begun?.monotonic ?? 0);
    return segment.bytes >= full || ageMs >= keepMs / SEGMENTS;
  }

  /** Between two turns of the event loop only: what is known then is what the events before led to. */
  #begin(): void {
    this.#seal();
    this.#beginning = true;
    this.#do({ do: "begin", known: this.#known(), stamp: { ...this.#now() } });
  }

  #seal(): void {
    const block = this.#encoder.seal();
    if (block === undefined) return;
    if (this.#work.length < MOST_WAITING) this.#do({ do: "write", block });
    else this.#miss(block);
  }

  #do(work: Work): void {
    this.#work.push(work);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#working = this.#workOff();
  }

  async #workOff(): Promise<void> {
    for (let work = this.#work.shift(); work !== undefined; work = this.#work.shift()) {
      try {
        if (work.do === "begin") await this.#beginSegment(work.known, work.stamp);
        else if (this.#file === undefined) this.#miss(work.block);
        else await this.#write([work.block], this.#file);
      } catch (error) {
        if (work.do === "write") this.#miss(work.block);
        this.#fail(error);
        await this.#endFile();
      } finally {
        if (work.do === "begin") this.#beginning = false;
      }
    }
    // In the same turn as the look that found nothing more: what comes later begins anew.
    this.#isBusy = false;
  }

  async #beginSegment(known: KnownHouse, stamp: Stamp): Promise<void> {
    await this.#endFile();
    if (this.#failure !== undefined) this.#folder.open();
    await this.#folder.dropOlder({ ...stamp, bootId: this.#origin.bootId }, this.#limits.keepMs);
    this.#folder.makeRoom(0);
    const segment = this.#folder.next();
    const handle = await open(segment.path, "ax", PRIVATE_MODE);
    const file = { segment, handle };
    segment.begun = markOf(stamp);
    this.#file = file;
    this.#folder.add(segment);
    const blocks: RawBlock[] = [];
    for await (const block of keyframeBlocks(this.#origin, known, stamp)) blocks.push(block);
    await this.#write(blocks, file);
    await this.#folder.sync();
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#onHealth();
  }

  async #write(blocks: readonly RawBlock[], { segment, handle }: OpenFile): Promise<void> {
    if (blocks.length === 0) return;
    const frames: Buffer[] = [];
    for (const block of blocks) frames.push(frameOf(await pack(block)));
    const content = Buffer.concat(frames);
    this.#folder.makeRoom(content.length);
    for (let written = 0; written < content.length; ) {
      written += (await handle.write(content, written)).bytesWritten;
    }
    await handle.datasync();
    this.#meter.wrote(pages(content.length, segment.bytes));
    segment.bytes += content.length;
    segment.forget();
  }

  async #endFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.handle.close();
      // A disk that is full takes a name all the same, each minute anew.
      if (file?.segment.bytes === 0) this.#folder.remove(file.segment);
    } catch (error) {
      this.#fail(error);
    }
  }

  #miss({ header }: RawBlock): void {
    this.#missed += header.nextSeq - header.firstSeq;
    this.#hole = header.last;
  }

  #fail(error: unknown): void {
    const isNews = this.#failure === undefined;
    this.#failure = error instanceof Error ? error.message : String(error);
    if (isNews) this.#onHealth();
  }
}
