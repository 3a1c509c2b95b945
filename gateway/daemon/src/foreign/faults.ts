import { type Clock, type Log, type Registry, StoreError, TokenBucket, type Unit } from "@tram/core";
import type { ThingId } from "@tram/protocol";

/** How often it is told: so many times at once, and so many a second after that. */
const RATE = { burst: 8, perSecond: 1 / 60 } as const;

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
  readonly #parts: FaultsParts;
  readonly #rate: TokenBucket;

  constructor(parts: FaultsParts) {
    this.#parts = parts;
    this.#rate = new TokenBucket(RATE.perSecond, RATE.burst, parts.clock.monotonic());
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
      const { clock, log, registry } = this.#parts;
      const where = topic.slice(0, 200);
      // The same words each time: a Thing with the same problem is no news.
      if (thing !== undefined) registry.noteProblem(thing, `${where}: a message could not be read`, unit);
      if (!this.#rate.take(1, clock.monotonic())) return;
      log.error({ thing, topic: where, error: String(error).slice(0, 200) }, "a message could not be read");
    }
  }
}
