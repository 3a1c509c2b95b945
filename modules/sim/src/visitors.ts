import type { Ms } from "@tram/protocol";
import { type Random, waitingTime } from "./seeded-random.ts";

/** What people in the greenhouse do. */
export type Happening =
  | { readonly what: "door"; readonly open: boolean }
  | { readonly what: "button"; readonly press: "press" | "double" | "long" };

const BETWEEN_VISITS_MS: Ms = 5 * 60_000;
const VISIT_MS: Ms = 40_000;
const BETWEEN_PRESSES_MS: Ms = 4 * 60_000;

/**
 * People who open and close the door and press the button now and then, so that there is something to see.
 * They live in real time, whatever the speed of the simulation: a door that flies open each second pleases nobody.
 */
export class Visitors {
  readonly #random: Random;
  #doorOpen = false;
  #nextDoor: Ms;
  #nextPress: Ms;

  /** @param now monotonic time. */
  constructor(random: Random, now: Ms) {
    this.#random = random;
    this.#nextDoor = now + waitingTime(BETWEEN_VISITS_MS, random);
    this.#nextPress = now + waitingTime(BETWEEN_PRESSES_MS, random);
  }

  /** What happened since the last call, at most one thing of each kind. @param now monotonic time. */
  happenings(now: Ms): readonly Happening[] {
    const seen: Happening[] = [];
    if (now >= this.#nextDoor) {
      this.#doorOpen = !this.#doorOpen;
      this.#nextDoor = now + waitingTime(this.#doorOpen ? VISIT_MS : BETWEEN_VISITS_MS, this.#random);
      seen.push({ what: "door", open: this.#doorOpen });
    }
    if (now >= this.#nextPress) {
      this.#nextPress = now + waitingTime(BETWEEN_PRESSES_MS, this.#random);
      const kind = this.#random();
      seen.push({ what: "button", press: kind < 0.7 ? "press" : kind < 0.9 ? "double" : "long" });
    }
    return seen;
  }
}
