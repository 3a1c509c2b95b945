import { describe, expect, test } from "vitest";
import { config, MAC } from "../tasmota/fixtures/messages.ts";
import { DeviceNames } from "./device-names.ts";
import { DialectHouse } from "./testing/dialect-house.ts";

/** Devices of the account `zigbee` in a house with these accounts and Things. */
function place(
  title: string,
  there: { accounts?: string[]; things?: string[]; owner?: string } = {},
): string {
  const { accounts = [], owner = "zigbee", things = [] } = there;
  const names = new DeviceNames({
    gateway: "house",
    isAccount: (name) => accounts.includes(name),
    registry: {
      get: () => undefined,
      speaker: (id) => (things.includes(id) ? "foreign:other" : undefined),
    },
  });
  return names.placeFor({ owner, title, identity: "0x01" });
}

describe("the id that a title gives", () => {
  test.each<[title: string, there: NonNullable<Parameters<typeof place>[1]>, id: string | RegExp]>([
    ["Pump", {}, "pump"],
    ["House", {}, "house-0x01"],
    ["House door", {}, "house-door"],
    ["Pump", { things: ["pump"] }, "pump-0x01"],
    ["Pump", { things: ["pump", "pump-0x01"] }, "zigbee-pump"],
    ["Pump", { accounts: ["pump"] }, "zigbee-pump"],
    ["Pump door", { accounts: ["pump"] }, "zigbee-pump-door"],
    ["Pumpkin", { accounts: ["pump"] }, "pumpkin"],
    ["Pump", { accounts: ["pump"], things: ["zigbee-pump"] }, "zigbee-pump-0x01"],
    ["Zigbee", { accounts: ["zigbee"] }, "zigbee"],
    ["Zigbee door", { accounts: ["zigbee"] }, "zigbee-door"],
    // The longer name counts.
    ["Zigbee pump", { accounts: ["zigbee", "zigbee-pump"] }, "zigbee-zigbee-pump"],
    ["Pump", { things: ["pump"], accounts: ["pump-0x01"] }, "zigbee-pump"],
    ["Pump", { accounts: ["pump", "zigbee", "zigbee-pump"] }, "device1"],
    ["Thing", { accounts: ["thing", "zigbee-thing", "device1"] }, "device2"],
    ["!", { accounts: ["thing"] }, "0x01"],
    ["pair", {}, /^pair-[a-z0-9]{7}$/],
  ])("%s in %j", (title, there, id) => {
    if (typeof id === "string") expect(place(title, there)).toBe(id);
    else expect(place(title, there)).toMatch(id);
  });
});

const DISCOVERY = "homeassistant/sensor/x/config";

function sensor(name: string): { [name: string]: string | { ids: string[]; name: string } } {
  return { name: "S", stat_t: "zigbee/s", dev: { ids: ["7"], name } };
}

async function homie(house: DialectHouse, name: string): Promise<void> {
  const said = [
    ["$homie", "4.0.0"],
    ["$name", name],
    ["$nodes", "a"],
    ["a/$properties", "b"],
    ["a/b/$datatype", "boolean"],
    ["$state", "ready"],
  ] as const;
  for (const [topic, text] of said) await house.hear(`homie/lamp/${topic}`, text, { as: "lamp" });
}

test("no device becomes the gateway's own, in whatever dialect it is called so", async () => {
  const house = new DialectHouse();
  await house.hear(DISCOVERY, sensor("House"), { as: "zigbee" });
  await house.hear(`tasmota/discovery/${MAC}/config`, config({ dn: "House" }), { as: "plug" });
  await homie(house, "House");
  expect(house.things).toHaveLength(3);
  expect(house.things).not.toContain("house");
});

test("no device takes the name of another account, nor what is that one's in Homie", async () => {
  const house = new DialectHouse();
  house.accounts.add("pump").add("lamp");
  await house.hear(DISCOVERY, sensor("Pump"), { as: "zigbee" });
  await house.hear(`tasmota/discovery/${MAC}/config`, config({ dn: "Pump valve" }), { as: "plug" });
  await homie(house, "lamp");
  expect(house.things).toEqual(["lamp", "plug-pump-valve", "zigbee-pump"]);
});

test("a device that is there already keeps its id when an account comes, except that of the gateway", async () => {
  const first = new DialectHouse();
  await first.hear(DISCOVERY, sensor("Pump"), { as: "zigbee", retain: true });
  await first.hear(`tasmota/discovery/${MAC}/config`, config({ dn: "Kettle" }), { as: "plug" });
  const later = new DialectHouse(first.store);
  later.accounts.add("pump").add("kettle");
  for (const [topic, payload] of first.retained) later.retained.set(topic, payload);
  await later.start();
  expect(later.things).toEqual(["kettle", "pump"]);
  await later.hear("zigbee/s", "7", { as: "zigbee" });
  expect(later.value("pump", "x/value")).toBe("7 good");
});

test("devices that an earlier version made the gateway's own get ids of their own", async () => {
  const first = new DialectHouse();
  await first.hear(DISCOVERY, sensor("Hut"), { as: "zigbee", retain: true });
  await first.hear(`tasmota/discovery/${MAC}/config`, config({ dn: "Kettle" }), { as: "plug" });
  for (const [table, thing] of [
    ["hass-discovery", "hut"],
    ["foreign-devices", "kettle"],
  ] as const) {
    const rows = await first.store.entries(table);
    await first.forget(thing);
    for (const [key, row] of rows) {
      const value = { ...(row as object), thing: "house" };
      await first.store.commit([{ op: "put", table, key, value }], "crash");
    }
  }
  const later = new DialectHouse(first.store);
  for (const [topic, payload] of first.retained) later.retained.set(topic, payload);
  await later.start();
  expect(later.things).toEqual(["hut", "kettle"]);
});
