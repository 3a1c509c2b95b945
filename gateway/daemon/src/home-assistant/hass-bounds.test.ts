import type { Json, JsonObject } from "@tram/protocol";
import { describe, expect, test, vi } from "vitest";
import { DialectHouse } from "../foreign/testing/dialect-house.ts";
import { KNOWN, readDiscovery } from "./discovery-config.ts";
import { entityIn } from "./entity-in.ts";
import { TOLD_LIMITS, ToldMessages } from "./told-messages.ts";

const TOPIC = "homeassistant/sensor/x/config";

function sensor(name: string, id = "x"): JsonObject {
  return { name: "S", uniq_id: id, stat_t: "loud/s", dev: { ids: [id], name } };
}

/** One message with so many sensors of the device `x`. */
function listed(count: number, tag = ""): JsonObject {
  const each = (index: number): [string, JsonObject] => [
    `c${tag}${index}`,
    { p: "sensor", name: `a name ${tag}`, stat_t: "loud/s", val_tpl: "{{ value_json.a | float(0) * 2 }}" },
  ];
  return { dev: { ids: ["x"], name: "X" }, cmps: Object.fromEntries([...Array(count).keys()].map(each)) };
}

/** A house, and how often a Thing of it was described. */
function counted(): { house: DialectHouse; made: () => number } {
  const house = new DialectHouse();
  const announce = vi.spyOn(house.registry, "announce");
  return { house, made: () => announce.mock.calls.length };
}

function written(house: DialectHouse): number {
  return house.store.commits.filter(({ operations }) => operations.length > 0).length;
}

describe("how fast", () => {
  test("a device that is told of a thousand times is made a few times, and its last word counts", async () => {
    const { house, made } = counted();
    for (let count = 0; count < 1_000; count++) {
      await house.hear(TOPIC, sensor(`Name ${count}`), { as: "loud" });
    }
    expect(made()).toBeLessThanOrEqual(70);
    expect(written(house)).toBeLessThanOrEqual(70);
    // Others are not delayed by it.
    await house.hear("homeassistant/sensor/q/config", sensor("Quiet", "q"), { as: "quiet" });
    expect(house.thing("quiet")).toBeDefined();
    await house.clock.advance(5_000);
    expect(house.thing("name-0")?.title).toBe("Name 999");
    expect(made()).toBeLessThanOrEqual(70);
  });

  test("a large device costs more of it than a small one", async () => {
    const { house, made } = counted();
    for (let count = 0; count < 100; count++)
      await house.hear(TOPIC.replace("sensor", "device"), listed(128, `${count}-`));
    expect(made()).toBe(16);
  });

  test("what is told of a device at once makes it once", async () => {
    const { house, made } = counted();
    const messages = [...Array(100).keys()].map((index) => `homeassistant/sensor/x/n${index}/config`);
    await Promise.all(messages.map((topic) => house.hear(topic, sensor("Many"))));
    expect(made()).toBe(1);
    expect(house.keys("many")).toHaveLength(100);
    // So does what is taken back at once.
    await Promise.all(messages.slice(1).map((topic) => house.hear(topic, "")));
    expect(made()).toBe(2);
    expect(house.keys("many")).toEqual(["n0/value"]);
  });

  test("its first word is heard though it comes in the same turn", async () => {
    const house = new DialectHouse();
    await Promise.all([house.hear(TOPIC, sensor("Fast")), house.hear("loud/s", "21")]);
    expect(house.value("fast", "x/value")).toBe("21 good");
  });

  test("what was said before is no news, until its Thing is gone or has a problem", async () => {
    const { house, made } = counted();
    house.forbidden.add("plug loud/there");
    const described = { ...sensor("Calm"), avty_t: "loud/there" };
    for (let count = 0; count < 10; count++) await house.hear(TOPIC, described);
    expect(house.problem("calm")).toBe("loud/there: plug may not publish there");
    house.forbidden.clear();
    await house.hear(TOPIC, described);
    expect(house.problem("calm")).toBeUndefined();
    const before = made();
    for (let count = 0; count < 1_000; count++) await house.hear(TOPIC, described);
    expect(made()).toBe(before);
    await house.forget("calm");
    await house.hear(TOPIC, described);
    expect(house.things).toEqual(["calm"]);
  });

  test("one that is called otherwise each time leaves nothing behind that others would wait for", async () => {
    const { house } = counted();
    for (let count = 0; count < 2_000; count++) await house.hear(TOPIC, sensor("Fickle", `id${count}`));
    await house.hear(TOPIC, sensor("Last", "last"));
    await house.clock.advance(5_000);
    expect(house.things.map((id) => house.thing(id)?.title)).toEqual(["Last"]);
  });

  test("told of and taken back a thousand times, it is written a few times", async () => {
    const { house, made } = counted();
    for (let count = 0; count < 1_000; count++) {
      await house.hear(TOPIC, sensor("Blink"));
      await house.hear(TOPIC, "");
    }
    expect(made()).toBeLessThanOrEqual(64);
    expect(written(house)).toBeLessThanOrEqual(2 * 64);
    await house.clock.advance(60_000);
    expect(house.things).toEqual([]);
  });
});

describe("how much", () => {
  test("of a message only what somebody reads is kept", () => {
    const junk = Object.fromEntries([...Array(7_000).keys()].map((index) => [`k${index}`, index]));
    const nested = {
      state_topic: { deep: junk },
      options: [junk],
      availability: Array(1_000).fill({ t: "a", k: 1 }),
    };
    const place = { component: "sensor", objectId: "x" };
    const text = JSON.stringify({
      ...junk,
      ...nested,
      device: { ...junk, ids: ["x"] },
      origin: junk,
      name: "N",
    });
    const read = readDiscovery(place, text);
    expect(read.ok && JSON.stringify(read.message).length).toBeLessThan(2_000);
  });

  test("every option that somebody reads is kept", () => {
    const read = new Set<string>();
    const values: Json[] = ["a", true, 7, ["rgb", "hs", "xy", "color_temp", "brightness"]];
    const components =
      "sensor binary_sensor switch siren button number select text event update light lock cover valve fan climate humidifier";
    for (const component of components.split(" ")) {
      for (const value of [undefined, ...values]) {
        for (const schema of ["basic", "json", "template"]) {
          const get = (_: object, name: string): Json | undefined => {
            read.add(name);
            return name === "schema" ? schema : value;
          };
          entityIn({ component, objectId: "x", options: new Proxy<JsonObject>({}, { get }) });
        }
      }
    }
    expect(read.size).toBeGreaterThan(100);
    expect([...read].filter((name) => !KNOWN.has(name))).toEqual([]);
  });

  test("a device has its number of entities, however many messages tell of it", async () => {
    const { house, made } = counted();
    for (let index = 0; index < 60; index++) {
      await house.hear(`homeassistant/device/m${index}/config`, listed(128, `${index}-`));
      await house.clock.advance(10_000);
    }
    expect(made()).toBe(TOLD_LIMITS.entities / 128);
    expect(house.lines.join()).toContain("more than 512 entities");
  });

  test("an account leaves so many characters, and has room again for what it takes back", () => {
    const told = new ToldMessages();
    const put = (owner: string, index: number): string | undefined => {
      const options = { state_topic: "s".repeat(100_000) };
      const message = {
        entities: [{ component: "sensor", objectId: "x", options }],
        device: {},
        availability: [],
        availabilityMode: undefined,
      };
      return told.put({ owner, identity: `${index}`, topic: `${owner}${index}`, message, digest: "" });
    };
    const refused = [...Array(100).keys()]
      .map((index) => put("loud", index))
      .filter((each) => each !== undefined);
    expect(told.by("loud").length).toBe(41);
    expect(new Set(refused)).toEqual(new Set([`more than ${TOLD_LIMITS.characters} characters`]));
    expect(put("quiet", 0)).toBeUndefined();
    // The same again takes no more.
    expect(put("loud", 0)).toBeUndefined();
    told.delete("loud7");
    expect(put("loud", 99)).toBeUndefined();
    expect(told.by("loud").map(({ identity }) => identity)).not.toContain("7");
  });

  test("names without end are refused", async () => {
    const house = new DialectHouse();
    const long = "x".repeat(600);
    await house.hear(`homeassistant/sensor/${long}/config`, sensor("A"));
    await house.hear(TOPIC, sensor("B", long));
    await house.hear("homeassistant/device/x/config", {
      dev: { ids: ["c"] },
      cmps: { [long]: { p: "sensor", stat_t: "a" } },
    });
    expect(house.things).toEqual([]);
    expect(house.lines).toHaveLength(3);
  });
});

test("what is refused is told of a few times, and in a few words", async () => {
  const house = new DialectHouse();
  const id = "k".repeat(100_000);
  for (let index = 0; index < 200; index++) {
    await house.hear(`homeassistant/device/m${index}/config`, `{"components":{"${index}${id}":1}}`);
  }
  for (let index = 0; index < 2_000; index++) await house.hear(TOPIC, index % 2 === 0 ? "[" : "{");
  expect(house.lines.length).toBeGreaterThan(1);
  expect(house.lines.length).toBeLessThan(70);
  expect(Math.max(...house.lines.map((line) => line.length))).toBeLessThan(1_000);
});

test("problems of a device are bounded and cut", async () => {
  const house = new DialectHouse();
  await house.hear(TOPIC, { ...sensor("P"), val_tpl: `{{ ${"f".repeat(3_000)}(1) }}`, cmd_t: "a" });
  expect(house.problem("p")?.length ?? 0).toBeLessThanOrEqual(200);
});
