import { readBuckets, writeBuckets } from "./bucket-codec.ts";
import { type Buckets, bucketsWithin, foldBuckets, foldRun, mergeBuckets, noBuckets } from "./buckets.ts";
import { ByteWriter, decoded } from "./bytes.ts";
import { decodeChunk } from "./chunk.ts";
import { seal, unseal } from "./frame.ts";
import type { HistoryDatabase } from "./history-database.ts";
import { addGap, append, emptyRun, type Run, sorted, within } from "./run.ts";
import { readRun, writeRun } from "./run-codec.ts";
import { blockNumber, DAY, MINUTE, QUARTER, RAW, type Tier } from "./tiers.ts";

/** What the windows hold of one property. */
export interface Gathered {
  readonly run: Run;
  /** Of windows in which only the minutes were kept. */
  minutes: Buckets;
}

/**
 * Puts the windows of a part together, by property.
 * @param read gives a window's chunk of the part. @param only one property; the others are left out.
 * @param onDamage is told of a chunk that cannot be read: its readings are lost.
 */
export function gather(
  windows: { readonly first: number; readonly last: number },
  part: number,
  read: (window: number) => Uint8Array | undefined,
  options: { readonly only?: number; readonly onDamage: () => void },
): Map<number, Gathered> {
  const found = new Map<number, Gathered>();
  for (let window = windows.first; window <= windows.last; window++) {
    const block = read(window);
    if (block === undefined) continue;
    const chunk = decodeChunk(block, part, options.only);
    if (chunk === undefined) {
      options.onDamage();
      continue;
    }
    for (const entry of chunk.entries) {
      const gathered = found.get(entry.id) ?? { run: emptyRun(), minutes: noBuckets() };
      found.set(entry.id, gathered);
      if ("run" in entry) append(gathered.run, entry.run);
      else {
        gathered.minutes = mergeBuckets(gathered.minutes, entry.minutes);
        const [first] = entry.minutes.list;
        if (first !== undefined) addGap(gathered.run, first.start, "thinned");
      }
    }
  }
  return found;
}

/**
 * Moves the windows of one part into the blocks of the tiers; within a transaction, together with the note that they are
 * there: what is folded is never folded again.
 */
export function foldPart(
  database: HistoryDatabase,
  windows: { readonly first: number; readonly last: number },
  part: number,
): void {
  const onDamage = (): void => database.noteDamage();
  const gathered = gather(windows, part, (window) => database.reads.chunk(window, part), { onDamage });
  const writer = new ByteWriter();
  for (const tier of [RAW, MINUTE, QUARTER, DAY]) {
    // By time, then by property: as the blocks lie in the file.
    const pieces = [...gathered].flatMap(([id, each]) =>
      tier === RAW ? rawPieces(id, sorted(each.run)) : bucketPieces(id, tier, bucketsOf(each, tier)),
    );
    for (const { id, number, piece } of pieces.sort((a, b) => a.number - b.number || a.id - b.id)) {
      writer.clear();
      const before = database.reads.block(tier, number, id);
      const base = number * tier.blockMs;
      if ("times" in piece) {
        const run = readRunBlock(before, onDamage) ?? emptyRun(piece.kind);
        append(run, piece);
        writeRun(writer, sorted(run));
      } else {
        const known = readBucketBlock(before, tier, base, onDamage) ?? noBuckets(piece.kind);
        writeBuckets(writer, mergeBuckets(known, piece), tier.widthMs, base);
      }
      database.putBlock(tier, number, id, seal(writer.view()));
    }
  }
}

/** The buckets of a tier that windows make. */
export function bucketsOf({ minutes, run }: Gathered, tier: Tier): Buckets {
  const ofRun = foldRun(sorted(run), tier.widthMs);
  const ofMinutes = tier === MINUTE ? minutes : foldBuckets(minutes, MINUTE.widthMs, tier.widthMs);
  return mergeBuckets(ofRun, ofMinutes);
}

/** @returns undefined when there is no such block, or it is damaged. */
export function readRunBlock(block: Uint8Array | undefined, onDamage: () => void): Run | undefined {
  if (block === undefined) return undefined;
  const content = unseal(block);
  const run = content && decoded(content, readRun);
  if (run === undefined) onDamage();
  return run;
}

export function readBucketBlock(
  block: Uint8Array | undefined,
  tier: Tier,
  base: number,
  onDamage: () => void,
): Buckets | undefined {
  if (block === undefined) return undefined;
  const content = unseal(block);
  const buckets = content && decoded(content, (reader) => readBuckets(reader, tier.widthMs, base));
  if (buckets === undefined) onDamage();
  return buckets;
}

interface Piece {
  readonly id: number;
  readonly number: number;
  readonly piece: Run | Buckets;
}

function rawPieces(id: number, run: Run): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < run.times.length; ) {
    const number = blockNumber(RAW, run.times[at] ?? 0);
    const piece = within(run, number * RAW.blockMs, (number + 1) * RAW.blockMs);
    pieces.push({ id, number, piece });
    at += piece.times.length;
  }
  return pieces;
}

function bucketPieces(id: number, tier: Tier, buckets: Buckets): Piece[] {
  const numbers = new Set(buckets.list.map(({ start }) => blockNumber(tier, start)));
  return [...numbers].map((number) => ({
    id,
    number,
    piece: bucketsWithin(buckets, number * tier.blockMs, (number + 1) * tier.blockMs),
  }));
}
