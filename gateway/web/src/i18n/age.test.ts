import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAgeFormat, splitAge } from "./age.ts";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe("splitAge", () => {
  it.each([
    [0, 0, "second"],
    [59 * S + 999, 59, "second"],
    [M, 1, "minute"],
    [H - 1, 59, "minute"],
    [H, 1, "hour"],
    [D - 1, 23, "hour"],
    [D, 1, "day"],
    [400 * D, 400, "day"],
    [-5 * M, 0, "second"],
  ])("%d ms", (ageMs, count, unit) => {
    expect(splitAge(ageMs)).toEqual({ count, unit });
  });

  it("never overstates an age, and is off by less than one unit", () => {
    const size = { second: S, minute: M, hour: H, day: D };
    fc.assert(
      fc.property(fc.nat({ max: 1_000 * D }), (ageMs) => {
        const { count, unit } = splitAge(ageMs);
        expect(count * size[unit]).toBeLessThanOrEqual(ageMs);
        expect((count + 1) * size[unit]).toBeGreaterThan(ageMs);
      }),
    );
  });
});

describe("createAgeFormat", () => {
  const en = createAgeFormat("en", "just now");
  const vi = createAgeFormat("vi", "vừa xong");

  it("writes ages", () => {
    const shown = [1_999, 12 * S, 5 * M, 3 * H, 2 * D].map(en.ago);
    // How a unit is cut short belongs to the browser's language data, and changes with it.
    expect(shown.map((text) => text.replace(/(\d+) ?([smhd]).* ago$/, "$1 $2 ago"))).toEqual([
      "just now",
      "12 s ago",
      "5 m ago",
      "3 h ago",
      "2 d ago",
    ]);
    expect([0, 12 * S, 5 * M, 3 * H].map(vi.ago)).toEqual([
      "vừa xong",
      "12 giây trước",
      "5 phút trước",
      "3 giờ trước",
    ]);
  });

  it("calls the future and the unknown just now", () => {
    expect([-H, Number.NaN].map(en.ago)).toEqual(["just now", "just now"]);
  });

  it("writes durations", () => {
    expect([en.duration(12 * M), en.duration(D), vi.duration(12 * M)]).toEqual([
      "12 min",
      "1 day",
      "12 phút",
    ]);
  });
});
