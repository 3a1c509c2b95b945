import type { Json } from "@tram/protocol";

/** Between two portions. In milliseconds. */
const TICK_MS = 5;
/** After a pause of this process not everything is made up for at once. In milliseconds. */
const LONGEST_CATCH_UP_MS = 50;

/** Says something again and again, as fast as it is told to, until it is disposed of: a cloud that means no good. */
export class Flood implements Disposable {
  #said = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param say publishes the message with this number, counted from 0. */
  constructor(perSecond: number, say: (number: number) => void) {
    let last = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      const now = performance.now();
      due += (Math.min(now - last, LONGEST_CATCH_UP_MS) * perSecond) / 1_000;
      last = now;
      for (; due >= 1; due--) say(this.#said++);
    }, TICK_MS);
  }

  /** Messages so far. */
  get said(): number {
    return this.#said;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/**
 * A delta of a shadow as the Device Shadow service tells it, of a change that it never saw.
 * @param state `{ <node>: { <property>: value } }`.
 * @param at seconds since 1970 at which each value was wished for.
 */
export function forgedDelta(
  state: Readonly<Record<string, Readonly<Record<string, Json>>>>,
  { version, at }: { readonly version: number; readonly at: number },
): Buffer {
  const metadata = Object.fromEntries(
    Object.entries(state).map(([node, values]) => [
      node,
      Object.fromEntries(Object.keys(values).map((name) => [name, { timestamp: at }])),
    ]),
  );
  return Buffer.from(JSON.stringify({ version, timestamp: at, state, metadata }));
}
