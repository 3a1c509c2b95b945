import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkMapping } from "./check-mapping.ts";
import { type ProposeOptions, propose } from "./propose.ts";
import { bareWord, understood } from "./topic-words.ts";
import type { Unclaimed } from "./unclaimed-topics.ts";

function seen(topic: string, ...samples: readonly string[]): Unclaimed {
  const payload = samples.at(-1);
  return {
    topic,
    account: "node",
    payload,
    clipped: false,
    samples: [...samples],
    count: 1,
    lastAt: 0,
    lookedAt: 0,
  };
}

function proposed(
  topics: Readonly<Record<string, string | readonly string[]>>,
  options: Partial<ProposeOptions> = {},
) {
  const list = Object.entries(topics).map(([topic, said]) =>
    seen(topic, ...(typeof said === "string" ? [said] : said)),
  );
  const answer = propose(list, { subscribed: new Set(), isFree: () => true, ...options });
  for (const { mapping } of answer) expect(checkMapping(mapping)).toMatchObject({ ok: true });
  return answer;
}

const properties = (topics: Parameters<typeof proposed>[0], options?: Partial<ProposeOptions>) =>
  proposed(topics, options)[0]?.mapping.properties;

test.each([
  ["temp", "air/temperature"],
  ["Temperature", "air/temperature"],
  ["nhiet_do", "air/temperature"],
  ["Nhiệt độ", "air/temperature"],
  ["NHIETDO", "air/temperature"],
  ["roomTemperature", "air/temperature"],
  ["temp_c", "air/temperature"],
  ["do-am", "air/humidity"],
  ["độ ẩm đất", "soil/moisture"],
  ["dat", "soil/moisture"],
  ["ánh_sáng", "ambient/illuminance"],
  ["rơ le", "switch/on"],
  ["relay3", "switch/on"],
  ["đèn", "light/on"],
  ["máy_bơm", "pump/on"],
  ["quạt", "fan/on"],
  ["cửa", "contact/open"],
  ["pin", "battery/level"],
  ["PM2.5", "air/pm25"],
])("%s is %s", (name, key) => {
  expect(understood(name).keys[0]).toBe(key);
});

test("numbers count, and what nobody knows is nothing", () => {
  expect(understood("temp2")).toEqual({ keys: ["air/temperature"], number: "2" });
  expect(understood("co2")).toEqual({ keys: ["air/co2"], number: "" });
  for (const name of ["", "foo", "__proto__", "toString", "🌡", "12"])
    expect(understood(name).keys, name).toEqual([]);
  expect(bareWord("Đường_2")).toBe("duong2");
});

describe("one device", () => {
  test("is what begins alike; type and unit follow from the name, or from the values", () => {
    const answer = proposed({
      "farm/room1/temp": "31",
      "farm/room1/do_am": "62.5",
      "farm/room1/foo": "7",
      "farm/room1/note": "hello",
      "farm/room1/status": "online",
    });
    expect(answer).toEqual([
      {
        mapping: {
          id: "farm-room1",
          title: "Farm room1",
          availability: { topic: "farm/room1/status", online: "online", offline: "offline" },
          properties: {
            "air/temperature": { read: { topic: "farm/room1/temp" } },
            "air/humidity": { read: { topic: "farm/room1/do_am" } },
            "foo/value": { title: "foo", type: "number", read: { topic: "farm/room1/foo" } },
            "note/value": { title: "note", type: "string", read: { topic: "farm/room1/note" } },
          },
        },
        topics: ["farm/room1/temp", "farm/room1/do_am", "farm/room1/foo", "farm/room1/note"],
        things: ["farm-room1"],
      },
    ]);
  });

  test("the values decide between what a word may mean", () => {
    expect(properties({ "a/light": "450" })).toHaveProperty(["ambient/illuminance"]);
    expect(properties({ "a/light": ["ON", "OFF"] })).toHaveProperty(["light/on"]);
    expect(properties({ "a/battery": "87" })).toHaveProperty(["battery/level"]);
    expect(properties({ "a/battery": "3.71" })).toHaveProperty(["battery/voltage"]);
    expect(properties({ "a/door": "31" })).toHaveProperty(["door/value"]);
    expect(properties({ "a/temp": "4000" })).toEqual({
      "temp/value": { title: "temp", type: "number", read: { topic: "a/temp" } },
    });
  });

  test("words of its own are taken over, as they are written", () => {
    expect(properties({ "a/door": "OPEN" })).toEqual({
      "contact/open": { words: { OPEN: true, CLOSED: false }, read: { topic: "a/door" } },
    });
    expect(properties({ "a/den": ["Tắt", "Bật"] })).toMatchObject({
      "light/on": { words: { Bật: true, Tắt: false } },
    });
    expect(properties({ "a/pir": ["0", "1"] })).toEqual({ "motion/detected": { read: { topic: "a/pir" } } });
  });

  test("a JSON object is its members", () => {
    const payload = JSON.stringify({
      DHT22: { Temperature: 29.1, Humidity: 70 },
      "dien ap pin": 3.7,
      on: true,
      list: [1],
      nothing: null,
      "": 1,
      __proto__: 1,
    });
    expect(
      properties({ "home/kitchen/data": payload.replace('"on"', '"__proto__":{"x":1},"on"') }),
    ).toMatchObject({
      "air/temperature": { read: { topic: "home/kitchen/data", path: "DHT22.Temperature" } },
      "air/humidity": { read: { topic: "home/kitchen/data", path: "DHT22.Humidity" } },
      "battery/voltage": { read: { path: '["dien ap pin"]' } },
      "on/value": { type: "boolean" },
    });
    expect(proposed({ "home/kitchen/data": payload })[0]?.mapping.id).toBe("home-kitchen");
  });

  test("commands are found by what is published there, and by who listens there", () => {
    const relay = { words: { ON: true, OFF: false }, read: { topic: "home/relay1" } };
    const expected = { ...relay, type: "boolean", write: { topic: "home/relay1/set" } };
    expect(properties({ "home/relay1": "ON", "home/relay1/set": "ON" })).toMatchObject({
      "switch-1/on": expected,
    });
    const subscribed = new Set(["home/relay1/set", "home/#", "home/+/set"]);
    expect(properties({ "home/relay1": "ON" }, { subscribed })).toMatchObject({ "switch-1/on": expected });
    expect(properties({ "home/pump/state": "0", "home/pump/cmd": "1" })).toMatchObject({
      "pump/on": { words: { 1: true, 0: false }, write: { topic: "home/pump/cmd" } },
    });
    expect(properties({ "cmnd/x/POWER": "ON", "x/temp": "3" })).toEqual({
      "air/temperature": { read: { topic: "x/temp" } },
    });
    // What only measures takes no commands.
    expect(properties({ "a/temp": "3", "a/temp/set": "4" })?.["air/temperature"]).toEqual({
      read: { topic: "a/temp" },
    });
  });

  test("two of a kind have keys of their own", () => {
    expect(
      Object.keys(properties({ "a/temp1": "1", "a/temp2": "2", "a/temp": "3", "a/nhiet": "4" }) ?? {}),
    ).toEqual(["air-1/temperature", "air-2/temperature", "air/temperature", "air-3/temperature"]);
  });
});

describe("many devices", () => {
  test("that differ in one level are one mapping, whichever level it is", () => {
    const [first, ...others] = proposed({
      "farm/room1/temp": "31",
      "farm/room1/pump": "ON",
      "farm/room2/temp": "30",
      "farm/room2/hum": "30",
      "office/lamp": "ON",
      "farm/room2/pump/set": "ON",
    });
    expect(first).toMatchObject({
      mapping: {
        id: "farm",
        title: "Farm {id}",
        properties: {
          "air/temperature": { read: { topic: "farm/{id}/temp" } },
          "air/humidity": { read: { topic: "farm/{id}/hum" } },
          "pump/on": { read: { topic: "farm/{id}/pump" } },
        },
      },
      things: ["farm-room1", "farm-room2"],
    });
    expect(others.map(({ mapping }) => mapping.id)).toEqual(["office"]);
    expect(proposed({ "esp-1/data/temp": "1", "esp-2/data/temp": "2" })[0]).toMatchObject({
      mapping: { id: "data", properties: { "air/temperature": { read: { topic: "{id}/data/temp" } } } },
      things: ["data-esp-1", "data-esp-2"],
    });
    expect(proposed({ "esp-1/temp": "1", "esp-2/temp": "2" })[0]?.things).toEqual([
      "device-esp-1",
      "device-esp-2",
    ]);
  });

  test("that have nothing in common stay apart", () => {
    expect(proposed({ "a/x/temp": "1", "a/y/hum": "2" }).map(({ mapping }) => mapping.id)).toEqual([
      "a-x",
      "a-y",
    ]);
  });

  test("an id that is taken is left alone", () => {
    const isFree = (id: string): boolean => id !== "a" && id !== "a-2";
    expect(proposed({ "a/temp": "1" }, { isFree })[0]?.mapping.id).toBe("a-3");
  });
});

test("whatever is published, the proposals are sound mappings of different ids, and bounded", () => {
  const level = fc.oneof(
    fc.constantFrom(
      "farm",
      "room1",
      "room2",
      "temp",
      "set",
      "data",
      "status",
      "{id}",
      "__proto__",
      "relay",
      "+",
      "",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));
  const payload = fc.oneof(
    fc.constantFrom("1", "ON", "off", "online", "", "1e400", '{"temp":3,"__proto__":{"a":1}}'),
    fc.json(),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  const topics = fc.dictionary(topic, fc.array(payload, { minLength: 1, maxLength: 3 }), { maxKeys: 30 });
  fc.assert(
    fc.property(topics, topics, (published, subscribed) => {
      const answer = proposed(published, { subscribed: new Set(Object.keys(subscribed)) });
      expect(new Set(answer.map(({ mapping }) => mapping.id)).size).toBe(answer.length);
    }),
    { numRuns: 400 },
  );
  const many = Object.fromEntries(
    Array.from({ length: 1_024 }, (_, index) => [`a${index}/b${index % 7}/c${index}`, "1"]),
  );
  expect(proposed(many).length).toBeLessThanOrEqual(64);
});
