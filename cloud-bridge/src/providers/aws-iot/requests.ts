import { type Clock, type PublishOutcome, TokenBucket } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { MqttOutgoing } from "../mqtt-connection.ts";

/** Publishes a second for what we ask of AWS IoT itself; the rest of what it allows is left to the messages. */
const REQUESTS_PER_S = 12;
const BURST = 3;
/** At most so many in any second. */
export const REQUESTS_SHARE = REQUESTS_PER_S + BURST;
/** Requests without PUBACK. */
const IN_FLIGHT = 12;
/** Requests that wait; one a shadow, and answers. */
const MOST_WAITING = 8_192;

/** What is above a quota AWS throws away, and never acknowledges. */
const PUBACK_WITHIN_MS: Ms = 30_000;
const UNANSWERED: PublishOutcome = { outcome: "retry", reason: "AWS IoT has not acknowledged it" };

interface Waiting {
  readonly outgoing: MqttOutgoing;
  readonly answer: (outcome: PublishOutcome) => void;
}

/**
 * The requests of one connection (shadows, jobs, refusals), paced: after a reconnect every shadow is read, and that must
 * not take what AWS IoT allows a connection away from the messages.
 */
export class Requests {
  readonly #send: (outgoing: MqttOutgoing) => Promise<PublishOutcome>;
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #bucket: TokenBucket;
  readonly #urgent: Waiting[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #patience = new Set<Disposable>();
  #flying = 0;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(
    send: (outgoing: MqttOutgoing) => Promise<PublishOutcome>,
    clock: Pick<Clock, "monotonic" | "after">,
  ) {
    this.#send = send;
    this.#clock = clock;
    this.#bucket = new TokenBucket(REQUESTS_PER_S, BURST, clock.monotonic());
  }

  /** @returns when it was acknowledged or refused. Never rejects. */
  post(outgoing: MqttOutgoing, options: { readonly urgent?: boolean } = {}): Promise<PublishOutcome> {
    const queue = options.urgent === true ? this.#urgent : this.#waiting;
    if (this.#closed || queue.length >= MOST_WAITING) {
      return Promise.resolve({
        outcome: "retry",
        reason: this.#closed ? "not connected" : "too many requests wait",
      });
    }
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    queue.push({ outgoing, answer: resolve });
    this.#launch();
    return promise;
  }

  /** What waits is given up. */
  close(): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const patience of this.#patience) patience[Symbol.dispose]();
    for (const { answer } of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) {
      answer({ outcome: "retry", reason: "not connected" });
    }
  }

  #launch(): void {
    while (!this.#closed && this.#timer === undefined && this.#flying < IN_FLIGHT) {
      if (this.#urgent.length + this.#waiting.length === 0) return;
      if (!this.#bucket.take(1, this.#clock.monotonic())) {
        this.#timer = this.#clock.after(1_000 / REQUESTS_PER_S, () => {
          this.#timer = undefined;
          this.#launch();
        });
        return;
      }
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      if (next === undefined) return;
      this.#fly(next);
    }
  }

  #fly({ outgoing, answer }: Waiting): void {
    let open = true;
    const done = (outcome: PublishOutcome): void => {
      if (!open) return;
      open = false;
      patience[Symbol.dispose]();
      this.#patience.delete(patience);
      this.#flying--;
      answer(outcome);
      this.#launch();
    };
    const patience = this.#clock.after(PUBACK_WITHIN_MS, () => done(UNANSWERED));
    this.#patience.add(patience);
    this.#flying++;
    void this.#send(outgoing).then(done);
  }
}
