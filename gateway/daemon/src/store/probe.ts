import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PRIVATE_MODE } from "./snapshot.ts";
import { failureOf, type StoreFailure } from "./store-failure.ts";

/** What SQLite needs to begin: the index of its log and a few pages. In bytes. */
const ROOM_BYTES = 65_536;

/** Only the gateway's own user may look into the data folder. */
const FOLDER_MODE = 0o700;

/**
 * Makes the folder of a database where it is not there.
 * @returns why it cannot be, or `undefined`.
 */
export function makeFolderOf(file: string): StoreFailure | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE });
    return undefined;
  } catch (error) {
    const found = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = `expected a folder that can be made, found ${found}: ${dirname(file)}`;
    return { ...failureOf(error), scope: "medium", message };
  }
}

/**
 * Finds out whether a database could be written, by writing beside it.
 * @returns why not, or `undefined`.
 */
export function probeDisk(file: string): StoreFailure | undefined {
  const failure = makeFolderOf(file);
  if (failure !== undefined) return failure;
  const probe = `${file}.probe`;
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    // Asked first: what is written until the disk is full is written in vain each time.
    if (bavail * bsize < ROOM_BYTES)
      return { code: "full", message: "no space left on device", scope: "medium" };
    writeFileSync(probe, Buffer.alloc(ROOM_BYTES, probe), { mode: PRIVATE_MODE });
    return undefined;
  } catch (error) {
    return { ...failureOf(error), scope: "medium" };
  } finally {
    remove(probe);
  }
}

function remove(probe: string): void {
  try {
    rmSync(probe, { force: true });
  } catch {
    // Where it could not be made there is nothing to remove either.
  }
}
