import {
  accessSync,
  closeSync,
  constants,
  fdatasync,
  fsync,
  fsyncSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { BLOCK_BYTES } from "../write-meter/write-meter.ts";

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

const LOG_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
/** Frames of the log that are read at once: some 128 kB. */
const FRAMES_AT_ONCE = 32;

/**
 * The disk under an open database. It syncs in the threads of the system, so that the event loop never waits for a disk.
 *
 * Its own descriptors stay open as long as the database: the locks of SQLite are those of the process, and closing any
 * descriptor of the file would drop them (https://sqlite.org/howtocorrupt.html#posix_close_bug).
 */
export class Medium implements Disposable {
  readonly #file: string;
  #log: number | undefined;
  #database: number | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Brings what was written to the write-ahead log to the medium. Throws the system's error. */
  async syncLog(): Promise<void> {
    await syncData(this.#openLog());
  }

  async syncDatabase(): Promise<void> {
    this.#database ??= openSync(this.#file, "r");
    await syncAll(this.#database);
  }

  /**
   * Makes the log void, on the medium too: what a later start finds in it counts for nothing, until SQLite writes a new head.
   * Only for a log that is in the database, and that the next write will begin anew.
   */
  async voidLog(): Promise<void> {
    writeSync(this.#openLog(), Buffer.alloc(LOG_HEAD_BYTES), 0, LOG_HEAD_BYTES, 0);
    await syncData(this.#openLog());
  }

  /** Whether the log has a head: https://sqlite.org/fileformat.html#the_write_ahead_log */
  isLogValid(): boolean {
    const magic = Buffer.alloc(4);
    readSync(this.#openLog(), magic, 0, 4, 0);
    return (magic.readUInt32BE() & 0xfffffffe) >>> 0 === 0x377f0682;
  }

  /**
   * How many blocks of the database are written when a stretch of the log is moved into it: of a page that stands there
   * several times only the latest is. Read in large pieces: a call of the system for each frame takes longer than to copy
   * them all.
   * @param from frames before the first. @param to frames up to the last. @param pageBytes size of a page.
   */
  blocksLogged(from: number, to: number, pageBytes: number): number {
    const blocks = new Set<number>();
    const frameBytes = FRAME_HEAD_BYTES + pageBytes;
    const most = Math.min(to - from, FRAMES_AT_ONCE);
    const piece = Buffer.allocUnsafe(most * frameBytes);
    for (let frame = from; frame < to; frame += most) {
      const wanted = Math.min(to - frame, most) * frameBytes;
      const bytesRead = readSync(this.#openLog(), piece, 0, wanted, LOG_HEAD_BYTES + frame * frameBytes);
      for (let at = 0; at + 4 <= bytesRead; at += frameBytes) {
        const begin = (piece.readUInt32BE(at) - 1) * pageBytes;
        for (let byte = begin; byte < begin + pageBytes; byte += BLOCK_BYTES) {
          blocks.add(Math.floor(byte / BLOCK_BYTES));
        }
      }
    }
    return blocks.size;
  }

  #openLog(): number {
    this.#log ??= openSync(`${this.#file}-wal`, "r+");
    return this.#log;
  }

  readonly isReadOnly = (): boolean => {
    try {
      accessSync(dirname(this.#file), constants.W_OK);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EROFS";
    }
  };

  /** Call it when the database is closed. */
  [Symbol.dispose](): void {
    for (const descriptor of [this.#log, this.#database]) {
      if (descriptor !== undefined) closeSync(descriptor);
    }
    this.#log = undefined;
    this.#database = undefined;
  }
}

/** Brings the content of a file to the medium. */
export function syncFile(file: string): void {
  withOpen(file, fsyncSync);
}

/** Brings the names in a file's folder to the medium: a rename or a new file is safe only then. */
export function syncFolderOf(file: string): void {
  withOpen(dirname(file), fsyncSync);
}

function withOpen(path: string, use: (descriptor: number) => void): void {
  const descriptor = openSync(path, "r");
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
