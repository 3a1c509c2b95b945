import { VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { Strikes } from "./strikes.ts";

describe("a service over which AWS IoT hangs up", () => {
  it("rests after two times, for an hour, and then after one", async () => {
    const clock = new VirtualClock();
    const strikes = new Strikes(clock);
    expect([strikes.closedOver("jobs"), strikes.rests("jobs")]).toEqual([false, false]);
    expect([strikes.closedOver("jobs"), strikes.rests("jobs"), strikes.rests("own-shadow")]).toEqual([
      true,
      true,
      false,
    ]);
    await clock.advance(3_600_001);
    expect(strikes.rests("jobs")).toBe(false);
    expect([strikes.closedOver("jobs"), strikes.rests("jobs")]).toEqual([true, true]);
  });

  it("that has worked before is not at fault", () => {
    const strikes = new Strikes(new VirtualClock());
    strikes.closedOver("jobs");
    strikes.worked("jobs");
    for (let time = 0; time < 5; time++) expect(strikes.closedOver("jobs")).toBe(false);
    expect(strikes.rests("jobs")).toBe(false);
  });
});
