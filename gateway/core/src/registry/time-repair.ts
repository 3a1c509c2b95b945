import type { Reading } from "@tram/protocol";
import type { Clock } from "../ports/clock.ts";
import type { Unit } from "../unit.ts";
import type { Registry } from "./registry.ts";

export interface TimeRepairParts {
  readonly clock: Pick<Clock, "now" | "monotonic" | "bootId" | "trust" | "onStep">;
  readonly registry: Registry;
  /** Opens a unit for what nobody waits for. */
  readonly record: (work: (unit: Unit) => void) => Promise<void>;
}

/**
 * A router without a battery starts in 1970, or when it was switched off, and learns the time later. What was read until
 * then is put right once the clock is set: the monotonic clock tells how long ago it was. Readings of an earlier boot
 * stay as they are, for nobody knows how long the power was off.
 */
export class TimeRepair implements Disposable {
  readonly #parts: TimeRepairParts;
  readonly #subscription: Disposable;

  constructor(parts: TimeRepairParts) {
    this.#parts = parts;
    this.#subscription = parts.clock.onStep(({ trust }) => {
      if (trust !== "untrusted") this.#repair();
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #repair(): void {
    const { clock, registry, record } = this.#parts;
    const wrong = [...registry.values()].filter(({ known }) => known.reading.taken?.bootId === clock.bootId);
    if (wrong.length === 0) return;
    void record((unit) => {
      for (const { known } of wrong) {
        const corrected = correctTime(known.reading, clock);
        if (corrected !== undefined) registry.correctTime(known, corrected, unit);
      }
    });
  }
}

/**
 * A reading with the times that it was really taken at.
 * @returns undefined when that is not known: it was taken in another boot, or with a clock that could be believed.
 */
export function correctTime(
  reading: Reading,
  clock: Pick<Clock, "now" | "monotonic" | "bootId">,
): Reading | undefined {
  const { taken, ...rest } = reading;
  if (taken === undefined || taken.bootId !== clock.bootId) return undefined;
  const receivedAt = Math.round(clock.now() - (clock.monotonic() - taken.monotonic));
  // A device with a clock of its own told the time itself.
  const time = reading.time === reading.receivedAt ? receivedAt : reading.time;
  return { ...rest, time, receivedAt };
}
