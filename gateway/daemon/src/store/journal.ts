import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { EncodedOperation } from "./encode.ts";
import { JournalWriter, readOperations } from "./journal-record.ts";
import { PRIVATE_MODE } from "./snapshot.ts";
import { StoreOpenError } from "./store-open-error.ts";
import { isAlive, type ProcessMark, thisProcess } from "./this-process.ts";

/** What a journal continues: one database, from one full write of it on. */
export interface Lineage {
  /** Of the database; made once. `a-z0-9`. */
  readonly id: string;
  /** Counts the journals of the database; a journal continues only the database that names its number. */
  readonly epoch: number;
}

interface Header extends ProcessMark {
  readonly epoch: number;
}

const MAGIC = Buffer.from("store-journal 1\n");
/** Length and checksum before each record. In bytes. */
const FRAME_BYTES = 8;
const BATCH = 1;
const ABORT = 2;

export function journalIn(folder: string, { id }: Lineage): string {
  return `${folder}/store-${id}.journal`;
}

/**
 * Keeps acknowledged batches until the database has them, in a file that is written but never synced: it survives the end
 * of the process, not that of the power. In a folder in memory (`/var/run`) it costs no flash.
 *
 * The file: a magic word, a header, then one record for each batch: its length (4 bytes, little endian), the CRC-32 of
 * its content (4 bytes), its content. A record that is cut off or damaged ends the journal: what is behind it was never
 * acknowledged.
 */
export class Journal {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #writer = new JournalWriter();
  #bytes: number;
  #ordinal: number;
  #broken = false;

  private constructor(path: string, descriptor: number, bytes: number, ordinal: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#bytes = bytes;
    this.#ordinal = ordinal;
  }

  /**
   * Begins a journal, with the batches of an earlier process in it. The file of that process is replaced at once, or not
   * at all.
   * @throws what the file system throws.
   */
  static begin(
    folder: string,
    lineage: Lineage,
    batches: readonly (readonly EncodedOperation[])[] = [],
  ): Journal {
    const path = journalIn(folder, lineage);
    const unfinished = `${path}.new`;
    rmSync(unfinished, { force: true });
    // Appending: two writers could never write over each other.
    const descriptor = openSync(unfinished, "ax+", PRIVATE_MODE);
    try {
      const head = headOf(lineage.epoch);
      writeWhole(descriptor, head);
      const journal = new Journal(path, descriptor, head.length, 0);
      if (batches.length > 0) journal.append(batches);
      renameSync(unfinished, path);
      return journal;
    } catch (error) {
      closeSync(descriptor);
      rmSync(unfinished, { force: true });
      throw error;
    }
  }

  /** Size of the file, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** There is no batch in it. */
  get empty(): boolean {
    return this.#ordinal === 0;
  }

  /**
   * Writes batches, in their order, with one call of the system. When it returns, the end of this process cannot lose them.
   * @returns the ordinal of the first; the others follow.
   * @throws what the file system throws; nothing of them is in the journal then.
   */
  append(batches: readonly (readonly EncodedOperation[])[]): number {
    this.#write(() => {
      for (const operations of batches) {
        const record = this.#writer.begin(BATCH);
        this.#writer.operations(operations);
        this.#writer.end(record);
      }
    });
    const first = this.#ordinal;
    this.#ordinal += batches.length;
    return first;
  }

  /** Takes a batch back that was not kept in the end. @throws what the file system throws. */
  abort(ordinal: number): void {
    this.#write(() => {
      const record = this.#writer.begin(ABORT);
      this.#writer.number(ordinal);
      this.#writer.end(record);
    });
  }

  /** Empties the journal: the database has everything, and names the new epoch. @throws what the file system throws. */
  restart(epoch: number): void {
    this.#broken = true; // Until it is whole again.
    ftruncateSync(this.#descriptor, 0);
    const head = headOf(epoch);
    writeWhole(this.#descriptor, head);
    this.#bytes = head.length;
    this.#ordinal = 0;
    this.#broken = false;
  }

  /** Lets go of the file; it stays for the next process. */
  close(): void {
    closeSync(this.#descriptor);
  }

  /** The database has everything: the file goes too. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  #write(fill: () => void): void {
    if (this.#broken) throw new Error(`${this.#path}: the journal cannot be written any more`);
    this.#writer.clear();
    fill();
    const content = this.#writer.view();
    try {
      writeWhole(this.#descriptor, content);
      this.#bytes += content.length;
    } catch (error) {
      this.#cutBack();
      throw error;
    }
  }

  /** Half a record at the end would hide everything that is written after it. */
  #cutBack(): void {
    try {
      ftruncateSync(this.#descriptor, this.#bytes);
    } catch {
      this.#broken = true;
    }
  }
}

/**
 * Reads what the journal of an earlier process holds and the database does not.
 * @param any take it whatever its epoch: the database is an older copy of itself.
 * @returns the batches in their order; none when there is no journal, or one that does not continue this database.
 * @throws {StoreOpenError} `in-use` when the process that writes it is alive.
 */
export function readJournal(
  folder: string,
  lineage: Lineage,
  { any = false }: { any?: boolean } = {},
): readonly (readonly EncodedOperation[])[] {
  const path = journalIn(folder, lineage);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch {
    return []; // Not there. One that cannot be read is as good as none, and the next one will tell why.
  }
  const head = readHeader(content);
  if (head === undefined) return [];
  const { header, end } = head;
  if (isAlive(header)) {
    throw new StoreOpenError("in-use", `the database is in use by process ${header.pid}`);
  }
  // A journal on a disk may outlive a power cut, but not whole: some of its end may be missing, and the database newer.
  if (header.boot !== thisProcess().boot) return [];
  if (header.epoch !== lineage.epoch && !any) return [];
  const batches: (readonly EncodedOperation[] | undefined)[] = [];
  for (const { kind, payload } of records(content, end)) {
    if (kind === BATCH) batches.push(readOperations(payload));
    else batches[payload.readUInt32LE(0)] = undefined;
  }
  return batches.filter((batch) => batch !== undefined);
}

function* records(content: Buffer, start: number): Generator<{ kind: number; payload: Buffer }> {
  let at = start;
  while (at + FRAME_BYTES < content.length) {
    const length = content.readUInt32LE(at);
    const end = at + FRAME_BYTES + length;
    if (length === 0 || end > content.length) return;
    const body = content.subarray(at + FRAME_BYTES, end);
    if (crc32(body) !== content.readUInt32LE(at + 4)) return;
    yield { kind: body[0] ?? 0, payload: body.subarray(1) };
    at = end;
  }
}

function headOf(epoch: number): Buffer {
  const header: Header = { epoch, ...thisProcess() };
  const text = Buffer.from(JSON.stringify(header));
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32LE(text.length, 0);
  frame.writeUInt32LE(crc32(text), 4);
  return Buffer.concat([MAGIC, frame, text]);
}

function readHeader(content: Buffer): { header: Header; end: number } | undefined {
  const start = MAGIC.length + FRAME_BYTES;
  if (content.length < start || !content.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const end = start + content.readUInt32LE(MAGIC.length);
  const text = content.subarray(start, end);
  if (crc32(text) !== content.readUInt32LE(MAGIC.length + 4)) return undefined;
  return { header: JSON.parse(text.toString()) as Header, end };
}

function writeWhole(descriptor: number, content: Uint8Array): void {
  let written = 0;
  while (written < content.length)
    written += writeSync(descriptor, content, written, content.length - written);
}
