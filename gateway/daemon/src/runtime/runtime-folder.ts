import { mkdirSync } from "node:fs";
import type { Log } from "@tram/core";

/**
 * Makes the runtime folder where it is missing, before anything looks for its place there. Where it cannot be made, the
 * log says so once: what has another place to lie takes that, and what must lie there does without.
 */
export function makeRuntimeFolder(folder: string, log: Pick<Log, "error">): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    log.error({ folder, reason: (error as Error).message }, "the runtime folder cannot be made");
  }
}
