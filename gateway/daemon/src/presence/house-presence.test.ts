import { expect, test } from "vitest";
import { HousePresence } from "./house-presence.ts";

test("a client is there while one of its connections is", () => {
  const presence = new HousePresence();
  const told: boolean[] = [];
  presence.onChange(() => told.push(presence.isPresent("mqtt:ha")));
  expect(presence.isPresent("mqtt:ha")).toBe(false);
  presence.connected("ha");
  presence.connected("ha");
  presence.disconnected("ha");
  expect(presence.isPresent("mqtt:ha")).toBe(true);
  presence.disconnected("ha");
  expect(told).toEqual([true, false]);
  presence.disconnected("ha");
  expect(told.length).toBe(2);
});

test("clients of somebody else's broker are nobody's to miss", () => {
  const presence = new HousePresence();
  presence.connect({ cloud: () => undefined, rule: () => true }, { seesClients: false });
  expect(presence.isPresent("mqtt:ha")).toBe(true);
});

test("clouds and rules are asked; people and the gateway are always there", () => {
  const presence = new HousePresence();
  presence.connect(
    { cloud: (id) => (id === "up" ? false : undefined), rule: (id) => id === "heat" },
    { seesClients: true },
  );
  expect(presence.isPresent("cloud:up")).toBe(false);
  expect(presence.isPresent("cloud:other")).toBe(true);
  expect(presence.isPresent("rule:heat")).toBe(true);
  expect(presence.isPresent("rule:gone")).toBe(false);
  for (const origin of ["api:ann", "device", "system", "module:sim"] as const) {
    expect(presence.isPresent(origin)).toBe(true);
  }
});
