import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "@tram/core";
import type { Instant, Ms } from "@tram/protocol";

/** Time as it passes: what is on the other end of a socket does not wait for a virtual one. */
export class RealClock implements Clock {
  readonly bootId = "contract";
  readonly trust = "synced";

  now(): number {
    return Date.now();
  }

  monotonic(): Ms {
    return performance.now();
  }

  instant(): Instant {
    return { wall: this.now(), monotonic: this.monotonic(), bootId: this.bootId, trust: this.trust };
  }

  async sleep(durationMs: Ms, signal?: AbortSignal): Promise<void> {
    await wait(durationMs, undefined, signal === undefined ? {} : { signal });
  }

  after(delayMs: Ms, call: () => void): Disposable {
    const timer = setTimeout(call, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  every(periodMs: Ms, tick: () => void): Disposable {
    const timer = setInterval(tick, periodMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  onStep(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }
}
