import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Why a file was not read. `code` is that of the system (`ENOENT`), or one of ours. */
export interface Unread {
  readonly code: string;
  /** For people: what was found. */
  readonly found: string;
}

/**
 * Reads a small file whole. It neither waits (for the other end of a pipe) nor reads without measure (of a device).
 * @param limitBytes a larger file is not read.
 */
export function readSmallFile(file: string, limitBytes: number): Buffer | Unread {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return unread(error);
  }
  try {
    const status = fstatSync(descriptor);
    if (status.isDirectory()) return { code: "EISDIR", found: "a folder" };
    if (!status.isFile()) return { code: "not-a-file", found: "something that is no file" };
    if (status.size > limitBytes)
      return { code: "too-large", found: `${status.size} bytes (at most ${limitBytes})` };
    const bytes = Buffer.alloc(status.size);
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } catch (error) {
    return unread(error);
  } finally {
    closeSync(descriptor);
  }
}

function unread(error: unknown): Unread {
  const { code = "unreadable" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return { code, found: "no such file" };
  return { code, found: code === "EISDIR" ? "a folder" : `error ${code}` };
}
