import { type Clock, type Store, StoreError, Unit } from "@tram/core";
import type { Ms, Reading } from "@tram/protocol";
import type { BridgeLog } from "../bridge-log.ts";
import type { Draft } from "../queue/outbox-options.ts";

export interface TrailingParts {
  readonly store: Store;
  readonly bridge: string;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly log: BridgeLog;
  /** Queues a value in a unit. */
  readonly release: (draft: Draft, unit: Unit) => void;
}

/** A value whose time has not come. */
interface Held {
  readonly draft: Draft;
  /** Monotonic. */
  readonly due: Ms;
}

/** Values that go in one unit. */
const AT_ONCE = 500;
/** Between two looks at what is due. */
const LEAST_PAUSE_MS: Ms = 250;
/** What the store did not take is tried again after so long. */
const AGAIN_MS: Ms = 5_000;

/**
 * The last value of each property that came while its rate was used up: without it a cloud is left with the first value of
 * a burst, for as long as the device is silent. Nothing is written for it, or a rate would cost more flash than it saves:
 * the house keeps the last reading of each property anyway, and `perhapsUntold` finds there what a crash has left.
 */
export class Trailing implements AsyncDisposable {
  readonly #parts: TrailingParts;
  /** At most one of each property of the house. */
  readonly #held = new Map<string, Held>();
  #timer: Disposable | undefined;
  #wakeAt: Ms = Number.POSITIVE_INFINITY;
  #releasing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: TrailingParts) {
    this.#parts = parts;
  }

  /** Holds a value back, in the place of the one of the same property. */
  hold(draft: Draft, inMs: Ms): void {
    this.#held.set(keyOf(draft), { draft, due: this.#parts.clock.monotonic() + inMs });
    this.#wakeIn(inMs);
  }

  /** Another value of the property goes, or none is to go. */
  drop(property: Pick<Draft, "thing" | "name">): void {
    this.#held.delete(keyOf(property));
  }

  /** What is held goes early: the queue keeps it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    await this.#releasing;
    await this.#letGo([...this.#held]);
  }

  #wakeIn(inMs: Ms): void {
    const at = this.#parts.clock.monotonic() + inMs;
    if (this.#closed || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.clock.after(inMs, () => {
      this.#timer = undefined;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#releasing = this.#releasing.then(() => this.#release());
    });
  }

  async #release(): Promise<void> {
    const now = this.#parts.clock.monotonic();
    const due: [string, Held][] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, held] of this.#held) {
      if (held.due <= now && due.length < AT_ONCE) due.push([key, held]);
      else if (held.due < next) next = held.due;
    }
    if (Number.isFinite(next)) this.#wakeIn(Math.max(LEAST_PAUSE_MS, next - now));
    await this.#letGo(due);
  }

  /** Never rejects. What the store does not take is held still. */
  async #letGo(due: readonly (readonly [string, Held])[]): Promise<void> {
    if (due.length === 0) return;
    const { bridge, clock, log, release, store } = this.#parts;
    const stuck = (error: unknown): void =>
      log.error({ bridge, error: String(error) }, "a value that was held back got stuck");
    try {
      const unit = new Unit(store, stuck);
      for (const [key, { draft }] of due) {
        this.#held.delete(key);
        release(draft, unit);
      }
      await unit.commit();
    } catch (error) {
      if (!(error instanceof StoreError)) stuck(error);
      for (const [key, held] of due) {
        // A newer one may have come meanwhile.
        if (!this.#held.has(key)) this.#held.set(key, { ...held, due: clock.monotonic() + AGAIN_MS });
      }
      this.#wakeIn(AGAIN_MS);
    }
  }
}

function keyOf({ thing, name }: Pick<Draft, "thing" | "name">): string {
  return `${thing}/${name}`;
}

/**
 * The readings that an earlier run may have held back when it ended: those of the last interval in which it was alive, as far
 * as the readings tell. Some of them were told; they are told once more, as everything is after a start.
 */
export function perhapsUntold(readings: Iterable<Reading>, intervalMs: Ms): readonly Reading[] {
  const numbers = [...readings].filter(({ value }) => typeof value === "number");
  const latest = numbers.reduce(
    (most, { receivedAt }) => Math.max(most, receivedAt),
    Number.NEGATIVE_INFINITY,
  );
  return numbers.filter(({ receivedAt }) => receivedAt > latest - intervalMs);
}
