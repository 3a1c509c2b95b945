import type { PublishOutcome } from "@tram/core";

/** Messages refused for good one after the other, with none taken in between, that are believed to be at fault themselves. */
const MOST_IN_A_ROW = 100;

/**
 * Tells poison from a cloud that refuses everything: a limit that somebody has set too low, a prefix that is too long, a
 * rule for another house. Setting all of that aside would empty the queue into a place for few, and what that has no room for
 * is lost. So after too many in a row the rest waits, until one is taken again.
 */
export class PoisonGuard {
  #inARow = 0;

  judge(outcome: PublishOutcome): PublishOutcome {
    if (outcome.outcome === "acknowledged") this.#inARow = 0;
    if (outcome.outcome !== "rejected" || ++this.#inARow <= MOST_IN_A_ROW) return outcome;
    const reason = `${outcome.reason}; ${MOST_IN_A_ROW} messages in a row were refused so: the others wait`;
    return { outcome: "retry", reason };
  }
}
