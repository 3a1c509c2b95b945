import { setTimeout as sleep } from "node:timers/promises";
import type { Publisher } from "./publisher.ts";
import type { Arrivals } from "./receiver.ts";

/** What is still under way when the load stops may take this long, and then it is lost. In milliseconds. */
const SETTLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 5;

/**
 * Keeps the publishers going as fast as the broker takes it, with a bounded number of messages under way: nothing
 * queues without end, nothing has to be dropped, and what arrived can be counted.
 */
export class Flow {
  readonly #publishers: readonly Publisher[];
  readonly #arrivals: Arrivals;
  readonly #perBurst: number;
  readonly #fanOut: number;
  readonly #window: number;
  #turn = 0;
  #most = Number.POSITIVE_INFINITY;
  /** Messages published. */
  sent = 0;

  /**
   * @param options.fanOut deliveries of each message.
   * @param options.window messages that may be under way at a time.
   */
  constructor(
    publishers: readonly Publisher[],
    arrivals: Arrivals,
    options: { readonly perBurst: number; readonly fanOut: number; readonly window: number },
  ) {
    this.#publishers = publishers;
    this.#arrivals = arrivals;
    this.#perBurst = options.perBurst;
    this.#fanOut = options.fanOut;
    this.#window = options.window;
  }

  /** Sends as much as may be under way. Call it when something has arrived. */
  readonly fill = (): void => {
    const most = Math.min(this.#most, this.#arrivals.count / this.#fanOut + this.#window);
    while (this.sent + this.#perBurst <= most) {
      const publisher = this.#nextReady();
      if (publisher === undefined) return;
      publisher.send();
      this.sent += this.#perBurst;
    }
  };

  /** Sends no more than this many in all. */
  limit(messages: number): void {
    this.#most = messages;
  }

  /** Stops, and waits for what is under way. @returns deliveries that never came. */
  async settle(): Promise<number> {
    this.limit(0);
    const until = performance.now() + SETTLE_WITHIN_MS;
    while (this.#missing !== 0 || !this.#publishers.every(({ settled }) => settled)) {
      if (performance.now() > until) break;
      await sleep(LOOK_EVERY_MS);
    }
    return this.#missing;
  }

  get #missing(): number {
    return this.sent * this.#fanOut - this.#arrivals.count;
  }

  #nextReady(): Publisher | undefined {
    for (let tried = 0; tried < this.#publishers.length; tried++) {
      const publisher = this.#publishers[this.#turn];
      this.#turn = (this.#turn + 1) % this.#publishers.length;
      if (publisher?.ready) return publisher;
    }
    return undefined;
  }
}
