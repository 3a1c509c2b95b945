import { type Durability, type MqttClient, type Store, Transactions } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import { HousePresence } from "../presence/house-presence.ts";
import type { Identity } from "./identity/identity.ts";
import { listeningLog } from "./listeners/testing/door.ts";
import { mqttHooks } from "./mqtt-adapter.ts";

const CLIENT: MqttClient = {
  id: "smoke",
  username: "smoke",
  address: "192.0.2.7",
  listener: "tcp",
  protocol: "3.1.1",
  connectedAt: 0,
};

test.each([
  ["alarms/smoke", 1, "power"],
  ["alarms/smoke", 0, "crash"],
  ["rooms/kitchen/alarm", 2, "power"],
  ["rooms/kitchen/light", 1, "crash"],
] as const)("what must be kept of %s at QoS %i is kept as strongly as: %s", async (topic, qos, expected) => {
  const memory = new MemoryStore();
  const strengths: Durability[] = [];
  const store: Store = {
    entries: (table) => memory.entries(table),
    rows: (name, options) => memory.rows(name, options),
    extent: (name) => memory.extent(name),
    close: () => memory.close(),
    commit: (operations, durability) => {
      strengths.push(durability);
      return memory.commit(operations, durability);
    },
  };
  const { log } = listeningLog();
  const hooks = mqttHooks({
    identity: { isClaim: () => false } as unknown as Identity,
    presence: new HousePresence(),
    durable: ["alarms/#", "rooms/+/alarm"],
    homie: { take: () => true },
    transactions: new Transactions(store, log, () => undefined),
    log,
  });
  const message = { topic, payload: Buffer.from("on"), qos, retain: true };
  expect(await hooks.accept(CLIENT, message, (unit) => unit.put("retained", topic, "on"))).toBe(true);
  expect(strengths).toEqual([expected]);
});
