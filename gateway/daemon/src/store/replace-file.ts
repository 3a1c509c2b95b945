import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export interface Replacement {
  /** Access of a file that is not there yet; another one keeps its own. */
  readonly mode: number;
  /** Looked at last: whether the file is still what the text was made for. */
  readonly unchanged?: () => Promise<boolean> | boolean;
}

/**
 * Writes beside a file, then takes its place: whatever happens, a whole file is there, and it is on the disk before this
 * resolves. Where the file is a link, the one that it names is written.
 * @returns `false` where it was not `unchanged`: then nothing is written. Rejects with the system's error.
 */
export async function replaceFile(file: string, text: string, replacement: Replacement): Promise<boolean> {
  const { mode, unchanged = () => true } = replacement;
  const target = await realpath(file).catch(() => file); // Not there yet.
  // A name with a dot in front is never read as a rule file.
  const draft = join(dirname(target), `.${basename(target)}.new`);
  const there = await stat(target).catch(() => undefined);
  try {
    // A leftover may be readable to others, or a link.
    await rm(draft, { force: true });
    const handle = await open(draft, "wx", mode);
    try {
      if (there !== undefined) await handle.chmod(there.mode & 0o777);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!(await unchanged())) {
      await rm(draft, { force: true });
      return false;
    }
    await rename(draft, target);
    await syncFolder(dirname(target));
    return true;
  } catch (error) {
    // What cannot be written cannot be removed either.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "its folder is on a read-only file system",
  EACCES: "the gateway may not write into its folder",
  EPERM: "the gateway may not write into its folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

/** Why a file was not written, for people. @param code of the system. */
export function whyNotWritten(code: string): string {
  return WORDS[code] ?? `it could not be written (${code})`;
}
