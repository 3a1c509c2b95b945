import type { MqttMessage } from "@tram/core";
import type { PropertyKey, Thing, ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { HomieHouse, settled } from "./homie/testing/homie-house.ts";
import { sendHomieCommand } from "./homie-out.ts";

const FAN: Thing = {
  id: "fan",
  title: "Fan",
  properties: {
    "fan/on": { type: "boolean" },
    "fan/speed": { type: "integer", minimum: 0, maximum: 100 },
    "fan/rpm": { type: "number", readOnly: true },
    "fan/tap": { type: "boolean", readOnly: true, momentary: true },
  },
};

async function fanHouse(): Promise<HomieHouse> {
  const house = await new HomieHouse().speak();
  await house.announce(FAN);
  house.news();
  return house;
}

/** Without what descriptions say. */
function outline(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/(\$description) \{.*/, "$1 …"));
}

function versionOf(lines: readonly string[], device: string): number {
  const text = lines.findLast((line) => line.startsWith(`${device}/$description {`)) ?? "";
  return JSON.parse(text.slice(text.indexOf("{"))).version;
}

describe("life", () => {
  test("each describes itself in init, with its values, before it is ready; children before the root", async () => {
    await using house = await new HomieHouse().speak();
    expect(outline(house.news())).toEqual([
      "house/$state init",
      "house/$state init",
      "house/$description …",
      "house/$state ready",
    ]);
    await house.announce(FAN);
    expect(outline(house.news())).toEqual([
      "fan/$state init",
      "fan/$description …",
      "fan/$state init",
      "house/$state init",
      "house/$description …",
      "house/$state ready",
    ]);
    await using later = new HomieHouse(house.store);
    await house.report("fan", "fan/on", true);
    await later.registry.restore(house.store);
    await later.speak();
    expect(outline(later.news("fan"))).toEqual([
      "fan/$state init",
      "fan/$description …",
      "fan/fan/on/$target true",
      "fan/fan/on true",
      "fan/$state init",
    ]);
  });

  test("everything but momentary values is retained", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/tap", true);
    await house.report("fan", "fan/speed", 20);
    const seen = house.heard.map(({ topic, qos }) => [topic, qos]);
    expect(seen).toEqual([
      ["homie/5/fan/fan/tap", 0],
      ["homie/5/fan/fan/speed/$target", 1],
      ["homie/5/fan/fan/speed", 1],
    ]);
    expect(house.retained().filter((topic) => topic.startsWith("fan"))).toEqual([
      "fan/$description",
      "fan/$state",
      "fan/fan/speed",
      "fan/fan/speed/$target",
    ]);
  });

  test("a description that is another has a higher version, and properties that are gone are cleared", async () => {
    await using house = await new HomieHouse().speak();
    await house.announce(FAN);
    await house.report("fan", "fan/speed", 20);
    await house.report("fan", "fan/on", true);
    await house.report("fan", "fan/rpm", 99.5);
    const first = versionOf(house.news(), "fan");
    const { "fan/on": on, "fan/tap": tap } = FAN.properties;
    if (on === undefined || tap === undefined) throw new Error("the fan is another");
    await house.announce({
      ...FAN,
      properties: { "fan/on": on, "fan/tap": tap, "fan/rpm": { type: "string", readOnly: true } },
    });
    const news = house.news();
    expect(outline(news)).toEqual([
      "fan/$state init",
      "fan/fan/speed ",
      "fan/fan/speed/$target ",
      "fan/fan/rpm ",
      "fan/$description …",
      "fan/fan/on true",
      "fan/$state init",
    ]);
    expect(versionOf(news, "fan")).toBeGreaterThan(first);
  });

  test("what the registry thinks of a description is not told again", async () => {
    await using house = await fanHouse();
    await house.transactions.transact((unit) => {
      const record = [...house.registry.records()][0];
      if (record !== undefined) house.bus.emit("thing", { ...record, problem: "x" }, unit);
    });
    await settled();
    expect(house.news()).toEqual([]);
  });

  test("a Thing that is gone is no child of the root any more, then its topics are cleared, the state first", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/on", true);
    house.news();
    await house.retire("fan");
    expect(outline(house.news())).toEqual([
      "house/$state init",
      "house/$description …",
      "house/$state ready",
      "fan/$state ",
      "fan/$description ",
      "fan/fan/on ",
      "fan/fan/on/$target ",
      "fan/fan/speed ",
      "fan/fan/speed/$target ",
      "fan/fan/rpm ",
    ]);
    expect(house.retained()).toEqual(["house/$description", "house/$state"]);
  });

  test("a Thing that goes and comes back at once is cleared before it is described", async () => {
    await using house = await fanHouse();
    await house.transactions.transact((unit) => {
      house.registry.retire(FAN.id as ThingId, "module:sim", unit);
      house.registry.announce(FAN, "module:sim", unit);
    });
    await settled();
    const news = outline(house.news("fan"));
    expect(news.slice(0, 2)).toEqual(["fan/$state ", "fan/$description "]);
    expect(news.slice(-3)).toEqual(["fan/$state init", "fan/$description …", "fan/$state init"]);
  });

  test("all say goodbye", async () => {
    await using house = await fanHouse();
    await house.stop();
    expect(house.news()).toEqual(["fan/$state disconnected", "house/$state disconnected"]);
  });
});

describe("$target", () => {
  test("repeats a command byte by byte, holds while it is under way, and follows the value else", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/speed", 20);
    expect(house.news()).toEqual(["fan/fan/speed/$target 20", "fan/fan/speed 20"]);
    await house.say("fan/fan/speed/set", "080", { retain: false });
    expect(house.news()).toEqual(["fan/fan/speed/$target 080"]);
    await house.report("fan", "fan/speed", 50);
    await house.report("fan", "fan/speed", 80);
    await house.report("fan", "fan/speed", 80);
    expect(house.news()).toEqual(["fan/fan/speed 50", "fan/fan/speed 80", "fan/fan/speed 80"]);
    await house.report("fan", "fan/speed", 10);
    expect(house.news()).toEqual(["fan/fan/speed/$target 10", "fan/fan/speed 10"]);
  });

  test("is what the Thing is when a command has come to nothing", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/on", false);
    house.delivery = async () => ({ outcome: "rejected", reason: "jammed" });
    house.news();
    await house.say("fan/fan/on/set", "true", { retain: false });
    expect(house.news()).toEqual(["fan/fan/on/$target true", "fan/fan/on/$target false"]);
  });

  test("of a later command holds when an earlier one ends", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/speed", 0);
    await house.say("fan/fan/speed/set", "10", { retain: false });
    house.news();
    await house.say("fan/fan/speed/set", "90", { retain: false });
    await house.report("fan", "fan/speed", 10);
    expect(house.news()).toEqual(["fan/fan/speed/$target 90", "fan/fan/speed 10"]);
  });

  test("is not there for what cannot be set, nor for a command that is refused", async () => {
    await using house = await fanHouse();
    await house.report("fan", "fan/rpm", 900);
    expect(await house.say("fan/fan/rpm/set", "1", { retain: false })).toBe(false);
    expect(await house.say("fan/fan/speed/set", "900", { retain: false })).toBe(false);
    expect(await house.say("fan/fan/speed/set", "9")).toBe(false); // Retained.
    expect(house.news()).toEqual(["fan/fan/rpm 900"]);
  });
});

test("a device that gets its name back is not cleared away by us afterwards", async () => {
  await using house = await new HomieHouse().speak();
  await house.say("lamp/$description", {
    homie: "5.0",
    version: 1,
    nodes: { light: { properties: { on: { datatype: "boolean" } } } },
  });
  const rename = (from: string, to: string): Promise<void> =>
    house.transactions.transact((unit) => {
      house.registry.household.rename(from as ThingId, to as ThingId, unit);
    });
  house.news();
  await rename("lamp", "desk");
  await settled();
  expect(outline(house.news("desk"))).toEqual([
    "desk/$state init",
    "desk/$description …",
    "desk/$state init",
  ]);
  await rename("desk", "lamp");
  await settled();
  const news = house.news();
  expect(news.filter((line) => line.startsWith("lamp"))).toEqual([]);
  expect(news).toContain("desk/$state ");
});

test("commands to devices are never retained, and go out at most once to what is momentary", async () => {
  const sent: unknown[] = [];
  const broker = {
    publish: async ({ topic, payload, qos, retain }: MqttMessage) => {
      sent.push([topic, Buffer.from(payload).toString(), qos, retain]);
    },
  };
  const bell: Thing = {
    id: "bell",
    title: "Bell",
    properties: { "bell/ring": { type: "boolean", momentary: true }, "bell/name": { type: "string" } },
  };
  await sendHomieCommand(broker, bell, "bell/ring" as PropertyKey, true);
  await sendHomieCommand(broker, bell, "bell/name" as PropertyKey, "");
  expect(sent).toEqual([
    ["homie/5/bell/bell/ring/set", "true", 0, false],
    ["homie/5/bell/bell/name/set", "\u0000", 1, false],
  ]);
});

test("what is on Homie itself is published by nobody else", async () => {
  await using house = await fanHouse();
  await house.say("lamp/$description", {
    homie: "5.0",
    version: 1,
    nodes: { light: { properties: { on: { datatype: "boolean", settable: true } } } },
  });
  await house.say("lamp/light/on", "true");
  await house.say("lamp/light/on/set", "false", { retain: false });
  await house.say("lamp/$state", "");
  expect(house.news()).toEqual([]);
});
