import { type PropertyKey, Thing, type ThingId } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DESCRIPTION_PACE } from "./homie/account-pace.ts";
import { NOTE_LIMITS } from "./homie/device-notes.ts";
import { described, HomieHouse } from "./homie/testing/homie-house.ts";

const validator = Compile(Thing);
const LAMP = "lamp" as ThingId;
const LEVEL = "light/level" as PropertyKey;
const level = { datatype: "integer", format: "0:100", settable: true };

async function lampHouse(): Promise<HomieHouse> {
  const house = new HomieHouse();
  await house.say("lamp/$state", "init");
  await house.say("lamp/$description", described({ level }));
  await house.say("lamp/$state", "ready");
  return house;
}

describe("a description", () => {
  test("of which a part is refused counts without that part, which is told on the Thing", async () => {
    await using house = new HomieHouse();
    await house.say(
      "lamp/$description",
      described({ level, glow: { datatype: "plasma" }, hue: { datatype: "color" } }),
    );
    expect(Object.keys(house.registry.thing(LAMP)?.properties ?? {})).toEqual(["light/level"]);
    expect(house.registry.get(LAMP)?.problem).toMatch(
      /^\$description: nodes\.light\.properties\.glow\.datatype: expected .* \(and 1 more\)$/,
    );
    await house.say("lamp/$description", described({ level }));
    expect(house.registry.get(LAMP)?.problem).toBeUndefined();
  });

  test("that is refused as a whole leaves the one before in use", async () => {
    await using house = await lampHouse();
    for (const [bytes, problem] of [
      [Buffer.from("{"), /^\$description: \$description: expected JSON: /],
      [Buffer.from([0xff, 0xfe]), /^\$description: \$description: expected UTF-8 without a byte order mark$/],
      [Buffer.from("\uFEFF{}"), /expected UTF-8 without a byte order mark$/],
      [Buffer.alloc(10_000_000, " "), /expected at most 262144 bytes, found 10000000$/],
      [
        Buffer.from('{"homie":"5.0","version":1,"nodes":1e400}'),
        /nodes: expected an object, found Infinity$/,
      ],
    ] as const) {
      await house.say("lamp/$description", bytes);
      expect(house.registry.get(LAMP)?.problem).toMatch(problem);
      expect(Object.keys(house.registry.thing(LAMP)?.properties ?? {})).toEqual(["light/level"]);
      await house.clock.advance(60_000);
    }
  });

  test("that changes while the device is ready is taken, and said to be out of order", async () => {
    await using house = await lampHouse();
    await house.say("lamp/$description", described({ level }, { version: 2 }));
    expect(house.notes.lines(LAMP)).toEqual([]); // Only its number is another.
    await house.say("lamp/$state", "init");
    await house.say("lamp/$description", described({ level }, { name: "Lamp" }));
    expect(house.notes.lines(LAMP)).toEqual([]);
    await house.say("lamp/$state", "ready");
    await house.say("lamp/$description", described({ level }, { name: "Lamp 2" }));
    expect(house.registry.thing(LAMP)?.title).toBe("Lamp 2");
    expect(house.notes.lines(LAMP).map(({ text }) => text)).toEqual([
      "$description was changed in the $state ready",
    ]);
  });

  test("that changes a thousand times a second is read now and then, and the last one counts", async () => {
    await using house = await lampHouse();
    let published = 0;
    using _watch = house.bus.on("thing", () => void published++);
    for (let index = 0; index < 1_000; index++) {
      await house.say("lamp/$description", described({ level }, { name: `Lamp ${index}` }));
      await house.clock.advance(1);
    }
    expect(published).toBeLessThanOrEqual(DESCRIPTION_PACE.device.burst + 1);
    expect(published).toBeGreaterThan(1);
    expect(house.registry.thing(LAMP)?.title).not.toBe("Lamp 999");
    await house.clock.advance(2_000);
    await house.say("other/$state", "init");
    expect(house.registry.thing(LAMP)?.title).toBe("Lamp 999");
    expect(published).toBeLessThanOrEqual(DESCRIPTION_PACE.device.burst + 3);
  });

  test("that waits is not read when the device is removed meanwhile", async () => {
    await using house = await lampHouse();
    for (let index = 0; index < 20; index++) {
      await house.say("lamp/$description", described({ level }, { name: `Lamp ${index}` }));
    }
    await house.say("lamp/$state", "");
    await house.clock.advance(5_000);
    await house.say("other/$state", "init");
    expect(house.registry.get(LAMP)).toBeUndefined();
  });

  test("of one device that is out of breath does not keep another's waiting", async () => {
    await using house = await lampHouse();
    for (let index = 0; index < 50; index++) {
      await house.say("lamp/$description", described({ level }, { name: `Lamp ${index}` }));
    }
    await house.say("fan/$description", described({ on: { datatype: "boolean" } }));
    expect(house.registry.thing("fan" as ThingId)?.title).toBe("fan");
  });
});

describe("states", () => {
  test("what is told before the description counts after it", async () => {
    await using house = new HomieHouse();
    await house.say("lamp/$state", "sleeping");
    await house.say("lamp/light/level", "10");
    await house.say("lamp/light/level", "20");
    await house.say("lamp/$alert/battery", "low");
    await house.say("lamp/light/level/$target", "30");
    await house.say("lamp/$description", described({ level }));
    expect(house.availability("lamp")).toBe("sleeping");
    expect(house.read("lamp", LEVEL)).toMatchObject({ value: 20, quality: "good" });
    expect(house.notes.alerts(LAMP)).toMatchObject([{ id: "battery", text: "low" }]);
    expect(house.notes.target(LAMP, LEVEL)).toBe(30);
  });

  test("values of a device that sleeps stay good, those of one that is lost do not", async () => {
    await using house = await lampHouse();
    await house.say("lamp/light/level", "10");
    await house.say("lamp/$state", "sleeping");
    expect(house.read("lamp", LEVEL)?.quality).toBe("good");
    await house.say("lamp/$state", "lost");
    expect(house.read("lamp", LEVEL)?.quality).toBe("stale");
    await house.say("lamp/$state", "ready");
    expect(house.read("lamp", LEVEL)?.quality).toBe("good");
  });

  test("a cleared topic says nothing of the property", async () => {
    await using house = await lampHouse();
    await house.say("lamp/light/level", "10");
    await house.say("lamp/light/level", "");
    expect(house.read("lamp", LEVEL)).toMatchObject({ value: 10, quality: "good" });
    await house.say("lamp/light/level", "", { retain: false });
    expect(house.read("lamp", LEVEL)).toMatchObject({ value: 10, quality: "bad" });
  });

  test("another word is told on the Thing", async () => {
    await using house = await lampHouse();
    await house.say("lamp/$state", "alert");
    expect(house.registry.get(LAMP)?.problem).toBe(
      '$state: expected init, ready, disconnected, sleeping or lost, found "alert"',
    );
    expect(house.availability("lamp")).toBe("ready");
  });

  test("after a restart, who was away is known to be, and who was there is not", async () => {
    await using first = await lampHouse();
    await first.say("bed/$description", described({ level }));
    await using later = new HomieHouse(first.store);
    await later.registry.restore(first.store);
    await later.recall("lamp/$state", "ready");
    await later.recall("bed/$state", "sleeping");
    await later.recall("bed/$alert/battery", "low");
    await later.recall("bed/light/level/$target", "7");
    await later.recall("nobody/$state", "lost");
    expect([later.availability("lamp"), later.availability("bed")]).toEqual(["unknown", "sleeping"]);
    expect(later.notes.alerts("bed" as ThingId)).toMatchObject([{ text: "low" }]);
    expect(later.notes.target("bed" as ThingId, LEVEL)).toBe(7);
  });
});

describe("targets", () => {
  test("are kept while the description names the property, and cleared by an empty payload", async () => {
    await using house = await lampHouse();
    const told: unknown[] = [];
    using _watch = house.bus.on("target", ({ thing, property, value }) =>
      told.push([thing, property, value]),
    );
    await house.say("lamp/light/level/$target", "80");
    await house.say("lamp/light/level/$target", "80");
    await house.say("lamp/light/level/$target", "many");
    await house.say("lamp/light/level/$target", "900");
    await house.say("lamp/light/other/$target", "1");
    expect(house.notes.target(LAMP, LEVEL)).toBe(80);
    await house.say("lamp/light/level/$target", "");
    expect(house.notes.target(LAMP, LEVEL)).toBeUndefined();
    await house.say("lamp/light/level/$target", "70");
    await house.say("lamp/$description", described({ level: { datatype: "string" } }));
    expect(house.notes.target(LAMP, LEVEL)).toBeUndefined();
    expect(told).toEqual([80, undefined, 70, undefined].map((value) => [LAMP, LEVEL, value]));
  });

  test("confirm no command: only the value does", async () => {
    await using house = await lampHouse();
    await house.transactions.transact((unit) => {
      house.commands.submit({ thing: LAMP, target: { property: LEVEL }, value: 80, origin: "rule:r" }, unit);
    });
    await house.say("lamp/light/level/$target", "80");
    expect(house.commands.pending).toBe(1);
    await house.say("lamp/light/level", "80");
    expect(house.commands.pending).toBe(0);
  });
});

describe("alerts", () => {
  test("are raised, told in other words, and taken back", async () => {
    await using house = await lampHouse();
    const told: unknown[] = [];
    using _watch = house.bus.on("alert", ({ id, text }) => told.push([id, text]));
    await house.say("lamp/$alert/battery", "at 8 %");
    const since = house.notes.alerts(LAMP)[0]?.since;
    await house.clock.advance(1_000);
    await house.say("lamp/$alert/battery", "at 8 %");
    expect(house.notes.alerts(LAMP)).toEqual([{ id: "battery", text: "at 8 %", since }]);
    await house.say("lamp/$alert/battery", "at 7 %\u001b[2J\nnow");
    await house.say("lamp/$alert/battery", Buffer.from([0xff]));
    expect(house.notes.alerts(LAMP)).toMatchObject([{ text: "at 7 % [2J now" }]);
    await house.say("lamp/$alert/battery", "");
    await house.say("lamp/$alert/battery", "");
    expect(house.notes.alerts(LAMP)).toEqual([]);
    expect(told).toEqual([
      ["battery", "at 8 %"],
      ["battery", "at 7 % [2J now"],
      ["battery", undefined],
    ]);
  });

  test("are bounded, and gone with the device", async () => {
    await using house = await lampHouse();
    for (let index = 0; index < 100; index++) await house.say(`lamp/$alert/a${index}`, "x".repeat(10_000));
    expect(house.notes.alerts(LAMP).map(({ text }) => text.length)).toEqual(
      Array.from({ length: NOTE_LIMITS.alerts }, () => NOTE_LIMITS.characters),
    );
    await house.say("lamp/$alert/a0", "");
    await house.say("lamp/$alert/late", "it fits now");
    expect(house.notes.alerts(LAMP).at(-1)?.id).toBe("late");
    await house.say("lamp/$state", "");
    expect(house.notes.alerts(LAMP)).toEqual([]);
  });
});

describe("log lines", () => {
  test("reach the gateway's log and, the latest of them, the Thing", async () => {
    await using house = await lampHouse();
    await house.say("lamp/$log/error", "sensor is out of range", { retain: false });
    await house.say("lamp/$log/fatal", "\u0007over", { retain: false });
    await house.say("lamp/$log/shout", "no level", { retain: false });
    await house.say("lamp/$log/warn", "", { retain: false });
    expect(house.notes.lines(LAMP)).toEqual([
      { time: house.clock.now(), level: "error", text: "sensor is out of range" },
      { time: house.clock.now(), level: "fatal", text: "over" },
    ]);
    expect(house.lines).toEqual([
      'a device says {"thing":"lamp","line":"sensor is out of range"}',
      'a device says {"thing":"lamp","line":"over"}',
    ]);
  });

  test("of a device that shouts are left out, which is told once a minute", async () => {
    await using house = await lampHouse();
    for (let index = 0; index < 2_000; index++) {
      await house.say("lamp/$log/warn", `line ${index}`, { retain: false });
      await house.clock.advance(30);
    }
    expect(house.lines.filter((line) => line.startsWith("devices of an account log too much"))).toHaveLength(
      1,
    );
    expect(house.lines.length).toBeLessThan(20 + 60 + 2);
    expect(house.notes.lines(LAMP).map(({ text }) => text)).toEqual(
      Array.from({ length: NOTE_LIMITS.lines }, (_, index) => `line ${1_980 + index}`),
    );
  });
});

describe("a device that has another name in the house", () => {
  const DESK = "desk" as ThingId;

  async function renamedHouse(): Promise<HomieHouse> {
    const house = await lampHouse();
    await house.transactions.transact((unit) => {
      expect(house.registry.household.rename(LAMP, DESK, unit)).toEqual({ ok: true });
    });
    return house;
  }

  test("raises alerts, logs and aims under that name", async () => {
    await using house = await renamedHouse();
    await house.say("lamp/$alert/battery", "low");
    await house.say("lamp/$log/warn", "hot", { retain: false });
    await house.say("lamp/light/level/$target", "80");
    expect(house.notes.alerts(DESK)).toMatchObject([{ text: "low" }]);
    expect(house.notes.lines(DESK)).toMatchObject([{ text: "hot" }]);
    expect(house.notes.target(DESK, LEVEL)).toBe(80);
    expect(house.notes.alerts(LAMP)).toEqual([]);
    await house.say("lamp/$state", "");
    expect(house.notes.alerts(DESK)).toEqual([]);
  });

  test("is lost with the root that it named itself", async () => {
    await using house = await renamedHouse();
    await house.say("bridge/$description", described({ level }));
    await house.say("lamp/$description", described({ level }, { root: "bridge" }));
    await house.say("bridge/$state", "lost");
    expect(house.availability("desk")).toBe("lost");
    await house.say("bridge/$state", "ready");
    expect(house.availability("desk")).toBe("ready");
  });
});

test("nobody speaks for the gateway, nor for the Thing of a module", async () => {
  await using house = new HomieHouse();
  await house.announce({ id: "fan", title: "Fan", properties: { "fan/on": { type: "boolean" } } });
  for (const topic of [
    "house/$state",
    "house/$alert/fire",
    "fan/$state",
    "fan/fan/on",
    "fan/fan/on/$target",
    "fan/$log/warn",
  ]) {
    expect([topic, await house.say(topic, "lost")]).toEqual([topic, false]);
  }
  expect(await house.say("$broadcast/security/alert", "Intruder", { retain: false })).toBe(true);
});

test("whatever is published under homie/5, nothing throws and what is known stays valid", async () => {
  const valid = JSON.stringify(described({ level }));
  const word = fc.constantFrom(
    "lamp",
    "light",
    "level",
    "$state",
    "$description",
    "$target",
    "$alert",
    "$log",
    "warn",
    "set",
    "x",
    "",
  );
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .constantFrom(
        "",
        "lost",
        "ready",
        "80",
        "\u0000",
        valid,
        valid.slice(0, -1),
        valid.replace("level", "__proto__"),
      )
      .map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
  );
  const message = fc.tuple(fc.array(word, { minLength: 1, maxLength: 5 }), payload, fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 40 }), async (messages) => {
      await using house = await lampHouse();
      for (const [levels, bytes, retain] of messages) await house.say(levels.join("/"), bytes, { retain });
      await house.clock.advance(3_000);
      for (const { thing } of house.registry.records()) expect([...validator.Errors(thing)]).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
