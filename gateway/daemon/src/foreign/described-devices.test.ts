import type { Json, JsonObject } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { config, LIGHT_STATE, MAC, SENSORS } from "../tasmota/fixtures/messages.ts";
import { DEVICES_PER_OWNER } from "./described-devices.ts";
import { DialectHouse } from "./testing/dialect-house.ts";

const CONFIG = `tasmota/discovery/${MAC}/config`;

function named(dn: string, mac = MAC): JsonObject {
  return config({ dn, mac, t: dn.toLowerCase() });
}

function macOf(index: number): string {
  return index.toString(16).toUpperCase().padStart(12, "0");
}

describe("how fast and how much", () => {
  test("a device that describes itself a thousand times a second is heard a few times, and its last word counts", async () => {
    const house = new DialectHouse();
    await house.hear(`tasmota/discovery/${macOf(1)}/config`, named("Quiet", macOf(1)), { as: "quiet" });
    const before = house.store.commits.length;
    for (let count = 0; count < 1_000; count++)
      await house.hear(CONFIG, named(`Loud${count % 7}`), { as: "loud" });
    const told = house.store.commits.slice(before).filter(({ operations }) => operations.length > 0).length;
    expect(told).toBeLessThanOrEqual(80);
    await house.hear(CONFIG, named("Last"), { as: "loud" });
    // Others are not delayed by it.
    await house.hear(`tasmota/discovery/${macOf(2)}/config`, named("Other", macOf(2)), { as: "quiet" });
    expect(house.thing("other")?.title).toBe("Other");
    await house.clock.advance(5_000);
    expect([...house.registry.records()].map(({ thing }) => thing.title).sort()).toEqual([
      "Last",
      "Other",
      "Quiet",
    ]);
  });

  test("what it was told late is gone when it takes that back, or is no more", async () => {
    const house = new DialectHouse();
    for (let count = 0; count < 65; count++) await house.hear(CONFIG, named(`Name${count}`));
    expect(house.thing("name0")?.title).toBe("Name63");
    await house.hear(CONFIG, named("Name63"));
    await house.clock.advance(5_000);
    expect(house.thing("name0")?.title).toBe("Name63");
    for (let count = 0; count < 30; count++) await house.hear(CONFIG, named(`Again${count}`));
    await house.hear(CONFIG, "");
    await house.clock.advance(60_000);
    expect(house.things).toEqual([]);
  });

  test("an account has its number of devices, and no other one's", async () => {
    const house = new DialectHouse();
    for (let index = 0; index < DEVICES_PER_OWNER + 20; index++) {
      await house.hear(`tasmota/discovery/${macOf(index)}/config`, named(`D${index}`, macOf(index)), {
        as: "many",
      });
      if (index % 50 === 49) await house.clock.advance(15_000);
    }
    await house.clock.advance(300_000);
    expect(house.things).toHaveLength(DEVICES_PER_OWNER);
    await house.hear(CONFIG, named("Mine"), { as: "other" });
    expect(house.things).toContain("mine");
  });
});

test("whoever says ever other wrong things is told of a few times only", async () => {
  const house = new DialectHouse();
  await house.hear(CONFIG, named("Kettle"));
  let problems = 0;
  let last: string | undefined;
  for (let count = 0; count < 1_000; count++) {
    await house.hear(CONFIG, config({ ver: count + 2 }));
    if (house.problem("kettle") !== last) problems++;
    last = house.problem("kettle");
    await house.hear("shellies/announce", `{"id":${count}}`);
    await house.hear(`shellies/x${count}/announce`, "{}");
  }
  expect(problems).toBeGreaterThan(1);
  expect(problems).toBeLessThan(70);
  expect(house.lines.filter((line) => line.includes("refused")).length).toBeLessThan(70);
});

test("a topic that thousands of properties would be read from is read for some of them", async () => {
  const house = new DialectHouse();
  const sn = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`D${index}`, { Temperature: 1 }]));
  for (let index = 0; index < 20; index++) {
    await house.hear(
      `tasmota/discovery/${macOf(index)}/config`,
      config({ dn: `D${index}`, mac: macOf(index) }),
    );
    await house.hear(`tasmota/discovery/${macOf(index)}/sensors`, { sn });
  }
  expect(house.problem("d0")).toBeUndefined();
  expect(house.problem("d19")).toBe("tele/kettle/SENSOR: too much is read there");
  await house.hear("tele/kettle/SENSOR", sn);
  expect(house.value("d0", "air/temperature")).toBe("1 good");
  expect(house.value("d19", "air/temperature")).toBeUndefined();
  // There is room again when others go.
  await house.hear(`tasmota/discovery/${macOf(0)}/config`, "");
  await house.hear(`tasmota/discovery/${macOf(19)}/config`, config({ dn: "Last", mac: macOf(19) }));
  await house.hear("tele/kettle/SENSOR", sn);
  expect(house.value("d19", "air/temperature")).toBe("1 good");
});

test("a Thing that was forgotten stays so until its device describes itself again", async () => {
  const house = new DialectHouse();
  await house.hear(CONFIG, named("Kettle"));
  await house.hear(`tasmota/discovery/${macOf(1)}/config`, named("Lamp", macOf(1)));
  await house.forget("kettle");
  expect(house.things).toEqual(["lamp"]);
  await house.hear("stat/kettle/POWER", "ON");
  expect(house.command("kettle", "switch/on", true)).toMatch(/^refused/);
  const later = new DialectHouse(house.store);
  await later.start();
  expect(later.things).toEqual(["lamp"]);
  for (const each of [house, later]) {
    await each.hear(CONFIG, named("Kettle"));
    expect(each.things).toEqual(["kettle", "lamp"]);
    await each.hear("stat/kettle/POWER", "ON");
    expect(each.value("kettle", "switch/on")).toBe("true good");
  }
});

test("where Home Assistant's discovery is switched off its devices go, and come again when it is on", async () => {
  const on = new DialectHouse();
  const discovery = "homeassistant/switch/bulb/config";
  const bulb = { name: "Bulb", cmd_t: "bulb/set", stat_t: "bulb", dev: { ids: ["b"], name: "Bulb" } };
  await on.hear(discovery, bulb, { retain: true });
  await on.hear(CONFIG, named("Kettle"), { retain: true });
  expect(on.things).toEqual(["bulb", "kettle"]);
  const off = new DialectHouse(on.store, { hearsHass: false });
  off.retained.set(discovery, JSON.stringify(bulb));
  await off.start();
  await off.hear(discovery, bulb);
  expect(off.things).toEqual(["kettle"]);
  expect(off.command("kettle", "switch/on", true)).toBe("cmnd/kettle/POWER1 ON");
  const again = new DialectHouse(on.store);
  await again.start();
  await again.hear(discovery, bulb, { retain: true });
  expect(again.things).toEqual(["bulb", "kettle"]);
});

test("a row that nobody can read does not stop the others", async () => {
  const house = new DialectHouse();
  await house.hear(CONFIG, named("Kettle"));
  const row = { owner: "a", identity: "b", thing: "t", title: "T", description: {} };
  const rows: readonly Json[] = ["nonsense", { ...row, dialect: "tasmota" }, { ...row, dialect: "klingon" }];
  await house.store.commit(
    rows.map((value, index) => ({ op: "put", table: "foreign-devices", key: `${index}`, value })),
    "crash",
  );
  const later = new DialectHouse(house.store);
  await later.start();
  expect(later.keys("kettle")).toEqual(["switch/on"]);
});

describe("whatever is said", () => {
  const SHELLY = "shellyplus1pm-a8032abe54dc";
  const SAID: readonly (readonly [topic: string, payload: unknown])[] = [
    [
      CONFIG,
      config({ rl: [1, 2, 3, 3], lt_st: 5, so: { 73: 1, 114: 1 }, btn: [1], swc: [0], sht: [[-90, 90]] }),
    ],
    [`tasmota/discovery/${MAC}/sensors`, SENSORS],
    ["tele/kettle/STATE", LIGHT_STATE],
    ["tele/kettle/SENSOR", SENSORS.sn],
    [
      "stat/kettle/RESULT",
      { Shutter1: { Position: 30, Direction: -1, Target: 10, Tilt: 45 }, Button1: { Action: "SINGLE" } },
    ],
    ["shellies/announce", { id: "s", model: "SHCB-1", mac: "98CDAC2A1B2C", mode: "color" }],
    ["shellies/s/color/0/status", { ison: true, mode: "color", red: 255, green: 1, blue: 2, gain: 70 }],
    ["shellies/s/input_event/0", { event: "S", event_cnt: 4 }],
    [
      `${SHELLY}/tram/rpc`,
      {
        id: "Shelly.GetStatus",
        src: SHELLY,
        result: {
          "switch:0": { output: true, aenergy: { total: 1 } },
          "rgb:0": { rgb: [1, 2, 3] },
          "input:0": { state: null },
        },
      },
    ],
    [
      `${SHELLY}/events/rpc`,
      {
        src: SHELLY,
        method: "NotifyEvent",
        params: { events: [{ component: "input:0", event: "single_push" }] },
      },
    ],
    ["homie/car/$homie", "4.0.0"],
    ["homie/car/$nodes", "a"],
    ["homie/car/a/$properties", "b"],
    ["homie/car/a/b/$datatype", "color"],
    ["homie/car/a/b/$format", "hsv"],
    ["homie/car/$state", "ready"],
    ["homie/car/a/b", "300,50,75"],
  ];

  /** A payload with something else in one of its places. */
  const hostile = fc.oneof(
    fc.constantFrom(
      "__proto__",
      "constructor",
      "NaN",
      "1e400",
      "",
      "#",
      "+",
      "\0",
      "%prefix%",
      "é".repeat(300),
    ),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constant(Array<number>(3_000).fill(1)),
    fc.constant(Number.MAX_VALUE),
  );

  function mutated(json: unknown, path: readonly number[], other: unknown): unknown {
    const [step, ...rest] = path;
    if (step === undefined || typeof json !== "object" || json === null) return other;
    const keys = Object.keys(json);
    const key = keys[step % Math.max(1, keys.length)] ?? "new";
    const copy = Array.isArray(json) ? [...(json as unknown[])] : { ...json };
    const at = copy as Record<string, unknown>;
    Object.defineProperty(copy, key, {
      value: mutated(at[key], rest, other),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return copy;
  }

  test("nothing is thrown, every Thing is one, and those of others stay as they are", async () => {
    const change = fc.record({
      index: fc.nat({ max: SAID.length - 1 }),
      path: fc.array(fc.nat({ max: 30 }), { maxLength: 4 }),
      other: hostile,
      cut: fc.option(fc.nat({ max: 400 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const house = new DialectHouse();
        const good = `tasmota/discovery/${macOf(7)}/config`;
        await house.hear(good, named("Good", macOf(7)), { as: "good" });
        for (const [topic, payload] of SAID) await house.hear(topic, JSON.parse(JSON.stringify(payload)));
        for (const { cut, index, other, path } of changes) {
          const [topic, payload] = SAID[index] ?? ["", ""];
          const text = JSON.stringify(mutated(payload, path, other)) ?? "";
          await house.hear(topic, cut === null ? text : Buffer.from(text).subarray(0, cut));
        }
        for (const { thing } of house.registry.records()) {
          for (const [key, { type }] of Object.entries(thing.properties)) {
            const value = type === "boolean" ? true : type === "string" ? "rgb,1,2,3" : 1;
            house.command(thing.id, key, value);
          }
        }
        expect(house.thing("good")?.title).toBe("Good");
        expect(house.command("good", "switch/on", true)).toBe("cmnd/good/POWER1 ON");
        const later = new DialectHouse(house.store);
        await later.start();
        expect(later.things).toEqual(house.things);
      }),
      { numRuns: 60 },
    );
  });
});
