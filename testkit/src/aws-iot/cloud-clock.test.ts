import { describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { CloudClock } from "./cloud-clock.ts";

describe("the cloud's clock", () => {
  test("runs with the one it is given", async () => {
    const base = new VirtualClock();
    const clock = new CloudClock(base);
    const calls: string[] = [];
    clock.after(100, () => calls.push("after"));
    clock.every(60, () => calls.push("every"));
    await base.advance(130);
    expect(calls).toEqual(["every", "after", "every"]);
  });

  test("moves on alone, in the order of what falls due", () => {
    const base = new VirtualClock();
    const clock = new CloudClock(base);
    const before = clock.now();
    const calls: number[] = [];
    clock.after(200, () => {
      calls.push(200);
      clock.after(50, () => calls.push(250));
    });
    clock.after(100, () => calls.push(100));
    const unwanted = clock.after(150, () => calls.push(150));
    unwanted[Symbol.dispose]();
    clock.skip(1_000);
    expect(calls).toEqual([100, 200, 250]);
    expect(clock.now() - before).toBe(1_000);
    expect(base.pending).toBe(0);
  });

  test("what is not due yet is due as much sooner", async () => {
    const base = new VirtualClock();
    const clock = new CloudClock(base);
    let called = false;
    clock.after(1_000, () => {
      called = true;
    });
    clock.skip(900);
    await base.advance(99);
    expect(called).toBe(false);
    await base.advance(1);
    expect(called).toBe(true);
  });

  test("a jump of the wall clock fires nothing", () => {
    const clock = new CloudClock(new VirtualClock());
    let called = false;
    clock.after(1_000, () => {
      called = true;
    });
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    clock.step(3_600_000);
    expect([clock.now() - wall, clock.monotonic() - monotonic, called]).toEqual([3_600_000, 0, false]);
  });
});
