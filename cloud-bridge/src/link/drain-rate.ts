import type { Ms } from "@tram/protocol";

/** What is looked back at. */
const WINDOW_MS: Ms = 60_000;
const SLOT_MS: Ms = 1_000;
/** From less nothing is concluded. */
const LEAST_MS: Ms = 5_000;

/** How fast a queue is emptied, as far as the last minute tells. */
export interface DrainView {
  /** Messages a second that the cloud acknowledged. */
  readonly ratePerS?: number;
  /** Seconds until the queue is empty if everything goes on as in the last minute. */
  readonly etaS?: number;
}

interface Slot {
  readonly at: Ms;
  acknowledged: number;
  /** Queue length at the beginning of the slot. */
  readonly queued: number;
}

/**
 * Watches one connection's acknowledgements and the length of the queue, and says no more than they say: nothing in
 * the first seconds, and no end of a queue that does not get shorter. Time is an argument.
 */
export class DrainRate {
  #beganAt: Ms | undefined;
  #slots: Slot[] = [];

  /** A new connection: what was before says nothing about it. */
  begin(queued: number, nowMs: Ms): void {
    this.#beganAt = nowMs;
    this.#slots = [{ at: nowMs, acknowledged: 0, queued }];
  }

  /** There is no connection. */
  end(): void {
    this.#beganAt = undefined;
    this.#slots = [];
  }

  /** @param queued is asked at most once a second, for looking may cost. */
  acknowledged(queued: () => number, nowMs: Ms): void {
    if (this.#beganAt === undefined) return;
    const last = this.#slots.at(-1);
    if (last !== undefined && nowMs - last.at < SLOT_MS) {
      last.acknowledged++;
      return;
    }
    this.#slots.push({ at: nowMs, acknowledged: 1, queued: queued() });
    this.#forget(nowMs);
  }

  view(queued: number, nowMs: Ms): DrainView {
    if (this.#beganAt === undefined) return {};
    const overMs = Math.min(nowMs - this.#beganAt, WINDOW_MS);
    if (overMs < LEAST_MS) return {};
    this.#forget(nowMs);
    const count = this.#slots.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const ratePerS = Math.round((count / overMs) * 100_000) / 100;
    const [first] = this.#slots;
    if (first === undefined || nowMs - first.at < LEAST_MS) return { ratePerS };
    const shorterPerS = ((first.queued - queued) / (nowMs - first.at)) * 1_000;
    return shorterPerS > 0 && queued > 0 ? { ratePerS, etaS: Math.ceil(queued / shorterPerS) } : { ratePerS };
  }

  #forget(nowMs: Ms): void {
    while (this.#slots[0] !== undefined && this.#slots[0].at <= nowMs - WINDOW_MS) this.#slots.shift();
  }
}
