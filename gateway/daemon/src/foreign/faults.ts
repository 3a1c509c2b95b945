import { type Clock, type Log, type Registry, StoreError, type Unit } from "@tram/core";
import type { ThingId } from "@tram/protocol";
import { OwnerRates } from "./owner-rates.ts";
import { Refusals } from "./refusals.ts";

const UNREAD = "a message could not be read";

export interface FaultsParts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
  readonly registry: Pick<Registry, "noteProblem">;
}

/**
 * Keeps a fault at one device: a payload on which its reader throws must not silence the devices that are read after it,
 * nor undo what those before it have said.
 */
export class Faults {
  readonly #registry: FaultsParts["registry"];
  readonly #refusals: Refusals;

  constructor({ clock, log, registry }: FaultsParts) {
    this.#registry = registry;
    this.#refusals = new Refusals(log, new OwnerRates(clock), { text: UNREAD });
  }

  /**
   * @param thing the Thing that shows it.
   * @throws {StoreError} as `work` does: that is nobody's payload.
   */
  contain(
    { thing, topic }: { readonly thing?: ThingId | undefined; readonly topic: string },
    unit: Unit,
    work: () => void,
  ): void {
    try {
      work();
    } catch (error) {
      if (error instanceof StoreError) throw error;
      // The same words each time: a Thing with the same problem is no news.
      if (thing !== undefined) {
        this.#registry.noteProblem(thing, `${topic.slice(0, 200)}: ${UNREAD}`, unit);
      }
      this.#refusals.tell("", topic, String(error));
    }
  }
}
