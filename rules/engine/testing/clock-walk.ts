import type { ClockTrust, Instant, Ms } from "@tram/protocol";
import { wallDueAt } from "../src/due.ts";
import type { Schedule } from "../src/schedule/schedule.ts";
import { type ClockPolicy, lookAtClock, type Verdict } from "../src/trigger/plan.ts";
import type { TimeState } from "../src/trigger/time-state.ts";

export interface Told extends Verdict {
  /** What the wall showed. */
  readonly wall: number;
}

/** One schedule beside a clock that does what it likes. */
export class ClockWalk {
  readonly schedule: Schedule;
  readonly policy: ClockPolicy;
  now: Instant;
  readonly told: Told[] = [];
  /** As it is kept: JSON. */
  saved: string | undefined;
  #boots = 1;

  constructor(schedule: Schedule, policy: Partial<ClockPolicy>, wall: number, trust: ClockTrust = "synced") {
    this.schedule = schedule;
    this.policy = { onMissed: "skip", whenUntrusted: "hold", ...policy };
    this.now = { wall, monotonic: 100_000, bootId: "boot-1", trust };
    this.look(true);
  }

  get state(): TimeState | undefined {
    return this.saved === undefined ? undefined : (JSON.parse(this.saved) as TimeState);
  }

  /** The walls at which it fired. */
  get fired(): number[] {
    return this.told.filter(({ outcome }) => outcome === "fire").map(({ wall }) => wall);
  }

  /** Looks once, and once more, which must change nothing. */
  look(replan: boolean): Verdict | undefined {
    const { now, policy, schedule } = this;
    const before = this.state;
    const { state, verdict } = lookAtClock(before, { ...policy, schedule, now, replan });
    if (verdict !== undefined) this.told.push({ ...verdict, wall: now.wall });
    this.saved = JSON.stringify(state);
    const again = lookAtClock(state, { ...policy, schedule, now, replan: true });
    if (again.verdict !== undefined || again.state !== state) {
      throw new Error(`a second look at ${now.wall}: ${JSON.stringify(again)} after ${this.saved}`);
    }
    return verdict;
  }

  /** Time passes; it is looked at when it asked for. */
  pass(durationMs: Ms): void {
    const end = this.now.monotonic + durationMs;
    for (;;) {
      const { held, planned } = this.state ?? {};
      const wake = planned === undefined || held === true ? undefined : wallDueAt(planned, this.now);
      if (wake === undefined || wake > end) break;
      this.sleep(wake - this.now.monotonic);
      this.look(false);
    }
    this.sleep(end - this.now.monotonic);
  }

  sleep(durationMs: Ms): void {
    this.now = { ...this.now, wall: this.now.wall + durationMs, monotonic: this.now.monotonic + durationMs };
  }

  /** The clock is set. */
  step(stepMs: Ms, trust: ClockTrust = this.now.trust): Verdict | undefined {
    this.now = { ...this.now, wall: this.now.wall + stepMs, trust };
    return this.look(true);
  }

  set(wall: number, trust: ClockTrust = "synced"): Verdict | undefined {
    return this.step(wall - this.now.wall, trust);
  }

  /** The gateway comes back after a while, with the clock as it is then. */
  powerCut(offMs: Ms, trust: ClockTrust = "synced", wall = this.now.wall + offMs): Verdict | undefined {
    this.now = { wall, monotonic: 20_000, bootId: `boot-${++this.#boots}`, trust };
    return this.look(true);
  }
}
