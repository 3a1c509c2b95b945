import { AssertionError } from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { Ms } from "@tram/protocol";

/** Longest time for anything that the contract says must happen. */
const PATIENCE_MS: Ms = 4_000;
/** How long is waited to see that something does not happen. */
const QUIET_MS: Ms = 150;

/** Resolves when `look` gives what is expected; else an engine that hangs fails its rule instead of hanging the run. */
export async function becomes<T>(what: string, look: () => T, expected: T): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isDeepStrictEqual(look(), expected)) {
    if (performance.now() > deadline) {
      throw new AssertionError({ message: what, actual: look(), expected, operator: "becomes" });
    }
    await pause(5);
  }
}

/** Settles with a promise, or rejects when it takes too long. */
export async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AssertionError({ message: `${what} did not come` })), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A moment in which what should not happen could. */
export function quiet(): Promise<void> {
  return pause(QUIET_MS);
}

function pause(ms: Ms): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
