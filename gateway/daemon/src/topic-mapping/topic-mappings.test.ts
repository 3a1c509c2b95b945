import { StoreError } from "@tram/core";
import type { Json, PropertyKey, ThingId } from "@tram/protocol";
import { describe, expect, test, vi } from "vitest";
import { MappingHouse } from "./testing/mapping-house.ts";

const ROOM = { id: "room1", properties: { "air/temperature": { read: { topic: "farm/room1/temp" } } } };
const FARM = {
  id: "farm",
  title: "Farm {id}",
  availability: { topic: "farm/{id}/status" },
  properties: {
    "air/temperature": { read: { topic: "farm/{id}/temp", expire: "10m" } },
    "air/humidity": { read: { topic: "farm/{id}/json", path: "dht.hum" } },
    "pump/on": { words: { ON: true, OFF: false }, write: { topic: "farm/{id}/pump/set" } },
  },
};

describe("one Thing", () => {
  test("counts at once, reads what is retained, and goes with its mapping", async () => {
    const house = new MappingHouse();
    house.retained.set("farm/room1/temp", "19");
    expect(await house.put(ROOM)).toMatchObject({
      ok: true,
      value: { active: true, things: ["room1"], problems: [] },
    });
    expect(house.value("room1")).toBe("19 good");
    await house.hear("farm/room1/temp", "31.5");
    expect(house.value("room1")).toBe("31.5 good");
    expect(house.registry.thing("room1" as ThingId)).toMatchObject({
      title: "room1",
      properties: { "air/temperature": { type: "number", unit: "°C", readOnly: true, observable: true } },
    });
    expect(await house.room.mappings.remove("room1", { by: "minh" })).toEqual({ ok: true, value: undefined });
    expect(house.things).toEqual([]);
    await house.hear("farm/room1/temp", "32");
    expect(house.room.proposals().topics.map(({ topic }) => topic)).toEqual(["farm/room1/temp"]);
  });

  test("a changed mapping keeps the values that still fit, and no more", async () => {
    const house = new MappingHouse();
    await house.put({
      id: "room1",
      properties: { ...ROOM.properties, "x/y": { type: "string", read: { topic: "farm/room1/y" } } },
    });
    await house.hear("farm/room1/temp", "20");
    await house.hear("farm/room1/y", "a");
    await house.put({ ...ROOM, title: "Room" });
    expect(house.registry.thing("room1" as ThingId)?.title).toBe("Room");
    expect([house.value("room1"), house.value("room1", "x/y")]).toEqual(["20 good", undefined]);
    await house.hear("farm/room1/y", "b");
    expect(house.value("room1", "x/y")).toBeUndefined();
  });

  test("bad payloads are told at the property, and the last good value stays", async () => {
    const house = new MappingHouse();
    await house.put(ROOM);
    await house.hear("farm/room1/temp", "20");
    for (const payload of ["NaN", "1e400", "0x14", "-", "31,5", '{"a":1}', "x".repeat(70_000)]) {
      await house.hear("farm/room1/temp", payload);
      expect(house.value("room1"), payload.slice(0, 10)).toBe("20 bad");
    }
    expect(house.problem("room1")).toBe("expected at most 65536 bytes, found more");
    await house.hear("farm/room1/temp", Uint8Array.of(0xff, 0xfe));
    expect(house.problem("room1")).toBe("expected UTF-8");
    await house.hear("farm/room1/temp", " 21 ");
    expect(house.value("room1")).toBe("21 good");
  });

  test("after a restart it is known, and its value is old until it is heard", async () => {
    const house = new MappingHouse();
    await house.put(ROOM);
    await house.hear("farm/room1/temp", "20");
    const later = await new MappingHouse({ store: house.store }).restored();
    expect([later.things, later.value("room1")]).toEqual([["room1"], "20 stale"]);
    await later.hear("farm/room1/temp", "21");
    expect(later.value("room1")).toBe("21 good");
  });

  test("of the configuration is ready from its first start on, and again with its first word later", async () => {
    const configured = [ROOM];
    const state = (house: MappingHouse) => house.registry.get("room1" as ThingId)?.availability;
    const house = await new MappingHouse({ configured }).restored();
    expect(state(house)).toBe("ready");
    await house.hear("farm/room1/temp", "20");
    const later = await new MappingHouse({ store: house.store, configured }).restored();
    expect(state(later)).toBe("unknown");
    await later.hear("farm/room1/temp", "21");
    expect(state(later)).toBe("ready");
  });

  test("is kept so that a power cut does not cost it, or not at all", async () => {
    const house = new MappingHouse();
    await house.put(ROOM);
    const commit = house.store.commits.find(({ operations }) =>
      operations.some((operation) => "table" in operation && operation.table === "topic-mappings"),
    );
    expect(commit?.durability).toBe("power");
    house.store.failWith(new StoreError("full", "no room"));
    await expect(house.put({ ...ROOM, id: "room2" })).rejects.toThrow("no room");
    await expect(house.room.mappings.remove("room1", { by: "minh" })).rejects.toThrow("no room");
    expect(house.things).toEqual(["room1"]);
    expect(house.room.mappings.list().map(({ mapping }) => mapping.id)).toEqual(["room1"]);
  });

  test("commands are words on its topic; what it has no word for is refused", async () => {
    const house = new MappingHouse();
    await house.put({
      id: "pump",
      properties: {
        "pump/on": {
          words: { RUN: true, STOP: false },
          read: { topic: "farm/pump/state" },
          write: { topic: "farm/pump/set", template: '{"do":"{{ value }}"}', qos: 2, retain: true },
        },
        "tank/level": {
          scale: 0.1,
          offset: 5,
          read: { topic: "farm/pump/level" },
          write: { topic: "farm/pump/level/set" },
        },
        "mode/now": { type: "string", words: { A: "auto" }, write: { topic: "farm/pump/mode" } },
      },
    });
    const command = (key: string, value: Json) =>
      house.foreign.command("pump" as ThingId, key as PropertyKey, value);
    expect(command("pump/on", true)).toEqual({
      topic: "farm/pump/set",
      payload: '{"do":"RUN"}',
      qos: 2,
      retain: true,
    });
    expect(command("tank/level", 37.5)).toMatchObject({ payload: "325", qos: 1, retain: false });
    expect(command("mode/now", "off")).toBe('the device has no word for "off"');
    await house.hear("farm/pump/level", "333");
    expect(house.value("pump", "tank/level")).toBe("38.3 good");
  });

  test("a path that leads nowhere is told until it does", async () => {
    const house = new MappingHouse();
    await house.put({ id: "a", properties: { "air/temperature": { read: { topic: "t", path: "temp" } } } });
    const problems = () => house.room.mappings.get("a")?.problems;
    expect(problems()).toEqual([]);
    await house.hear("t", '{"temperature":3}');
    expect(problems()).toEqual([
      {
        path: "properties.air/temperature.read.path",
        problem: "nothing has been there in any message so far",
      },
    ]);
    await house.hear("t", '{"temp":3}');
    expect(house.value("a")).toBe("3 good");
    await house.put({
      id: "b",
      properties: {
        "air/temperature": { read: { topic: "u", template: "{{ value_json.temp | float * 2 }}" } },
      },
    });
    for (const payload of ['{"temp":4}', '{"temp":null}', "{}"]) await house.hear("u", payload);
    expect(house.value("b")).toBe("8 bad");
    await house.hear("t", '{"other":3}');
    expect(problems()).toEqual([]);
  });
});

describe("what was heard a moment ago", () => {
  test("is the first value, with its own time; what was heard long ago is none", async () => {
    const house = new MappingHouse();
    await house.hear("farm/old/temp", "10");
    await house.clock.advance(3_600_000);
    await house.hear("farm/room1/temp", "31");
    await house.hear("farm/room2/temp", "32");
    const at = house.clock.now();
    await house.clock.advance(60_000);
    await house.put({
      ...ROOM,
      id: "old",
      properties: { "air/temperature": { read: { topic: "farm/old/temp" } } },
    });
    expect(house.value("old")).toBeUndefined();
    await house.put(ROOM);
    const reading = house.registry.read("room1" as ThingId, "air/temperature" as PropertyKey);
    expect(reading).toMatchObject({ value: 31, quality: "good", time: at });
    // What it was before is not said again when the next mapping is made.
    await house.hear("farm/room1/temp", "33");
    await house.put({ ...ROOM, id: "other", properties: { "air/temperature": { read: { topic: "x" } } } });
    expect(house.value("room1")).toBe("33 good");
    // What a Thing has already is no device of a kind.
    expect(await house.put(FARM)).toMatchObject({ value: { things: ["farm-room2"] } });
    expect(house.value("farm-room2")).toBe("32 good");
    expect(house.room.proposals().topics).toEqual([]);
  });
});

describe("many of a kind", () => {
  test("become Things by their first sound word, are bounded, and are there after a restart", async () => {
    const house = new MappingHouse();
    expect(await house.put(FARM)).toMatchObject({ ok: true, value: { things: [] } });
    house.retained.set("farm/Nhà 1/status", "online");
    await house.hear("farm/Nhà 1/temp", "21");
    await house.hear("farm/config/temp", "not a number");
    await house.hear("farm/hot/temp", "4000");
    await house.hear("farm//temp", "3");
    await house.hear(`farm/${"x".repeat(65)}/temp`, "3");
    await house.hear("farm/r2/json", '{"other":1}');
    await house.hear("farm/r2/json", '{"dht":{"hum":60}}');
    expect(house.things).toEqual(["farm-nha-1", "farm-r2"]);
    expect(house.registry.get("farm-nha-1" as ThingId)).toMatchObject({
      thing: { title: "Farm Nhà 1" },
      availability: "ready",
    });
    expect(house.foreign.command("farm-nha-1" as ThingId, "pump/on" as PropertyKey, true)).toMatchObject({
      topic: "farm/Nhà 1/pump/set",
      payload: "ON",
    });
    const later = await new MappingHouse({ store: house.store }).restored();
    expect(later.things).toEqual(["farm-nha-1", "farm-r2"]);
    await later.hear("farm/Nhà 1/temp", "22");
    expect(later.value("farm-nha-1")).toBe("22 good");
    for (let index = 0; index < 300; index++) await later.hear(`farm/n${index}/temp`, "1");
    expect(later.things).toHaveLength(256);
    expect(later.room.problems).toEqual([
      { code: "mapping", where: "mappings.farm.id", problem: "more than 256 devices: n254 is none" },
    ]);
    await later.room.mappings.remove("farm", { by: "minh" });
    expect(later.things).toEqual([]);
    const last = await new MappingHouse({ store: later.store }).restored();
    expect(last.things).toEqual([]);
    expect(await last.store.entries("topic-mapping-devices")).toEqual(new Map());
  });

  test("two names that look alike are two Things, and a name of JavaScript is a name", async () => {
    const house = new MappingHouse();
    await house.put(FARM);
    for (const level of ["Room 1", "room-1", "__proto__", "constructor"])
      await house.hear(`farm/${level}/temp`, "1");
    expect(house.things).toHaveLength(4);
    expect(house.things).toEqual([
      "farm-room-1",
      expect.stringMatching(/^farm-room-1-/),
      "farm-proto",
      "farm-constructor",
    ]);
  });

  test("what Homie, Home Assistant and the gateway say is never a device of a kind", async () => {
    const house = new MappingHouse();
    await house.put({ id: "any", properties: { "air/temperature": { read: { topic: "{id}/temp" } } } });
    for (const first of ["homie", "homeassistant", "tram", "$SYS"]) await house.hear(`${first}/temp`, "1");
    await house.hear("esp-1/temp", "1");
    expect(house.things).toEqual(["any-esp-1"]);
    expect(house.room.proposals().topics).toEqual([]);
  });

  test("a Thing that was forgotten comes back: one of many with its next word, the only one at once", async () => {
    const house = await new MappingHouse().restored();
    await house.put(FARM);
    await house.put(ROOM);
    await house.hear("farm/a/temp", "1");
    await house.hear("farm/room1/temp", "2");
    expect(house.things).toEqual(["room1", "farm-a"]);
    await house.transactions.transact((unit) => {
      for (const id of ["farm-a", "room1"]) house.registry.household.forget(id as ThingId, unit);
    });
    await vi.waitFor(() => expect(house.things).toEqual(["room1"]));
    expect(house.value("room1")).toBeUndefined();
    expect(house.room.mappings.get("farm")?.things).toEqual([]);
    expect(await house.store.entries("topic-mapping-devices")).toEqual(new Map());
    await house.hear("farm/a/temp", "3");
    await house.hear("farm/room1/temp", "4");
    expect([house.value("farm-a"), house.value("room1")]).toEqual(["3 good", "4 good"]);
    await house.room.mappings.remove("room1", { by: "minh" });
    expect(house.things).toEqual(["farm-a"]);
  });

  test("a mapping for one that becomes one for many leaves nothing behind", async () => {
    const house = new MappingHouse();
    await house.put({ ...ROOM, id: "farm" });
    await house.put(FARM);
    expect(house.things).toEqual([]);
    await house.hear("farm/a/temp", "1");
    await house.put({ ...ROOM, id: "farm" });
    expect(house.things).toEqual(["farm"]);
  });
});

describe("whose id it is", () => {
  test("a Thing of somebody else keeps it, and so does the gateway", async () => {
    const house = new MappingHouse();
    await house.transactions.transact((unit) => {
      house.registry.announce({ id: "room1", title: "Theirs", properties: {} }, "mqtt:room1", unit);
    });
    expect(await house.put(ROOM)).toMatchObject({
      ok: false,
      refusal: { code: "taken", detail: "There is a Thing room1 already, of mqtt:room1." },
    });
    expect(await house.put({ ...ROOM, id: "house" })).toMatchObject({ refusal: { code: "taken" } });
    expect(house.registry.thing("room1" as ThingId)?.title).toBe("Theirs");
    expect(await house.store.entries("topic-mappings")).toEqual(new Map());
  });

  test("the configuration counts before what people made, which is kept beside it", async () => {
    const house = new MappingHouse();
    await house.put({ ...ROOM, title: "By hand" });
    const configured = [{ ...ROOM, title: "By file" }];
    const later = await new MappingHouse({ store: house.store, configured }).restored();
    expect(later.registry.thing("room1" as ThingId)?.title).toBe("By file");
    expect(later.room.mappings.list()).toMatchObject([
      { origin: "configuration", active: true },
      { origin: "api", active: false, problems: [{ path: "id" }] },
    ]);
    expect(await later.put(ROOM)).toMatchObject({ refusal: { code: "configured" } });
    await later.room.mappings.remove("room1", { by: "minh" });
    expect(later.things).toEqual(["room1"]);
    expect(await later.room.mappings.remove("room1", { by: "minh" })).toMatchObject({
      refusal: { code: "configured" },
    });
    // Taken out of the file, it is no Thing any more.
    const last = await new MappingHouse({ store: later.store }).restored();
    expect(last.things).toEqual([]);
  });

  test("a collision of the configuration is a problem of the gateway, and the rest works", async () => {
    const house = new MappingHouse();
    await house.transactions.transact((unit) => {
      house.registry.announce({ id: "room1", title: "Theirs", properties: {} }, "mqtt:room1", unit);
    });
    const configured = [ROOM, { ...ROOM, id: "room2" }, { ...ROOM, id: "house" }];
    const later = await new MappingHouse({ store: house.store, configured }).restored();
    expect(later.things).toEqual(["room1", "room2"]);
    expect(later.room.problems).toEqual([
      { code: "mapping", where: "mappings.room1.id", problem: "room1 belongs to mqtt:room1" },
      { code: "mapping", where: "mappings.house.id", problem: "house is the gateway itself" },
    ]);
    expect(later.room.mappings.get("room1")).toMatchObject({ active: false, things: [] });
  });

  test("a house that is full says so, and one whose broker is elsewhere", async () => {
    const house = new MappingHouse({ maxThings: 1, external: true });
    expect(house.room.problems).toEqual([]);
    await house.put(ROOM);
    expect(await house.put({ ...ROOM, id: "room2" })).toMatchObject({ ok: true, value: { active: false } });
    expect(house.room.problems).toEqual([
      { code: "mapping", where: "mappings.room2.id", problem: "the house is full: 1 Things" },
      {
        code: "mapping",
        where: "mqtt.mappings",
        problem: "plain topics are not read with the engine external",
      },
    ]);
    // It is tried again at the next change.
    await house.room.mappings.remove("room1", { by: "minh" });
    expect(await house.put({ ...ROOM, id: "room2" })).toMatchObject({ value: { active: true } });
  });

  test("somebody else's change is not overwritten unseen", async () => {
    const house = new MappingHouse();
    const made = await house.put(ROOM);
    const revision = made.ok ? made.value.revision : "";
    const changed = await house.put({ ...ROOM, title: "A" }, revision);
    expect(changed.ok).toBe(true);
    expect(await house.put({ ...ROOM, title: "B" }, revision)).toMatchObject({
      refusal: { code: "changed" },
    });
    expect(await house.room.mappings.remove("room1", { by: "minh", revision })).toMatchObject({
      refusal: { code: "changed" },
    });
    expect(await house.put({ ...ROOM, id: "new" }, "x")).toMatchObject({ refusal: { code: "changed" } });
  });

  test("what is not sound changes nothing, and says where", async () => {
    const house = new MappingHouse();
    const bad = {
      ...ROOM,
      properties: { "air/temperature": { read: { topic: "homie/5/lock/lock/locked" } } },
    };
    expect(await house.put(bad)).toMatchObject({
      refusal: {
        code: "invalid-mapping",
        errors: [
          {
            path: "properties.air/temperature.read.topic",
            problem: "expected a plain topic: homie/… means something of its own",
          },
        ],
      },
    });
    expect(await house.room.mappings.put("other", ROOM, { by: "minh" })).toMatchObject({
      refusal: { errors: [{ path: "id" }] },
    });
    expect(house.things).toEqual([]);
    expect(house.changes).toBe(0);
  });

  test("an earlier version's mapping that is not sound any more is shown, and can be mended", async () => {
    const house = new MappingHouse();
    await house.store.commit(
      [{ op: "put", table: "topic-mappings", key: "old", value: { id: "old", what: 1 } }],
      "power",
    );
    await house.restored();
    expect(house.room.mappings.get("old")).toMatchObject({
      active: false,
      problems: [
        { path: "properties", problem: "is missing" },
        { path: "what", problem: "unknown key" },
      ],
    });
    expect(await house.put({ ...ROOM, id: "old" })).toMatchObject({ ok: true });
    expect(house.room.problems).toEqual([]);
  });
});
