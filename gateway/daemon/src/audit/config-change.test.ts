import { Transactions } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { AuditLog } from "./audit-log.ts";
import { noteConfigChange } from "./config-change.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test("a start with another configuration is entered with the parts that are others; the first start is none", async () => {
  const store = new MemoryStore();
  const transactions = new Transactions(store, silent, () => undefined);
  const audit = new AuditLog({ clock: new VirtualClock(), log: silent, transactions, store });
  const start = (text: string) =>
    noteConfigChange({ file: "/etc/tram/tram.yaml", text }, { store, transactions, audit });
  const details = async () => (await audit.read(9)).map(({ action, detail }) => `${action}: ${detail ?? ""}`);
  await start("mqtt: { port: 1883 }\nlog: { level: info }\n");
  await start("log: { level: info }\n# a comment\nmqtt: { port: 1883 }\n");
  expect(await details()).toEqual([]);
  await start("mqtt: { port: 1884 }\nhttp: { port: 80 }\n");
  expect(await details()).toEqual(["config-changed: http, log, mqtt"]);
  await start("");
  expect((await details())[0]).toBe("config-changed: http, mqtt");
  const kept = JSON.stringify([...(await store.entries("audit"))]);
  expect(kept).not.toContain("1884");
});
