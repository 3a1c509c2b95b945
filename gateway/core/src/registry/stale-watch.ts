import type { Ms, Reading } from "@tram/protocol";
import type { Clock } from "../ports/clock.ts";
import type { Unit } from "../unit.ts";
import type { Registry } from "./registry.ts";
import { patienceMs } from "./report-rhythm.ts";

/** How often it is looked who is late. In milliseconds. */
export const LOOK_MS: Ms = 5_000;

export interface StaleWatchParts {
  readonly clock: Pick<Clock, "monotonic" | "every">;
  readonly registry: Registry;
  /** Opens a unit for what nobody waits for. */
  readonly record: (work: (unit: Unit) => void) => Promise<void>;
}

/**
 * Values go stale when their device has missed three reports: by the interval that its description or the owner names,
 * else by the one it was seen to keep. A device that only tells what changed is never late.
 */
export class StaleWatch implements Disposable {
  readonly #parts: StaleWatchParts;
  readonly #timer: Disposable;

  constructor(parts: StaleWatchParts) {
    this.#parts = parts;
    this.#timer = parts.clock.every(LOOK_MS, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #look(): void {
    const { clock, registry, record } = this.#parts;
    const now = clock.monotonic();
    const late: Reading[] = [];
    for (const { affordance, known } of registry.values()) {
      if (known.stale || known.heardAt === undefined || affordance?.momentary === true) continue;
      const allowed =
        affordance?.reportMs === undefined ? known.rhythm?.patienceMs : patienceMs(affordance.reportMs);
      if (allowed === undefined || now - known.heardAt <= allowed) continue;
      late.push(known.reading);
    }
    if (late.length === 0) return;
    void record((unit) => {
      for (const { property, thing } of late) registry.expire(thing, property, unit);
    });
  }
}
