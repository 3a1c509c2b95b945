import { Bus, type MqttMessage, Registry, Transactions } from "@tram/core";
import type { PropertyKey, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { DeviceNames } from "../foreign/device-names.ts";
import { ForeignDevices } from "../foreign/foreign-devices.ts";
import { listeningLog } from "../mqtt/listeners/testing/door.ts";
import { DISCOVERY_LIMIT_BYTES } from "./discovery-config.ts";
import { HassIn } from "./hass-in.ts";

const TEMPERATURE = "air/temperature" as PropertyKey;
const SENSOR = {
  name: "Temperature",
  device_class: "temperature",
  unit_of_measurement: "°C",
  state_topic: "bedroom/state",
  value_template: "{{ value_json.temperature }}",
  device: { identifiers: ["0x01"], name: "Bedroom" },
};

/** A house that devices describe themselves to. */
class House {
  readonly clock = new VirtualClock();
  readonly store: MemoryStore;
  readonly retained = new Map<string, string>();
  readonly forbidden = new Set<string>();
  readonly registry: Registry;
  readonly foreign: ForeignDevices;
  readonly hass: HassIn;
  readonly lines: string[];
  readonly #transactions: Transactions;

  constructor(store = new MemoryStore()) {
    this.store = store;
    const { lines, log } = listeningLog();
    this.lines = lines;
    const bus = new Bus((error) => {
      throw error;
    });
    this.registry = new Registry({ clock: this.clock, bus });
    this.#transactions = new Transactions(store, log, () => undefined);
    const allowed = (_account: string, topic: string): boolean => !this.forbidden.has(topic);
    this.foreign = new ForeignDevices({
      clock: this.clock,
      log,
      registry: this.registry,
      transactions: this.#transactions,
      rights: { mayPublish: allowed, maySubscribe: allowed },
      retained: (topic) => {
        const payload = this.retained.get(topic);
        return payload === undefined ? undefined : message(topic, payload);
      },
      publish: () => undefined,
    });
    const { foreign, registry } = this;
    const names = new DeviceNames({ registry, gateway: "house", isAccount: () => false });
    this.hass = new HassIn({
      clock: this.clock,
      registry,
      transactions: this.#transactions,
      foreign,
      names,
      log,
      prefix: "homeassistant",
    });
  }

  async hear(topic: string, payload: object | string, username = "bridge"): Promise<void> {
    await this.hearMessage(message(topic, payload), username);
  }

  async hearMessage(heard: MqttMessage, username = "bridge"): Promise<void> {
    await this.#transactions.transact((unit) => {
      this.hass.take({ username }, heard, unit);
      this.foreign.take(heard, unit);
    });
  }

  async recall(topic: string, payload: object): Promise<void> {
    await this.hass.recall([message(topic, payload)]);
  }

  get things(): readonly string[] {
    return [...this.registry.records()].map(({ thing }) => thing.id);
  }

  value(thing: string, key = TEMPERATURE): unknown {
    const reading = this.registry.read(thing as ThingId, key);
    return reading && `${reading.value} ${reading.quality}`;
  }

  availability(thing: string): string | undefined {
    return this.registry.get(thing as ThingId)?.availability;
  }
}

function message(topic: string, payload: object | string): MqttMessage {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return { topic, payload: Buffer.from(text), qos: 1, retain: true };
}

const TOPIC = "homeassistant/sensor/0x01/temperature/config";

test("several messages make one Thing, and it goes with the last of them", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  await house.hear("homeassistant/sensor/0x01/humidity/config", {
    ...SENSOR,
    name: "Humidity",
    device_class: "humidity",
    unit_of_measurement: "%",
    value_template: "{{ value_json.humidity }}",
  });
  await house.hear("bedroom/state", { temperature: 21.5, humidity: 40 });
  expect(house.things).toEqual(["bedroom"]);
  expect(house.value("bedroom")).toBe("21.5 good");
  expect(house.value("bedroom", "air/humidity" as PropertyKey)).toBe("40 good");
  await house.hear(TOPIC, "");
  expect(house.registry.thing("bedroom" as ThingId)?.properties).not.toHaveProperty([TEMPERATURE]);
  await house.hear("homeassistant/sensor/0x01/humidity/config", "");
  expect(house.things).toEqual([]);
});

test("another account cannot change a device, nor take it away, nor join it", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  await house.hear(TOPIC, { ...SENSOR, device: { ...SENSOR.device, name: "Stolen" } }, "thief");
  await house.hear(TOPIC, "", "thief");
  expect(house.registry.thing("bedroom" as ThingId)?.title).toBe("Bedroom");
  await house.hear("homeassistant/sensor/0x01/battery/config", { ...SENSOR, device_class: "battery" });
  expect(Object.keys(house.registry.thing("bedroom" as ThingId)?.properties ?? {})).toEqual([
    TEMPERATURE,
    "battery/level",
  ]);
  await house.hear("homeassistant/switch/thief/config", { ...SENSOR, command_topic: "x" }, "thief");
  expect(house.things).toEqual(["bedroom", expect.stringMatching(/^bedroom-0x01/)]);
  expect(house.lines.some((line) => line.includes("a discovery message was refused"))).toBe(true);
});

test("what was said before the device was known counts; after a restart the registry knows better", async () => {
  const house = new House();
  const described = { ...SENSOR, availability_topic: "bridge/state" };
  house.retained.set("bridge/state", "online");
  house.retained.set("bedroom/state", '{"temperature":19}');
  await house.hear(TOPIC, described);
  expect([house.availability("bedroom"), house.value("bedroom")]).toEqual(["ready", "19 good"]);

  const later = new House(house.store);
  await later.registry.restore(house.store);
  await later.hass.restore(house.store);
  later.retained.set("bridge/state", "offline");
  later.retained.set("bedroom/state", '{"temperature":30}');
  await later.recall(TOPIC, described);
  expect([later.availability("bedroom"), later.value("bedroom")]).toEqual(["lost", "19 stale"]);
  await later.recall("homeassistant/sensor/unknown/config", SENSOR);
  expect(later.things).toEqual(["bedroom"]);
});

test("a device that is cleared away before anybody described it again goes too", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  const later = new House(house.store);
  await later.registry.restore(house.store);
  await later.hass.restore(house.store);
  await later.hear(TOPIC, "", "thief");
  expect(later.things).toEqual(["bedroom"]);
  await later.hear(TOPIC, "");
  expect(later.things).toEqual([]);
  expect((await house.store.entries("hass-discovery")).size).toBe(0);
});

test("a device that is renamed stays the Thing that rules name", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  await house.hear(TOPIC, { ...SENSOR, device: { ...SENSOR.device, name: "Nursery" } });
  expect(house.things).toEqual(["bedroom"]);
  expect(house.registry.thing("bedroom" as ThingId)?.title).toBe("Nursery");
});

test("a value that has an end is stale when it is not heard again in time", async () => {
  const house = new House();
  await house.hear(TOPIC, { ...SENSOR, expire_after: 60 });
  await house.hear("bedroom/state", { temperature: 20 });
  await house.clock.advance(50_000);
  await house.hear("bedroom/state", { temperature: 21 });
  await house.clock.advance(50_000);
  expect(house.value("bedroom")).toBe("21 good");
  // Another entity of it is described: the time runs on.
  await house.hear("homeassistant/sensor/0x01/other/config", { ...SENSOR, device_class: "battery" });
  await house.clock.advance(20_000);
  expect(house.value("bedroom")).toBe("21 stale");
  await house.hear("bedroom/state", { temperature: 22 });
  expect(house.value("bedroom")).toBe("22 good");
});

test.each([
  ["latest", ["a online", "b offline"], "lost"],
  ["latest", ["b offline", "a online"], "ready"],
  ["all", ["a online"], "init"],
  ["all", ["a online", "b online"], "ready"],
  ["all", ["a online", "b offline"], "lost"],
  ["any", ["a offline", "b online"], "ready"],
  ["any", ["a offline", "b offline"], "lost"],
])("availability %s, %j: %s", async (mode, heard, expected) => {
  const house = new House();
  await house.hear(TOPIC, { ...SENSOR, availability: [{ topic: "a" }, { t: "b" }], avty_mode: mode });
  for (const line of heard) {
    const [topic = "", payload = ""] = line.split(" ");
    await house.hear(topic, payload);
  }
  // Its other entities bring the same list: what was heard holds.
  await house.hear("homeassistant/sensor/0x01/other/config", {
    ...SENSOR,
    availability: [{ topic: "a" }, { topic: "b" }],
    availability_mode: mode,
  });
  expect(house.availability("bedroom")).toBe(expected);
});

test("a topic that is not its owner's is left out and told", async () => {
  const house = new House();
  house.forbidden.add("bedroom/state");
  await house.hear(TOPIC, SENSOR);
  await house.hear("bedroom/state", { temperature: 20 });
  expect(house.value("bedroom")).toBeUndefined();
  expect(house.registry.get("bedroom" as ThingId)?.problem).toBe(
    "bedroom/state: bridge may not publish there",
  );
});

test("what is refused is told once", async () => {
  const house = new House();
  for (let time = 0; time < 100; time++) await house.hear(TOPIC, "{");
  await house.hear(TOPIC, "[]");
  expect(house.lines.filter((line) => line.includes("a discovery message was refused"))).toHaveLength(2);
});

test("what cannot be a description is refused, and what was there stays", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  for (const payload of [
    "{",
    "[]",
    "7",
    `{"name":"${"x".repeat(DISCOVERY_LIMIT_BYTES)}"}`,
    JSON.stringify({ ...SENSOR, value_template: "{{ states('x') }}" }),
  ]) {
    await house.hear(TOPIC, payload);
  }
  expect(house.things).toEqual(["bedroom"]);
  await house.hear("bedroom/state", { temperature: 20 });
  expect(house.registry.get("bedroom" as ThingId)?.problem).toBe(
    "sensor.temperature.value_template: not supported: function states",
  );
});

test("hostile names and payloads harm nobody", async () => {
  const house = new House();
  await house.hear(TOPIC, SENSOR);
  const hostile = {
    ...SENSOR,
    device: JSON.parse('{"__proto__":{"identifiers":["x"]},"identifiers":["__proto__"],"name":"__proto__"}'),
  };
  await house.hear("homeassistant/sensor/__proto__/config", hostile);
  await house.hear("homeassistant/sensor/constructor/config", {
    ...SENSOR,
    device: { identifiers: [{}], name: 7 },
  });
  await house.hear("bedroom/state", '{"temperature":1e400}');
  expect(house.value("bedroom")).toMatch(/bad$/);
  const bytes = { ...message("bedroom/state", ""), payload: Buffer.from([0xff, 0xfe]) };
  await house.hearMessage(bytes);
  expect(house.registry.read("bedroom" as ThingId, TEMPERATURE)?.problem).toBe("expected UTF-8");
  await house.hear("bedroom/state", '{"temperature":20}');
  expect(house.value("bedroom")).toBe("20 good");
  expect(house.things.every((id) => /^[a-z0-9-]+$/.test(id))).toBe(true);
});
