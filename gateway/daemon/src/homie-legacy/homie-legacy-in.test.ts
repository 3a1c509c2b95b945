import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DialectHouse } from "../foreign/testing/dialect-house.ts";

/** After the example of https://homieiot.github.io/specification/spec-core-v4_0_0/#topology. */
const CAR: readonly (readonly [path: string, text: string])[] = [
  ["$homie", "4.0.0"],
  ["$name", "Super car"],
  ["$nodes", "wheels,engine,cabin"],
  ["$implementation", "esp8266"],
  ["$extensions", ""],
  ["wheels/$name", "Wheels"],
  ["wheels/$type", "Rotary"],
  ["wheels/$properties", "pressure"],
  ["wheels/pressure/$name", "Tyre pressure"],
  ["wheels/pressure/$datatype", "float"],
  ["wheels/pressure/$unit", "bar"],
  ["engine/$name", "Car engine"],
  ["engine/$type", "V8"],
  ["engine/$properties", "speed,direction,honk"],
  ["engine/speed/$name", "Speed"],
  ["engine/speed/$datatype", "integer"],
  ["engine/speed/$format", "0:300"],
  ["engine/speed/$settable", "true"],
  ["engine/speed/$unit", "km/h"],
  ["engine/direction/$name", "Direction"],
  ["engine/direction/$datatype", "enum"],
  ["engine/direction/$format", "forward,backward"],
  ["engine/honk/$name", "Horn"],
  ["engine/honk/$datatype", "boolean"],
  ["engine/honk/$retained", "false"],
  ["cabin/$name", "Cabin"],
  ["cabin/$properties", "temperature,light"],
  ["cabin/temperature/$datatype", "float"],
  ["cabin/temperature/$unit", "°C"],
  ["cabin/light/$datatype", "color"],
  ["cabin/light/$format", "hsv"],
  ["$state", "ready"],
];
const KEYS = [
  "wheels/pressure",
  "engine/speed",
  "engine/direction",
  "engine/honk",
  "air/temperature",
  "cabin/light",
];

async function say(
  house: DialectHouse,
  said: readonly (readonly [path: string, text: string])[],
  as = "car",
) {
  for (const [path, text] of said) await house.hear(`homie/super-car/${path}`, text, { as, retain: true });
}

test("a device that has said all of itself is a Thing that is read", async () => {
  const house = new DialectHouse();
  await say(house, CAR.slice(0, -1));
  expect(house.things).toEqual([]);
  await say(house, CAR.slice(-1));
  expect(house.thing("super-car")).toMatchObject({
    title: "Super car",
    nodes: { engine: { title: "Car engine" } },
  });
  expect(house.keys("super-car")).toEqual(KEYS);
  expect(house.thing("super-car")?.properties["engine/speed"]).toEqual({
    title: "Speed",
    type: "integer",
    unit: "km/h",
    minimum: 0,
    maximum: 300,
    readOnly: true,
    observable: true,
  });
  expect(house.availability("super-car")).toBe("ready");
  await say(house, [
    ["engine/speed", "120"],
    ["cabin/light", "300,50,75"],
    ["engine/direction", "backward"],
    ["cabin/temperature", "21.5"],
  ]);
  expect(
    ["engine/speed", "cabin/light", "engine/direction", "air/temperature"].map((key) =>
      house.value("super-car", key),
    ),
  ).toEqual(["120 good", "hsv,300,50,75 good", "backward good", "21.5 good"]);
  await say(house, [
    ["engine/speed", "301"],
    ["engine/direction", "up"],
    ["cabin/light", "red"],
    ["cabin/temperature", "NaN"],
  ]);
  expect(house.value("super-car", "engine/speed")).toBe("120 bad");
  expect(house.value("super-car", "engine/direction")).toBe("backward bad");
  expect(house.value("super-car", "cabin/light")).toBe("hsv,300,50,75 bad");
  expect(house.value("super-car", "air/temperature")).toBe("21.5 bad");
  expect(house.command("super-car", "engine/speed", 10)).toMatch(/^refused/);
  await say(house, [["$state", "lost"]]);
  expect(house.availability("super-car")).toBe("lost");
  await say(house, [["$homie", ""]]);
  expect(house.things).toEqual([]);
});

test("whatever order it comes in, it is the same Thing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...CAR], { minLength: CAR.length }), async (shuffled) => {
      const house = new DialectHouse();
      await say(house, shuffled);
      expect(new Set(house.keys("super-car"))).toEqual(new Set(KEYS));
    }),
    { numRuns: 40 },
  );
});

test("what it had said when it was not known yet is its state", async () => {
  const house = new DialectHouse();
  await say(house, [
    ["engine/speed", "88"],
    ["engine/honk", "true"],
  ]);
  await say(house, CAR);
  expect(house.value("super-car", "engine/speed")).toBe("88 good");
  // It honked once, some time ago.
  expect(house.value("super-car", "engine/honk")).toBeUndefined();
  await say(house, [["engine/honk", "true"]]);
  expect(house.value("super-car", "engine/honk")).toBe("true good");
});

test("when it describes itself anew the change counts once it is ready, and what it had said is no news", async () => {
  const house = new DialectHouse();
  await say(house, CAR);
  await say(house, [
    ["$state", "init"],
    ["$nodes", "wheels,roof"],
    ["roof/$properties", "open"],
  ]);
  expect(house.keys("super-car")).toEqual(KEYS);
  await say(house, [["roof/open/$datatype", "boolean"]]);
  expect(house.keys("super-car")).toEqual(KEYS);
  await say(house, [["$state", "ready"]]);
  expect(house.keys("super-car")).toEqual(["wheels/pressure", "roof/open"]);
});

test("it is there after a restart, and goes with what it said", async () => {
  const house = new DialectHouse();
  await say(house, CAR);
  const later = new DialectHouse(house.store);
  later.retained.set("homie/super-car/$state", "ready");
  await later.start();
  expect(later.keys("super-car")).toEqual(KEYS);
  await say(later, [["$state", "init"], ...CAR]);
  expect(later.keys("super-car")).toEqual(KEYS);
  await later.hear("homie/super-car/engine/speed", "12", { as: "car" });
  expect(later.value("super-car", "engine/speed")).toBe("12 good");
  await later.hear("homie/super-car/$homie", "", { as: "thief" });
  expect(later.things).toEqual(["super-car"]);
});

test("Homie 3: what has no datatype is a text, and arrays are told to be missing", async () => {
  const house = new DialectHouse();
  await say(house, [
    ["$homie", "3.0.1"],
    ["$nodes", "door,lamps[]"],
    ["door/$properties", "state"],
    ["$state", "ready"],
  ]);
  expect(house.thing("super-car")?.properties["door/state"]).toMatchObject({ type: "string" });
  expect(house.problem("super-car")).toBe("$nodes: arrays are not supported");
});

describe("what is wrong", () => {
  test.each([
    ["5.0", [["$homie", "5.0"]]],
    ["ids that are none", [["$nodes", "__proto__,A B"]]],
    ["a node without properties", [["engine/$properties", "a/b"]]],
  ] as const)("%s makes no Thing", async (_, said) => {
    const house = new DialectHouse();
    const paths = new Set<string>(said.map(([path]) => path));
    await say(house, [
      ...CAR.filter(([path]) => !paths.has(path)).slice(0, -1),
      ...said,
      ["$state", "ready"],
    ]);
    expect(house.things).toEqual([]);
    expect(house.lines.filter((line) => line.includes("refused"))).toHaveLength(1);
  });

  test("what is too much is told, and the rest of the house goes on", async () => {
    const house = new DialectHouse();
    await say(house, CAR);
    await house.hear("homie/super-car/$name", "x".repeat(3_000), { as: "car" });
    expect(house.problem("super-car")).toBe("$name: expected at most 2048 characters");
    await house.hear("homie/super-car/$name", "Fast car", { as: "car" });
    expect(house.problem("super-car")).toBeUndefined();
    for (let index = 0; index < 200; index++) {
      await house.hear(`homie/flood-${index}/$homie`, "4.0.0", { as: "flood" });
      await house.hear(`homie/one/n${index}/$properties`, "p".repeat(2_000), { as: "flood" });
    }
    await say(house, [["engine/speed", "7"]]);
    expect(house.value("super-car", "engine/speed")).toBe("7 good");
    expect(house.things).toEqual(["super-car"]);
  });

  test("Homie 5 is none of its business", async () => {
    const house = new DialectHouse();
    for (const [path, text] of CAR) await house.hear(`homie/5/${path}`, text);
    expect(house.things).toEqual([]);
  });
});
