import type { PropertyKey, ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { DialectHouse } from "./testing/dialect-house.ts";

const COUNT = 100;

/** A device of sensors that all read one topic. */
async function houseOf(template: string): Promise<DialectHouse> {
  const house = new DialectHouse();
  await house.start();
  const components = Object.fromEntries(
    Array.from({ length: COUNT }, (_, index) => [
      `c${index}`,
      { platform: "sensor", unique_id: `u${index}`, state_topic: "many/state", value_template: template },
    ]),
  );
  await house.hear("homeassistant/device/many/config", {
    device: { identifiers: ["many"], name: "Many" },
    components,
  });
  return house;
}

function good(house: DialectHouse): number {
  return house.keys("many").filter((key) => house.value("many", key)?.endsWith(" good")).length;
}

function lastProblem(house: DialectHouse): string | undefined {
  const last = house.keys("many").at(-1);
  return house.registry.read("many" as ThingId, last as PropertyKey)?.problem;
}

test("one message has templates do a bounded amount of work, however many read it", async () => {
  const house = await houseOf(
    "{% if value == 'all' %}{% for i in range(999) %}{% set x = i + 1 %}{% endfor %}{% endif %}{{ value }}",
  );
  await house.hear("many/state", "one");
  expect(good(house)).toBe(COUNT);
  await house.hear("many/state", "all");
  expect(good(house)).toBeGreaterThan(0);
  expect(good(house)).toBeLessThan(COUNT / 2);
  expect(lastProblem(house)).toContain("too many templates read the message");
  await house.hear("many/state", "one");
  expect(good(house)).toBe(COUNT);
});

test("a payload that is too large for a template is told on the Thing", async () => {
  const house = await houseOf("{{ value_json.p }}");
  await house.hear("many/state", JSON.stringify({ p: "x", junk: "y".repeat(200_000) }));
  expect(good(house)).toBe(COUNT);
  await house.hear("many/state", JSON.stringify({ p: "x", junk: "y".repeat(300_000) }));
  expect(good(house)).toBe(0);
  expect(lastProblem(house)).toContain("expected at most 262144 characters for a template, found more");
});

test("JSON that nests without end hurts nobody", async () => {
  const house = await houseOf("{{ value_json.p | to_json }}");
  await house.hear("many/state", `{"p":${"[".repeat(20_000)}${"]".repeat(20_000)}}`);
  expect(good(house)).toBe(0);
  await house.hear("many/state", '{"p":[1]}');
  expect(good(house)).toBe(COUNT);
});
