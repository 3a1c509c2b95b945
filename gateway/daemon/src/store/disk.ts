import { accessSync, closeSync, constants, fdatasync, fstatSync, fsync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

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
    this.#log ??= openSync(`${this.#file}-wal`, "r");
    await syncData(this.#log);
  }

  /** The same with its length, after it was cut. */
  async syncLogLength(): Promise<void> {
    this.#log ??= openSync(`${this.#file}-wal`, "r");
    await syncAll(this.#log);
  }

  async syncDatabase(): Promise<void> {
    this.#database ??= openSync(this.#file, "r");
    await syncAll(this.#database);
  }

  /** Size of the write-ahead log, in bytes. */
  logBytes(): number {
    this.#log ??= openSync(`${this.#file}-wal`, "r");
    return fstatSync(this.#log).size;
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
