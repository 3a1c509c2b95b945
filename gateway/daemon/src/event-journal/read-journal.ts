import type { EpochMs } from "@tram/protocol";
import { decodeBlock } from "./block-decoder.ts";
import type { BlockHeader, RawBlock } from "./block-layout.ts";
import { unpack } from "./block-packing.ts";
import type { Chapter, ChapterClocks, HeldBlock } from "./chapter.ts";
import { ClockBook } from "./clock-book.ts";
import { EventPass, type EventQuery } from "./event-pass.ts";
import type { JournalEvent } from "./journal-event.ts";

/** A point in the order of the events. */
export interface Position {
  readonly run: number;
  readonly seq: number;
}

export interface ReadSources {
  /** In their order: those on disk, then those in memory. */
  readonly disk: readonly Chapter[];
  readonly memory: readonly Chapter[];
  /** Where the memory begins: it tells more than the disk, which may have been spared. */
  readonly memoryFrom: Position;
  /** Told of each block that could not be read. */
  readonly onDamaged: () => void;
}

/**
 * Reads events in the order in which they happened. One block at a time is in memory (of the disk: one segment, packed),
 * and the event loop gets its turn between two of them. Where events are missing, a gap tells so.
 */
export async function* readJournal(sources: ReadSources, query: EventQuery): AsyncGenerator<JournalEvent> {
  const chapters = [...sources.disk, ...sources.memory];
  const { clocks, book, from } = await surveyOf(chapters);
  const pass = new EventPass(query);
  const limit = new Limit(query, book);
  if (from !== undefined) pass.beginsAt(from);
  for (const [index, chapter] of chapters.entries()) {
    if (!limit.mayHold(clocks[index] as ChapterClocks)) {
      pass.skipChapter();
      continue;
    }
    const end = index < sources.disk.length ? sources.memoryFrom : undefined;
    for (const block of await chapter.blocks()) {
      const { header } = block;
      if (end !== undefined && header.run === end.run && header.firstSeq >= end.seq) continue;
      if (!header.keyframe && !pass.needsAll && !limit.mayHoldBlock(header)) {
        pass.skip(header);
        continue;
      }
      if (header.keyframe && !pass.needsKeyframe(header)) continue;
      const raw = await rawOf(block);
      const events = raw === undefined ? undefined : decodeBlock(raw, book.laterOffset);
      if (events === undefined) sources.onDamaged();
      else if (header.keyframe) pass.keyframe(header, events);
      else for (const event of pass.events(header, before(events, header, end))) yield event;
    }
  }
}

/** What the clocks of chapters tell together. */
export async function surveyOf(chapters: readonly Chapter[]): Promise<{
  readonly clocks: readonly ChapterClocks[];
  readonly book: ClockBook;
  /** Time of the first event; undefined when there is none. */
  readonly from: EpochMs | undefined;
}> {
  const clocks: ChapterClocks[] = [];
  // One after the other: a segment is in memory while it is looked through.
  for (const chapter of chapters) clocks.push(await chapter.clocks());
  const book = new ClockBook();
  for (const { marks } of clocks) for (const [bootId, mark] of marks) book.add(bootId, mark);
  const first = clocks.find(({ marks }) => marks.length > 0)?.marks[0];
  return { clocks, book, from: first && book.timeOf(...first) };
}

async function rawOf(block: HeldBlock): Promise<RawBlock | undefined> {
  return "packed" in block ? unpack(block) : block;
}

/** Without those that memory has as well. */
function before(
  events: readonly JournalEvent[],
  { run, nextSeq }: BlockHeader,
  end: Position | undefined,
): readonly JournalEvent[] {
  if (end === undefined || run !== end.run || nextSeq <= end.seq) return events;
  return events.filter(({ seq }) => seq < end.seq);
}

/** Tells by the clocks alone where an answer may lie. */
class Limit {
  readonly #from: EpochMs;
  readonly #to: EpochMs;
  readonly #book: ClockBook;

  constructor({ from = -Infinity, to = Infinity }: EventQuery, book: ClockBook) {
    this.#from = from;
    this.#to = to;
    this.#book = book;
  }

  mayHold({ marks, stepped }: ChapterClocks): boolean {
    if (marks.length === 0 || stepped) return true;
    const times = marks.map(([bootId, mark]) => this.#book.timeOf(bootId, mark));
    return Math.max(...times) >= this.#from && Math.min(...times) <= this.#to;
  }

  mayHoldBlock({ bootId, first, last, stepped }: BlockHeader): boolean {
    if (stepped || first.trust !== last.trust) return true;
    const times = [this.#book.timeOf(bootId, first), this.#book.timeOf(bootId, last)] as const;
    return Math.max(...times) >= this.#from && Math.min(...times) <= this.#to;
  }
}
