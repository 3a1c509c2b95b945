import { setImmediate as nodeImmediate } from "node:timers";
import type { Ms } from "@tram/protocol";
import type { VirtualClock } from "@tram/testkit";
import { messageOf, violation } from "./rule.ts";

/** Taken before a check may replace it. */
const immediate = nodeImmediate;
const SLICE_MS: Ms = 100;

/** One turn of the real event loop: lets fake hardware behind real sockets or pipes answer. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void immediate(resolve));
}

/**
 * Lets virtual time pass, in slices with a turn of the event loop after each.
 * @param until ends the wait early.
 * @returns whether `until` was true in the end.
 */
export async function pass(
  clock: VirtualClock,
  durationMs: Ms,
  until = (): boolean => false,
): Promise<boolean> {
  await advance(clock, 0);
  for (let left = durationMs; left > 0 && !until(); left -= SLICE_MS) {
    await advance(clock, Math.min(left, SLICE_MS));
  }
  return until();
}

async function advance(clock: VirtualClock, durationMs: Ms): Promise<void> {
  try {
    await clock.advance(durationMs);
  } catch (error) {
    violation(`a timer of the module threw: ${messageOf(error)}`, error);
  }
  await turn();
}

/** A promise whose outcome can be looked at; it never counts as an unhandled rejection. */
export class Outcome<T> {
  #state: {
    readonly is: "pending" | "resolved" | "rejected";
    readonly value?: T;
    readonly reason?: unknown;
  } = {
    is: "pending",
  };

  constructor(promise: PromiseLike<T>) {
    promise.then(
      (value) => {
        this.#state = { is: "resolved", value };
      },
      (reason: unknown) => {
        this.#state = { is: "rejected", reason };
      },
    );
  }

  get is(): "pending" | "resolved" | "rejected" {
    return this.#state.is;
  }

  get settled(): boolean {
    return this.#state.is !== "pending";
  }

  /** The result once it is resolved. */
  get value(): T | undefined {
    return this.#state.value;
  }

  /** Why it was rejected. */
  get reason(): unknown {
    return this.#state.reason;
  }
}
