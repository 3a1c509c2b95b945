import { backOffMs } from "./back-off.ts";
import type { Timers } from "./timers.ts";

/** Under way at once; of one property never more than one. */
const AT_ONCE = 8;
/** Between two attempts. In milliseconds. */
const LONGEST_PAUSE_MS = 10_000;

/** A value that somebody wants a property to have. */
export interface Wish {
  readonly thing: string;
  readonly property: string;
  readonly value: unknown;
  /** The same for each attempt: the gateway takes the second for the first. */
  readonly key: string;
}

export type Attempt =
  | { readonly state: "accepted"; readonly id?: string }
  | { readonly state: "refused"; readonly code: string; readonly reason: string }
  /** The same wish may be accepted later. */
  | { readonly state: "away"; readonly code: string; readonly reason: string };

export type Outcome =
  | Exclude<Attempt, { state: "away" }>
  /** It never was accepted as far as is known, and will not be tried again. */
  | { readonly state: "dropped"; readonly code: DropCode; readonly reason: string };

export type DropCode = "queue-full" | "superseded" | "too-old" | "closed";

export interface QueueParts {
  readonly timers: Timers;
  /** Never rejects. */
  readonly attempt: (wish: Wish) => Promise<Attempt>;
  /** How many wishes may wait. */
  readonly most: number;
  /** How long a wish is worth keeping, in milliseconds: what was right then need not be right any more. */
  readonly oldestMs: number;
  readonly onChange: (waiting: number) => void;
  readonly random?: () => number;
}

interface Waiting extends Wish {
  readonly since: number;
  readonly done: (outcome: Outcome) => void;
  lastReason?: string;
}

/**
 * Wishes on their way to the gateway, those of one property in their order. While it is away they wait: the newest of
 * each property, no more than `most`, none longer than `oldestMs`. Each of them ends with an outcome.
 */
export class SetQueue implements Disposable {
  readonly #parts: QueueParts;
  #waiting: Waiting[] = [];
  readonly #under = new Map<string, Waiting>();
  #failures = 0;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.length + this.#under.size;
  }

  /** @param done is called once. */
  push(wish: Wish, done: (outcome: Outcome) => void): void {
    if (this.#closed) {
      done(dropped("closed", "the flow is being stopped"));
      return;
    }
    if (this.#failures > 0) this.#supersede(wish);
    this.#waiting.push({ ...wish, since: this.#parts.timers.now(), done });
    this.#pump();
    this.#bound();
    this.#parts.onChange(this.waiting);
  }

  /** The gateway is back: nobody needs to wait for the next attempt. */
  wake(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#pump();
    this.#parts.onChange(this.waiting);
  }

  /** What waits is dropped; what is under way may have arrived, which nobody knows. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    const all = [...this.#under.values(), ...this.#waiting];
    this.#under.clear();
    this.#waiting = [];
    for (const { done } of all) done(dropped("closed", "the flow is being stopped"));
  }

  #supersede(wish: Wish): void {
    const older = this.#waiting.filter((each) => keyOf(each) === keyOf(wish));
    if (older.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => keyOf(each) !== keyOf(wish));
    for (const { done } of older) done(dropped("superseded", "a newer value takes its place"));
  }

  #pump(): void {
    this.#dropOld();
    if (this.#timer !== undefined || this.#closed) return;
    // After a failure one goes ahead, and the others follow when it got through.
    const most = this.#failures > 0 ? 1 : AT_ONCE;
    this.#waiting = this.#waiting.filter((each) => {
      if (this.#under.size >= most || this.#under.has(keyOf(each))) return true;
      this.#send(each);
      return false;
    });
  }

  #send(wish: Waiting): void {
    this.#under.set(keyOf(wish), wish);
    const { key, property, thing, value } = wish;
    void this.#parts.attempt({ thing, property, value, key }).then((result) => {
      if (this.#closed) return;
      this.#under.delete(keyOf(wish));
      if (result.state === "away") this.#keep(wish, result.reason);
      else {
        this.#failures = 0;
        wish.done(result);
      }
      this.#pump();
      this.#parts.onChange(this.waiting);
    });
  }

  #keep(wish: Waiting, reason: string): void {
    const { random = Math.random, timers } = this.#parts;
    wish.lastReason = reason;
    if (this.#waiting.some((each) => keyOf(each) === keyOf(wish))) {
      wish.done(dropped("superseded", "a newer value takes its place"));
    } else this.#waiting.unshift(wish);
    this.#bound();
    this.#failures++;
    if (this.#timer !== undefined) return;
    const pauseMs = Math.min(backOffMs(this.#failures, random()), LONGEST_PAUSE_MS);
    this.#timer = timers.after(pauseMs, () => this.wake());
  }

  #bound(): void {
    const { most } = this.#parts;
    while (this.#waiting.length > most) {
      this.#waiting.shift()?.done(dropped("queue-full", `more than ${most} values wait`));
    }
  }

  #dropOld(): void {
    const { oldestMs, timers } = this.#parts;
    const old = this.#waiting.filter(({ since }) => timers.now() - since >= oldestMs);
    if (old.length === 0) return;
    this.#waiting = this.#waiting.filter((each) => !old.includes(each));
    for (const { done, lastReason } of old) {
      const why = lastReason === undefined ? "" : `: ${lastReason}`;
      done(dropped("too-old", `not accepted within ${oldestMs / 1_000} s${why}`));
    }
  }
}

function keyOf({ property, thing }: Wish): string {
  return `${thing}/${property}`;
}

function dropped(code: DropCode, reason: string): Outcome {
  return { state: "dropped", code, reason };
}
