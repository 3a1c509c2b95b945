import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Folders of a restore, in the data folder. Each is the one before, renamed:
 * - `staging`: being filled. Whatever ends here has changed nothing.
 * - `ready`: the decision. What was there is moved aside.
 * - `applying`: what was there is aside, and the new takes its place.
 * - `done`: rubbish.
 * A process that is ended, or a power cut, leaves a step half done; each can be done again. So whoever starts next finds
 * the old state whole (before `ready`) or makes the new one whole.
 */
export const STEPS = {
  staging: "restore.staging",
  ready: "restore.ready",
  applying: "restore.applying",
  done: "restore.done",
} as const;

/** What the gateway tells its audit log at the next start. */
export const NOTE_FILE = "restored.json";

export function stagingOf(data: string): string {
  return join(data, STEPS.staging);
}

/** Whether a restore was decided and has not ended. */
export function isRestorePending(data: string): boolean {
  return existsSync(join(data, STEPS.ready)) || existsSync(join(data, STEPS.applying));
}

/** What a restore left to be told, once. */
export function takeRestoreNote(data: string): string | undefined {
  const path = join(data, NOTE_FILE);
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    rmSync(path);
    const { note } = found as { note?: unknown };
    return typeof note === "string" ? note : undefined;
  } catch {
    return undefined; // Not there, as at nearly every start; or not to be removed: then it is not told twice.
  }
}
