import { type Clock, TokenBucket } from "@tram/core";
import type { Ms, ThingId } from "@tram/protocol";

/** How often one device may describe itself anew, and of how many at once that is known. */
export const PACE = { perSecond: 1, burst: 8, devices: 512, waiting: 64 } as const;
const LOOK_MS: Ms = 1_000;

/**
 * Bounds what descriptions cost: each that is another one is synced to flash, published anew and told to everybody. Of a
 * device that describes itself more often, the latest is read when its time has come, and those before it are not.
 */
export class DescriptionPace implements Disposable {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  readonly #buckets = new Map<ThingId, TokenBucket>();
  readonly #waiting = new Map<ThingId, () => void>();
  #timer: Disposable | undefined;

  constructor(clock: Pick<Clock, "monotonic" | "after">) {
    this.#clock = clock;
  }

  /** @returns false when it is too early; `later` is called then, unless another description or `forget` comes first. */
  admit(device: ThingId, later: () => void): boolean {
    if (this.#bucketOf(device).take(1, this.#clock.monotonic())) {
      this.#waiting.delete(device);
      return true;
    }
    if (!this.#waiting.has(device) && this.#waiting.size >= PACE.waiting) return false;
    this.#waiting.set(device, later);
    this.#arm();
    return false;
  }

  /** What waits of a device is not wanted any more. */
  forget(device: ThingId): void {
    this.#waiting.delete(device);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#waiting.clear();
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(LOOK_MS, () => {
      this.#timer = undefined;
      for (const [device, later] of [...this.#waiting]) {
        if (!this.#bucketOf(device).take(1, this.#clock.monotonic())) continue;
        this.#waiting.delete(device);
        later();
      }
      if (this.#waiting.size > 0) this.#arm();
    });
  }

  #bucketOf(device: ThingId): TokenBucket {
    const known = this.#buckets.get(device);
    if (known !== undefined) return known;
    if (this.#buckets.size >= PACE.devices) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    const bucket = new TokenBucket(PACE.perSecond, PACE.burst, this.#clock.monotonic());
    this.#buckets.set(device, bucket);
    return bucket;
  }
}
