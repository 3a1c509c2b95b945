import { type Command, formatDuration, type Ms } from "@tram/protocol";
import { abandonable } from "../abandonable.ts";
import type { Clock } from "../ports/clock.ts";

/** What the carrier of a command tells back. */
export type Delivery =
  | { readonly outcome: "sent" }
  | { readonly outcome: "confirmed" }
  | { readonly outcome: "rejected"; readonly reason: string };

/**
 * Brings a command to its device. Rejecting means that it could not be sent.
 * `resumed` commands are from before a restart: their device may still be on its way back.
 */
export type Deliver = (
  command: Command,
  signal: AbortSignal,
  options: { readonly resumed: boolean },
) => Promise<Delivery>;

/** What is being sent at the moment. A carrier that hangs is given up. */
export class Deliveries {
  readonly #clock: Pick<Clock, "after">;
  readonly #deliver: Deliver;
  readonly #underWay = new Set<AbortController>();

  constructor(clock: Pick<Clock, "after">, deliver: Deliver) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** Never rejects: a carrier that fails or needs longer than `patienceMs` is `broken`. */
  async send(
    command: Command,
    patienceMs: Ms,
    options: { readonly resumed: boolean },
  ): Promise<Delivery | { readonly outcome: "broken"; readonly reason: string }> {
    const delivery = new AbortController();
    const { signal } = delivery;
    using _deadline = this.#clock.after(patienceMs, () =>
      delivery.abort(new Error(`could not be sent within ${formatDuration(patienceMs)}`)),
    );
    this.#underWay.add(delivery);
    try {
      return await abandonable(this.#deliver(command, signal, options), signal);
    } catch (error) {
      return { outcome: "broken", reason: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#underWay.delete(delivery);
    }
  }

  abort(reason: Error): void {
    for (const delivery of this.#underWay) delivery.abort(reason);
  }
}
