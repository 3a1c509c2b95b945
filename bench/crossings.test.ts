import { describe, expect, test } from "vitest";
import { Crossings } from "./crossings.ts";

describe("a command belongs to the oldest crossing of its actuator with its value", () => {
  test("in order, and each actuator for itself", () => {
    const crossings = new Crossings();
    crossings.sent("a", true, 1);
    crossings.sent("b", true, 2);
    crossings.sent("a", false, 3);
    expect(crossings.received("b", true)).toBe(2);
    expect(crossings.received("a", true)).toBe(1);
    expect(crossings.received("a", false)).toBe(3);
    expect([crossings.missed, crossings.unexpected]).toEqual([0, 0]);
  });

  test("one that was passed over is missed, and one that never came too", () => {
    const crossings = new Crossings();
    crossings.sent("a", true, 1);
    crossings.sent("a", false, 2);
    crossings.sent("a", true, 3);
    expect(crossings.received("a", false)).toBe(2);
    expect(crossings.missed).toBe(2);
  });

  test("a command that nobody caused is counted, and hides nothing", () => {
    const crossings = new Crossings();
    crossings.sent("a", true, 1);
    expect(crossings.received("a", false)).toBeUndefined();
    expect([crossings.missed, crossings.unexpected]).toEqual([1, 1]);
  });
});
