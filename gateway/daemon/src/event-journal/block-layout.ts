import type { ClockTrust, EpochMs, Instant, Ms } from "@tram/protocol";
import type { RecordedKind } from "./journal-event.ts";

/**
 * How a block is laid out: like with like, for what stands together repeats and packs well.
 * - `heads`: one byte for each entry, its code and four flags;
 * - `times`: milliseconds since the entry before, and the times of readings where they differ from it;
 * - `series`: the number of the property that was read;
 * - `values`: what was read, as the difference to the value before where that is possible;
 * - `rest`: names when they come first, and everything that is rare, as JSON.
 */
export const COLUMNS = ["heads", "times", "series", "values", "rest"] as const;

/** The low half of a head. The place in the list is the code: what is on disk depends on the order. */
export const CODES = [
  /** No event: the wall clock stands otherwise to the monotonic one than before. */
  "offset",
  /** No event: so many events are missing. */
  "skip",
  "start",
  "clock",
  "thing",
  "retired",
  "availability",
  "reading",
  "quality",
  "command",
  "notification",
  "known-thing",
  "known-reading",
  "repaired",
  "event",
] as const satisfies readonly (RecordedKind | "offset" | "skip")[];

export const CODE = Object.fromEntries(CODES.map((code, index) => [code, index])) as Readonly<
  Record<(typeof CODES)[number], number>
>;

/** Told as readings are. */
export type ReadingKind = "reading" | "quality" | "known-reading" | "repaired";
const READING_KINDS: readonly string[] = ["reading", "quality", "known-reading", "repaired"];

export function isReadingKind(kind: RecordedKind): kind is ReadingKind {
  return READING_KINDS.includes(kind);
}

/** The high half of a reading's head. */
export const FLAG = {
  /** The source's time is not that of the reception. */
  time: 0x10,
  /** It was not received now. */
  received: 0x20,
  /** Its origin, quality, cause or problem is not that of an ordinary one of its series. */
  extra: 0x40,
  /** The value is a number with as many decimals as the one before: its difference stands in `values`. */
  delta: 0x80,
} as const;

/** How a value is written that is no such difference. */
export const VALUE = ["same", "null", "false", "true", "decimal", "double", "text", "json"] as const;

export const VALUE_CODE = Object.fromEntries(VALUE.map((tag, index) => [tag, index])) as Readonly<
  Record<(typeof VALUE)[number], number>
>;

/** Bits of `extra`. */
export const EXTRA = {
  origin: 1,
  quality: 2,
  cause: 4,
  problem: 8,
  /** `taken` under an untrusted clock. */
  taken: 16,
  /** `taken` in another boot than that of the block. */
  elsewhere: 32,
} as const;

export const QUALITIES = ["good", "stale", "bad"] as const;
export const TRUSTS = ["untrusted", "holdover", "synced"] as const satisfies readonly ClockTrust[];

/** 10^0 to 10^9: a number with more decimals is written whole. */
export const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
/** Whole numbers up to this are written as such, and so are their differences. */
export const LARGEST_WHOLE = 2 ** 50;

/** How the clocks stood at a point. */
export interface Mark {
  readonly monotonic: Ms;
  /** Wall minus monotonic. */
  readonly offset: Ms;
  readonly trust: ClockTrust;
}

export function wallOf({ monotonic, offset }: Mark): EpochMs {
  return monotonic + offset;
}

export function markOf({ wall, monotonic, trust }: Omit<Instant, "bootId">): Mark {
  return { monotonic, offset: wall - monotonic, trust };
}

/** What is known of a block without unpacking it. */
export interface BlockHeader {
  /** Of the process that wrote it; random. From 0 to 2^48 - 1. */
  readonly run: number;
  readonly bootId: string;
  /** It holds what was known at its beginning, and nothing that happened. */
  readonly keyframe: boolean;
  /** Number of its first event. */
  readonly firstSeq: number;
  /** Number of the event after its last one. */
  readonly nextSeq: number;
  readonly first: Mark;
  readonly last: Mark;
  /** Where the clock was set within it that nobody had set before. */
  readonly believed: Mark | undefined;
  /** The wall clock jumped within it: the times of its events do not lie between those of the first and the last. */
  readonly stepped: boolean;
  /** Bytes of each column. */
  readonly columns: readonly number[];
}

/** A block before it is packed: the columns one after the other. */
export interface RawBlock {
  readonly header: BlockHeader;
  readonly content: Buffer;
}

/** A block is full with so many events, or so many bytes. More in a block packs little better and costs more at a loss. */
export const BLOCK_EVENTS = 8_192;
export const BLOCK_BYTES = 65_536;
