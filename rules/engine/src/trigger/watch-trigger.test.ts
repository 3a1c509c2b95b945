import type { CommandId } from "@tram/protocol";
import { expect, test } from "vitest";
import { Scenario, type ScenarioOptions } from "../../testing/scenario.ts";

const TEMPERATURE = "room/air/temperature";
const OPEN = "door/contact/open";
const MODE = "lamp/light/mode";
const PRESS = "button/press/kind";

function ruleOf(trigger: string): string {
  return `- { id: r, mode: parallel, max: 100, triggers: [{ ${trigger} }], actions: [{ notify: fired }] }`;
}

function fires(trigger: string, options: ScenarioOptions = {}): { gateway: Scenario; count: () => number } {
  const gateway = new Scenario(ruleOf(trigger), options);
  return { gateway, count: () => gateway.effects.length };
}

test.each([
  ["above: 30", [29, 30, 30.1, 31, 30, 30.1], [0, 0, 1, 1, 1, 2]],
  ["below: 10", [10, 9.9, 5, 10, 9], [0, 1, 1, 1, 2]],
  ["above: 10, below: 20", [10, 20, 15, 19, 25, 15], [0, 0, 1, 1, 1, 2]],
  ["above: 30", ["40", 40, true, 40], [0, 1, 1, 2]],
])("numeric %s over %j fires on the edges only", (range, values, expected) => {
  const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, ${range} }`);
  const seen = values.map((value) => {
    gateway.report(TEMPERATURE, value);
    return count();
  });
  expect(seen).toEqual(expected);
});

test.each([
  ["to: true", OPEN, [false, true, true, false, true], [0, 1, 1, 1, 2]],
  ["to: true", OPEN, [true], [1]],
  ["to: night, from: day", MODE, ["night", "day", "night", "off", "night"], [0, 0, 1, 1, 1]],
  ["from: day", MODE, ["day", "night", "off", "day", "off"], [0, 1, 1, 1, 2]],
  ["", MODE, ["day", "day", "night", "night", "day"], [0, 0, 1, 1, 2]],
])("state { %s } of %s over %j", (words, property, values, expected) => {
  const { count, gateway } = fires(`state: { property: ${property}${words === "" ? "" : `, ${words}`} }`);
  const seen = values.map((value) => {
    gateway.report(property, value);
    return count();
  });
  expect(seen).toEqual(expected);
});

test.each([
  ["", ["long", "long", "short"], [1, 2, 3]],
  ["to: long", ["long", "short", "long", "long"], [1, 1, 2, 3]],
  ["to: long, from: short", ["long", "short", "long", "long"], [0, 0, 1, 1]],
])("a momentary property: state { %s } over %j fires on each occurrence", (words, values, expected) => {
  const { count, gateway } = fires(`state: { property: ${PRESS}${words === "" ? "" : `, ${words}`} }`);
  const seen = values.map((value) => {
    gateway.report(PRESS, value);
    return count();
  });
  expect(seen).toEqual(expected);
});

test("stale and bad values neither fire nor count as the last value", () => {
  const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`);
  gateway.report(TEMPERATURE, 20);
  gateway.report(TEMPERATURE, 40, { quality: "bad" });
  gateway.report(TEMPERATURE, 40, { quality: "stale" });
  expect(count()).toBe(0);
  gateway.report(TEMPERATURE, 40);
  gateway.report(TEMPERATURE, 20, { quality: "stale" });
  gateway.report(TEMPERATURE, 40);
  expect(count()).toBe(1);
});

test.each(["good", "stale", "bad"] as const)(
  "a %s value known before a new rule is its base line",
  (quality) => {
    const shadow = { [TEMPERATURE]: { value: 40, quality } };
    const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`, { shadow });
    gateway.report(TEMPERATURE, 41);
    expect(count()).toBe(0);
    gateway.report(TEMPERATURE, 20);
    gateway.report(TEMPERATURE, 41);
    expect(count()).toBe(1);
  },
);

test("with nothing known the first good value that matches fires; null is nothing", () => {
  const shadow = { [TEMPERATURE]: { value: null, quality: "stale" as const } };
  const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`, { shadow });
  gateway.report(TEMPERATURE, 40);
  expect(count()).toBe(1);
});

test.each([
  [40, 0, "still true"],
  [20, 0, "false now"],
])("after a restart the first good value is compared with the truth that was kept (%j)", (first, after) => {
  const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`);
  gateway.report(TEMPERATURE, 40);
  gateway.effects.length = 0;
  gateway.powerCut(3_600_000);
  gateway.report(TEMPERATURE, first);
  expect(count()).toBe(after);
});

test("what rose while the gateway was off fires on the first good value", () => {
  const { count, gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`);
  gateway.report(TEMPERATURE, 20);
  gateway.powerCut(3_600_000);
  expect(count()).toBe(0);
  gateway.report(TEMPERATURE, 40);
  expect(count()).toBe(1);
});

test("any change is compared with the last good value across a restart", () => {
  const { count, gateway } = fires(`state: { property: ${MODE} }`);
  gateway.report(MODE, "day");
  gateway.powerCut(1_000);
  gateway.report(MODE, "day");
  expect(count()).toBe(0);
  gateway.powerCut(1_000);
  gateway.report(MODE, "night");
  expect(count()).toBe(1);
});

const FOR = `numeric: { property: ${TEMPERATURE}, above: 30 }, for: 2s`;

test("for: fires when the value held that long, once", () => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.advance(1_999);
  expect(count()).toBe(0);
  gateway.report(TEMPERATURE, 41);
  gateway.advance(1);
  expect(count()).toBe(1);
  gateway.advance(60_000);
  gateway.report(TEMPERATURE, 42);
  expect(count()).toBe(1);
  expect(gateway.diary()).toEqual([
    "triggers[0] waiting",
    "triggers[0] fired",
    "triggers[0] action",
    "triggers[0] finished",
  ]);
});

test("for: a good value that does not match cancels it, and the next edge begins anew", () => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.advance(1_500);
  gateway.report(TEMPERATURE, 20);
  gateway.advance(1_000);
  gateway.report(TEMPERATURE, 40);
  gateway.advance(1_999);
  expect(count()).toBe(0);
  gateway.advance(1);
  expect(count()).toBe(1);
  expect(gateway.diary().slice(0, 3)).toEqual([
    "triggers[0] waiting",
    "triggers[0] cancelled",
    "triggers[0] waiting",
  ]);
});

test("for: what is not a number cancels it, and the diary says so", () => {
  const { gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.report(TEMPERATURE, "hot");
  expect(gateway.traces.at(-1)?.trace).toMatchObject({
    outcome: "cancelled",
    seen: "hot",
    detail: '"hot" is not a number',
  });
});

test("for: unavailability on the way neither resets it nor stops it", () => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.advance(1_000);
  gateway.quality(TEMPERATURE, "stale");
  gateway.advance(500);
  gateway.quality(TEMPERATURE, "good");
  gateway.advance(500);
  expect(count()).toBe(1);
});

test.each([
  [40, 1],
  [20, 0],
])("for: over while the value is not good, it is held until the next good one (%d)", (value, expected) => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.quality(TEMPERATURE, "stale");
  gateway.advance(10_000);
  gateway.report(TEMPERATURE, 40, { quality: "bad" });
  expect(count()).toBe(0);
  gateway.report(TEMPERATURE, value);
  expect(count()).toBe(expected);
  expect(gateway.diary().slice(0, 3)).toEqual([
    "triggers[0] waiting",
    "triggers[0] held",
    expected === 1 ? "triggers[0] fired" : "triggers[0] cancelled",
  ]);
});

test("for: a restart in the same boot loses no time", () => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.sleep(1_500);
  gateway.restart();
  gateway.advance(499);
  expect(count()).toBe(0);
  gateway.advance(1);
  expect(count()).toBe(1);
});

const FOR_HOUR = `numeric: { property: ${TEMPERATURE}, above: 30 }, for: 1h`;

test("for: a power cut counts when both clocks were trusted, and it fires on the first good value", () => {
  const { count, gateway } = fires(FOR_HOUR);
  gateway.report(TEMPERATURE, 40);
  gateway.powerCut(3_600_000);
  expect(count()).toBe(0);
  gateway.report(TEMPERATURE, 40);
  expect(count()).toBe(1);
});

test("for: with an untrusted clock only the time since the boot counts, until the clock is set", () => {
  const { count, gateway } = fires(FOR_HOUR);
  gateway.report(TEMPERATURE, 40);
  const cut = gateway.now.wall;
  gateway.powerCut(3_600_000, { trust: "untrusted" });
  gateway.report(TEMPERATURE, 40);
  gateway.advance(60_000);
  expect(count()).toBe(0);
  gateway.clock(cut + 3_700_000 - gateway.now.wall, "synced");
  expect(count()).toBe(1);
});

test("for: once held it stays over, even if the next boot does not know how long it was", () => {
  const { count, gateway } = fires(FOR_HOUR);
  gateway.report(TEMPERATURE, 40);
  gateway.quality(TEMPERATURE, "stale");
  gateway.advance(3_600_000);
  gateway.powerCut(60_000, { trust: "untrusted" });
  gateway.report(TEMPERATURE, 40);
  expect(count()).toBe(1);
});

test("for: a step of the wall clock does not change a duration", () => {
  const { count, gateway } = fires(FOR);
  gateway.report(TEMPERATURE, 40);
  gateway.advance(1_000);
  gateway.clock(86_400_000);
  gateway.clock(-172_800_000);
  gateway.advance(999);
  expect(count()).toBe(0);
  gateway.advance(1);
  expect(count()).toBe(1);
});

test("for 0s is at once", () => {
  const { count, gateway } = fires(`state: { property: ${OPEN}, to: true }, for: 0s`);
  gateway.report(OPEN, true);
  expect(count()).toBe(1);
});

test("for on any change: another change begins anew", () => {
  const { count, gateway } = fires(`state: { property: ${MODE} }, for: 2s`);
  gateway.report(MODE, "day");
  gateway.report(MODE, "night");
  gateway.advance(1_500);
  gateway.report(MODE, "night");
  gateway.report(MODE, "off");
  gateway.advance(1_999);
  expect(count()).toBe(0);
  gateway.advance(1);
  expect(count()).toBe(1);
});

test("for on a momentary property counts from the first occurrence", () => {
  const { count, gateway } = fires(`state: { property: ${PRESS}, to: long }, for: 2s`);
  gateway.report(PRESS, "long");
  gateway.advance(1_000);
  gateway.report(PRESS, "long");
  gateway.advance(1_000);
  expect(count()).toBe(1);
});

test("the cause of the reading that made it true goes with the effects, also after a for", () => {
  const cause = { commandId: "c1" as CommandId, depth: 2 };
  const rules = (wait: string) =>
    `- { id: r, triggers: [{ state: { property: ${OPEN}, to: true }${wait} }], actions: [{ set: lamp/light/on, value: true }] }`;
  for (const wait of ["", ", for: 2s"]) {
    const gateway = new Scenario(rules(wait));
    gateway.report(OPEN, true, { cause });
    gateway.report(OPEN, true, { cause: { commandId: "c2" as CommandId, depth: 9 } });
    gateway.restart();
    gateway.advance(2_000);
    expect(gateway.raw).toMatchObject([{ kind: "set", value: true, cause }]);
  }
});

test("plain readings leave no trace and change no state", () => {
  const { gateway } = fires(`numeric: { property: ${TEMPERATURE}, above: 30 }`);
  gateway.diary();
  const results = [20, 21, 22].map((value) => gateway.report(TEMPERATURE, value));
  expect(results.map(({ changed }) => changed.size)).toEqual([0, 0, 0]);
  expect(gateway.diary()).toEqual([]);
});
