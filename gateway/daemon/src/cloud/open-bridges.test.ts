import { Bus, type Log, Unit } from "@tram/core";
import type { Command } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import type { Settings } from "../config/settings.ts";
import type { House } from "../house.ts";
import type { LiveHub } from "../live/live-hub.ts";
import { Teardown } from "../teardown.ts";
import { openBridges } from "./open-bridges.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Log;
const fail = (error: unknown): never => {
  throw error;
};

test("what a cloud needed for an answer is let go when the command ends and the cloud is no more", async () => {
  const store = new MemoryStore();
  const put = (id: string) =>
    ({ op: "put", table: "cloud-requests", key: id, value: { context: { topic: "answers" } } }) as const;
  await store.commit([put("c-1"), put("c-2")], "crash");
  const bus = new Bus(fail);
  const teardown = new Teardown(fail);
  await openBridges(
    {
      settings: { cloud: [], gateway: { id: "gw" } } as unknown as Settings,
      clock: new VirtualClock(),
      store,
      log: silent,
      house: { bus } as unknown as House,
      live: {} as LiveHub,
      bridges: [],
      onBridge: () => ({ [Symbol.dispose]: () => undefined }),
    },
    teardown,
  );
  const command = {
    id: "c-1",
    origin: "cloud:gone",
    state: "sent",
    endedAt: undefined,
  } as unknown as Command;
  for (const each of [
    command,
    { ...command, endedAt: 1 },
    { ...command, id: "c-2", origin: "rule:x", endedAt: 1 },
  ]) {
    const unit = new Unit(store, fail);
    bus.emit("command", each as Command, unit);
    await unit.commit();
  }
  expect([...(await store.entries("cloud-requests")).keys()]).toEqual(["c-2"]);
  await teardown.run();
});
