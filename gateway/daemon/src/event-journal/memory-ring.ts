import type { Ms } from "@tram/protocol";
import { BlockEncoder, type Stamp } from "./block-encoder.ts";
import {
  BLOCK_BYTES,
  BLOCK_EVENTS,
  type BlockHeader,
  type Mark,
  markOf,
  type RawBlock,
} from "./block-layout.ts";
import { pack } from "./block-packing.ts";
import { type Chapter, type ChapterClocks, clocksOf, type HeldBlock, heldBytes } from "./chapter.ts";
import type { Happenings, RecordedKind } from "./journal-event.ts";
import { type KnownHouse, keyframeBlocks } from "./keyframe.ts";

export interface RingLimits {
  /** Memory for everything that is held, in bytes. */
  readonly bytes: number;
  /** Older events go, also where there is room. */
  readonly keepMs: Ms;
}

/** A chapter is this part of everything, so that what goes at once is little. */
const CHAPTERS = 16;
/** What was known may not take more than this part of its chapter. */
const KEYFRAME_SHARE = 1 / 5;

class RingChapter implements Chapter {
  readonly keyframe: HeldBlock[] = [];
  readonly events: HeldBlock[] = [];
  readonly begun: Mark;
  readonly firstSeq: number;
  /** Resolves when its keyframe is written. */
  ready: Promise<void> = Promise.resolve();
  /** The block that is being written, of the newest chapter. */
  open: (() => RawBlock | undefined) | undefined;
  keyframeBytes = 0;
  eventBytes = 0;

  constructor(begun: Mark, firstSeq: number) {
    this.begun = begun;
    this.firstSeq = firstSeq;
  }

  async clocks(): Promise<ChapterClocks> {
    return clocksOf(this.#events());
  }

  async blocks(): Promise<readonly HeldBlock[]> {
    // Before waiting: the block that is being written now may be another one then.
    const events = this.#events();
    await this.ready;
    return [...this.keyframe, ...events];
  }

  #events(): readonly HeldBlock[] {
    const open = this.open?.();
    return open === undefined ? [...this.events] : [...this.events, open];
  }
}

/**
 * The newest events in memory, within a quota. Full blocks are packed in other threads; chapters begin between two turns
 * of the event loop, when nothing is half told.
 */
export class MemoryRing {
  readonly #origin: Pick<BlockHeader, "run" | "bootId">;
  readonly #limits: RingLimits;
  readonly #known: () => KnownHouse;
  readonly #now: () => Stamp;
  readonly #encoder: BlockEncoder;
  readonly #chapters: RingChapter[] = [];
  readonly #packing = new Set<Promise<void>>();
  #dropped = 0;

  /**
   * @param known tells what the house knows; asked only between two turns.
   * @param now the clocks, and the number of the next event.
   */
  constructor(parts: {
    origin: Pick<BlockHeader, "run" | "bootId">;
    limits: RingLimits;
    known: () => KnownHouse;
    now: () => Stamp;
  }) {
    this.#origin = parts.origin;
    this.#limits = parts.limits;
    this.#known = parts.known;
    this.#now = parts.now;
    this.#encoder = new BlockEncoder(parts.origin);
  }

  /** Begins the first chapter. */
  start(): void {
    this.#beginChapter();
  }

  append<Kind extends RecordedKind>(kind: Kind, what: Happenings[Kind], stamp: Stamp): void {
    this.#encoder.append(kind, what, stamp);
    if (this.#encoder.entries >= BLOCK_EVENTS || this.#encoder.bytes >= BLOCK_BYTES) this.#seal();
  }

  get chapters(): readonly Chapter[] {
    return [...this.#chapters];
  }

  /** Memory that it holds, in bytes. */
  get bytes(): number {
    let sum = this.#encoder.capacity;
    for (const { keyframeBytes, eventBytes } of this.#chapters) sum += keyframeBytes + eventBytes;
    return sum;
  }

  /** Where it begins. */
  get from(): Mark | undefined {
    return this.#chapters[0]?.begun;
  }

  /** Number of its first event. */
  get firstSeq(): number {
    return this.#chapters[0]?.firstSeq ?? this.#now().seq;
  }

  /** Events that the quota cost. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves when nothing is being packed any more. */
  async settled(): Promise<void> {
    while (this.#packing.size > 0) await Promise.all(this.#packing);
    await Promise.all(this.#chapters.map(({ ready }) => ready));
  }

  /** Lets go of what is too much or too old. Between two turns of the event loop only. */
  tidy(): void {
    const newest = this.#chapters.at(-1);
    if (newest === undefined) return;
    const now = this.#now();
    const { bytes, keepMs } = this.#limits;
    const ageMs = now.monotonic - newest.begun.monotonic;
    const fair = Math.max(bytes / CHAPTERS, newest.keyframeBytes / KEYFRAME_SHARE);
    const isFull = newest.eventBytes >= Math.min(fair, bytes / 3) || ageMs >= keepMs / CHAPTERS;
    if (isFull && (newest.events.length > 0 || this.#encoder.entries > 0)) this.#beginChapter();
    for (;;) {
      const [oldest, second] = this.#chapters;
      if (oldest === undefined || second === undefined) return;
      const isOld = now.monotonic - second.begun.monotonic >= keepMs;
      if (!isOld && this.bytes <= bytes) return;
      this.#chapters.shift();
      if (isOld) continue;
      for (const { header } of oldest.events) this.#dropped += header.nextSeq - header.firstSeq;
    }
  }

  #beginChapter(): void {
    this.#seal();
    const before = this.#chapters.at(-1);
    if (before !== undefined) before.open = undefined;
    const stamp = { ...this.#now() };
    const chapter = new RingChapter(markOf(stamp), stamp.seq);
    chapter.open = () => this.#encoder.peek();
    chapter.ready = this.#writeKeyframe(chapter, this.#known(), stamp);
    this.#chapters.push(chapter);
  }

  async #writeKeyframe(chapter: RingChapter, known: KnownHouse, stamp: Stamp): Promise<void> {
    for await (const block of keyframeBlocks(this.#origin, known, stamp)) {
      const packed = await packOrNot(block);
      chapter.keyframe.push(packed);
      chapter.keyframeBytes += heldBytes(packed);
    }
  }

  #seal(): void {
    const block = this.#encoder.seal();
    const chapter = this.#chapters.at(-1);
    if (block === undefined || chapter === undefined) return;
    const at = chapter.events.push(block) - 1;
    chapter.eventBytes += heldBytes(block);
    const packing = this.#pack(chapter, at, block);
    this.#packing.add(packing);
    void packing.then(() => this.#packing.delete(packing));
  }

  async #pack(chapter: RingChapter, at: number, block: RawBlock): Promise<void> {
    const packed = await packOrNot(block);
    chapter.events[at] = packed;
    chapter.eventBytes += heldBytes(packed) - heldBytes(block);
    this.tidy();
  }
}

/** Where there is no memory to pack it, a block stays as it is, and the quota is reached sooner. */
async function packOrNot(block: RawBlock): Promise<HeldBlock> {
  try {
    return await pack(block);
  } catch {
    return block;
  }
}
