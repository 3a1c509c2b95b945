import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** A smaller one is drift that somebody corrects; what is waited for is hours. */
const LEAST_MS: Ms = 60_000;
/** Steps that are told apart; beyond them the oldest two count as one. */
const MOST = 16;

interface Step {
  /** The last row that was queued before it. */
  readonly last: number;
  readonly byMs: Ms;
}

/**
 * Remembers how far the wall clock has jumped since rows were queued. A clock may be believed and be wrong by hours all the
 * same (a battery clock in local time, until the Internet is back): what has waited for a minute must not be seven hours
 * old then. Where nobody believed the clock before the jump there is nothing to put right: those rows have no time.
 */
export class ClockSteps {
  readonly #clock: Pick<Clock, "now" | "monotonic" | "trust">;
  #steps: Step[] = [];
  /** Between the wall clock and the one that never steps; `undefined` while nobody believes the wall clock. */
  #offset: Ms | undefined;

  constructor(clock: Pick<Clock, "now" | "monotonic" | "trust">) {
    this.#clock = clock;
  }

  /** To be called before a row is queued, and before an age is taken. @param last position of the newest row. */
  look(last: number): void {
    const { trust } = this.#clock;
    const offset = trust === "untrusted" ? undefined : this.#clock.now() - this.#clock.monotonic();
    const before = this.#offset;
    if (before !== undefined && offset !== undefined && Math.abs(offset - before) < LEAST_MS) return;
    this.#offset = offset;
    if (before === undefined || offset === undefined) return;
    this.#steps.push({ last, byMs: offset - before });
    if (this.#steps.length <= MOST) return;
    const [first, second, ...rest] = this.#steps as [Step, Step, ...Step[]];
    this.#steps = [{ last: second.last, byMs: first.byMs + second.byMs }, ...rest];
  }

  /** What is to be added to the time at which a row was queued. */
  since(seq: number): Ms {
    let sum = 0;
    for (const { last, byMs } of this.#steps) if (seq <= last) sum += byMs;
    return sum;
  }
}
