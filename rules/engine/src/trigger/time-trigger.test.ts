import { expect, test } from "vitest";
import { MORNING, Scenario, type ScenarioOptions } from "../../testing/scenario.ts";

const RULES = `- { id: r, triggers: [{ id: wake, time: "07:00" }], actions: [{ notify: "rise" }] }`;
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function gatewayAt(options: ScenarioOptions = {}): { gateway: Scenario; count: () => number } {
  const gateway = new Scenario(RULES, options);
  return { gateway, count: () => gateway.effects.length };
}

test("fires each day when the wall clock reaches it", () => {
  const { count, gateway } = gatewayAt();
  gateway.advance(HOUR - 1);
  expect(count()).toBe(0);
  gateway.advance(1);
  expect(count()).toBe(1);
  gateway.advance(10 * DAY);
  expect(count()).toBe(11);
});

test("a new rule does not fire for a time that has passed today", () => {
  const { count, gateway } = gatewayAt({ wall: MORNING + HOUR });
  gateway.advance(DAY - 1);
  expect(count()).toBe(0);
});

test.each([
  [59, 1],
  [60, 1],
  [61, 0],
])("a forward step to %d s after it", (late, expected) => {
  const { count, gateway } = gatewayAt();
  gateway.clock(HOUR + late * SECOND);
  expect(count()).toBe(expected);
  gateway.advance(12 * HOUR);
  expect(count()).toBe(expected);
  gateway.advance(DAY);
  expect(count()).toBe(expected + 1);
  if (expected === 0) expect(gateway.diary()).toContain("wake cancelled");
});

test("a forward step over many days misses them at once, and does not fire for each", () => {
  const { count, gateway } = gatewayAt();
  gateway.clock(30 * DAY);
  expect(count()).toBe(0);
  expect(gateway.diary()).toEqual(["wake cancelled"]);
  gateway.advance(HOUR);
  expect(count()).toBe(1);
});

test("a backward step does not fire the same date twice", () => {
  const { count, gateway } = gatewayAt();
  gateway.advance(HOUR + SECOND);
  expect(count()).toBe(1);
  gateway.clock(-10 * MINUTE);
  gateway.advance(20 * MINUTE);
  expect(count()).toBe(1);
  gateway.clock(-10 * MINUTE);
  gateway.restart();
  gateway.advance(20 * MINUTE);
  expect(count()).toBe(1);
  gateway.advance(DAY);
  expect(count()).toBe(2);
});

test("a backward step over midnight fires neither date twice", () => {
  const rules = `- { id: r, triggers: [{ time: "23:55" }, { time: "00:05" }], actions: [{ notify: x }] }`;
  const gateway = new Scenario(rules, { wall: Date.UTC(2026, 5, 1, 23, 50) });
  gateway.advance(20 * MINUTE);
  expect(gateway.effects).toHaveLength(2);
  gateway.clock(-20 * MINUTE);
  gateway.advance(20 * MINUTE);
  expect(gateway.effects).toHaveLength(2);
  gateway.advance(DAY);
  expect(gateway.effects).toHaveLength(4);
});

test("a step back to before a time that was not reached yet plans it again", () => {
  const { count, gateway } = gatewayAt();
  gateway.advance(30 * MINUTE);
  gateway.clock(-20 * MINUTE);
  gateway.advance(30 * MINUTE);
  expect(count()).toBe(0);
  gateway.advance(20 * MINUTE);
  expect(count()).toBe(1);
});

test("a clock that was years ahead does not block the true dates", () => {
  const { count, gateway } = gatewayAt({ wall: MORNING + 365 * DAY });
  gateway.advance(2 * HOUR);
  gateway.clock(-365 * DAY - 2 * HOUR);
  gateway.advance(HOUR);
  expect(count()).toBe(2);
});

test.each([
  [30 * SECOND, 1, "within a minute of it"],
  [30 * MINUTE, 0, "missed"],
])("power back %d ms after it: %d (%s)", (late, expected) => {
  const { count, gateway } = gatewayAt();
  gateway.powerCut(HOUR + late);
  gateway.advance(MINUTE);
  expect(count()).toBe(expected);
});

test("an untrusted clock fires nothing, whatever it says", () => {
  const { count, gateway } = gatewayAt();
  gateway.powerCut(MINUTE, { trust: "untrusted" });
  expect(gateway.diary()).toEqual(["wake held"]);
  gateway.advance(3 * DAY);
  expect(count()).toBe(0);
  expect(gateway.diary()).toEqual([]);
});

test.each([
  [-10 * MINUTE, 0, 1],
  [30 * SECOND, 1, 1],
  [30 * MINUTE, 0, 0],
])("when trust returns %d ms from the planned time, it is judged by the right time", (from, at, later) => {
  const { count, gateway } = gatewayAt();
  gateway.powerCut(MINUTE, { trust: "untrusted" });
  gateway.advance(5 * MINUTE);
  gateway.clock(MORNING + HOUR + from - gateway.now.wall, "synced");
  expect(count()).toBe(at);
  gateway.advance(HOUR);
  expect(count()).toBe(later);
});

test("a rule born under an untrusted clock is planned when the clock is set", () => {
  const { count, gateway } = gatewayAt({ trust: "untrusted", wall: 0 });
  gateway.advance(2 * DAY);
  expect(count()).toBe(0);
  gateway.clock(MORNING - gateway.now.wall, "holdover");
  gateway.advance(HOUR);
  expect(count()).toBe(1);
});

test("the gateway's time zone counts", () => {
  const { count, gateway } = gatewayAt({ timezone: "Asia/Ho_Chi_Minh", wall: Date.UTC(2026, 4, 31, 23, 59) });
  gateway.advance(MINUTE);
  expect(count()).toBe(1);
});

test.each([
  [Date.UTC(2026, 2, 28, 12), Date.UTC(2026, 2, 29, 1), "in the spring gap: the first instant after it"],
  [Date.UTC(2026, 9, 24, 12), Date.UTC(2026, 9, 25, 0, 30), "in the autumn overlap: the first"],
])("02:30 in Berlin from %d fires once at %d (%s)", (wall, expected) => {
  const rules = `- { id: r, triggers: [{ time: "02:30" }], actions: [{ notify: x }] }`;
  const gateway = new Scenario(rules, { wall, timezone: "Europe/Berlin" });
  gateway.advance(expected - wall - 1);
  expect(gateway.effects).toHaveLength(0);
  gateway.advance(1);
  expect(gateway.effects).toHaveLength(1);
  gateway.advance(12 * HOUR);
  expect(gateway.effects).toHaveLength(1);
});

test("an early or needless wake-up asks again", () => {
  const { count, gateway } = gatewayAt();
  gateway.sleep(HOUR - 5);
  const { nextWakeup } = gateway.send({ kind: "wakeup" });
  expect(nextWakeup).toBe(gateway.now.monotonic + 5);
  expect(count()).toBe(0);
});

test("a wall clock that runs slower than time is waited for", () => {
  const { count, gateway } = gatewayAt();
  gateway.now = { ...gateway.now, wall: gateway.now.wall - 400 };
  gateway.advance(HOUR);
  expect(count()).toBe(0);
  gateway.advance(400);
  expect(count()).toBe(1);
});
