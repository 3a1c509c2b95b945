import type { ClockTrust, EpochMs, Instant, Ms } from "@tram/protocol";

/** Where a clock on a monotonic scale begins: not at 0, which would hide a mixed-up scale. */
const FIRST_BOOT_MS: Ms = 100_000;
/** How long a gateway has been up when its rules come back after a power cut. */
const LATER_BOOT_MS: Ms = 20_000;
/** What the clock of a gateway without a battery shows at boot. */
const UNSET_WALL: EpochMs = Date.UTC(2020, 0, 1);

/** The clocks of a gateway as numbers: time passes when it is told to. */
export class VirtualClock {
  #wall: EpochMs;
  #trust: ClockTrust;
  #monotonic: Ms = FIRST_BOOT_MS;
  #bootId = "boot-1";
  #boots = 1;
  /** What the clocks show, until one of them shows something else: it is asked for often. */
  #instant: Instant | undefined;
  /** Real time since the beginning, power cuts included. */
  #elapsedMs: Ms = 0;
  #lostMs: Ms = 0;

  constructor(wall: EpochMs, trust: ClockTrust = "synced") {
    this.#wall = wall;
    this.#trust = trust;
  }

  get instant(): Instant {
    this.#instant ??= {
      wall: this.#wall,
      monotonic: this.#monotonic,
      bootId: this.#bootId,
      trust: this.#trust,
    };
    return this.#instant;
  }
  get wall(): EpochMs {
    return this.#wall;
  }
  get monotonic(): Ms {
    return this.#monotonic;
  }
  get bootId(): string {
    return this.#bootId;
  }
  get trust(): ClockTrust {
    return this.#trust;
  }
  get elapsedMs(): Ms {
    return this.#elapsedMs;
  }

  /** How far the wall clock is behind since it woke up without the time; 0 once somebody set it. */
  get lostMs(): Ms {
    return this.#lostMs;
  }

  pass(durationMs: Ms): void {
    if (durationMs === 0) return;
    this.#instant = undefined;
    this.#wall += durationMs;
    this.#monotonic += durationMs;
    this.#elapsedMs += durationMs;
  }

  /** The wall clock is set. */
  step(stepMs: Ms, trust: ClockTrust): void {
    this.#instant = undefined;
    this.#wall += stepMs;
    this.#trust = trust;
    if (stepMs !== 0) this.#lostMs = 0;
  }

  /** The machine was off for so long. Without a trusted clock it wakes up in 2020. */
  boot(offMs: Ms, trust: ClockTrust): void {
    this.#instant = undefined;
    const wall = trust === "untrusted" ? UNSET_WALL : this.#wall + offMs;
    this.#lostMs += this.#wall + offMs - wall;
    this.#wall = wall;
    this.#trust = trust;
    this.#monotonic = LATER_BOOT_MS;
    this.#bootId = `boot-${++this.#boots}`;
    this.#elapsedMs += offMs;
  }

  /** Shows what a recorded clock showed. Within a boot the monotonic clock never goes back. */
  follow({ bootId, monotonic, trust, wall }: Instant): void {
    this.#instant = undefined;
    const sameBoot = bootId === this.#bootId;
    const passedMs = sameBoot ? monotonic - this.#monotonic : wall - this.#wall;
    this.#elapsedMs += Math.max(0, passedMs);
    this.#monotonic = sameBoot ? Math.max(monotonic, this.#monotonic) : monotonic;
    this.#wall = wall;
    this.#trust = trust;
    this.#bootId = bootId;
  }
}
