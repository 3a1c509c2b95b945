import type { Json } from "@tram/protocol";
import { expect, test } from "vitest";
import { changedPaths } from "./changed-paths.ts";

const BEFORE = {
  log: { level: "info" },
  mqtt: { port: 1883, durable: ["a/#"], clients: [{ username: "a", role: "device" }] },
  cloud: [
    { id: "up", things: ["pump"] },
    { id: "down", rate_s: 5 },
  ],
};

test.each<[string, Json, readonly string[]]>([
  ["nothing", BEFORE, []],
  ["the order of keys", { cloud: BEFORE.cloud, mqtt: BEFORE.mqtt, log: BEFORE.log }, []],
  ["a value", { ...BEFORE, log: { level: "warn" } }, ["log.level"]],
  ["a value that goes", { ...BEFORE, log: {} }, ["log.level"]],
  ["a section that goes", { mqtt: BEFORE.mqtt, cloud: BEFORE.cloud }, ["log.level"]],
  ["a section that comes", { ...BEFORE, http: { port: 1, host: "h" } }, ["http.port", "http.host"]],
  ["an empty section that comes", { ...BEFORE, http: {} }, ["http"]],
  ["a section that becomes something else", { ...BEFORE, log: [] }, ["log"]],
  [
    "an entry's value",
    { ...BEFORE, cloud: [BEFORE.cloud[0], { id: "down", rate_s: 6 }] } as Json,
    ["cloud[1].rate_s"],
  ],
  ["an entry that goes", { ...BEFORE, cloud: [BEFORE.cloud[1]] } as Json, ["cloud"]],
  ["an entry that comes", { ...BEFORE, cloud: [...BEFORE.cloud, { id: "x" }] } as Json, ["cloud"]],
  ["the order of entries", { ...BEFORE, cloud: [...BEFORE.cloud].reverse() } as Json, ["cloud"]],
  [
    "a name of an entry",
    { ...BEFORE, cloud: [{ id: "xx", things: ["pump"] }, BEFORE.cloud[1]] } as Json,
    ["cloud"],
  ],
  ["a list without names", { ...BEFORE, mqtt: { ...BEFORE.mqtt, durable: ["b"] } }, ["mqtt.durable"]],
  ["a secret that is glued to its key", { ...BEFORE, passwordhunter2: 1 }, ["password…"]],
  [
    "the prototype",
    JSON.parse(`{ "__proto__": { "x": 1 }, ${JSON.stringify(BEFORE).slice(1)}`),
    ["__proto__.x"],
  ],
])("%s", (_what, after, paths) => {
  expect(changedPaths(BEFORE, after)).toEqual(paths);
});
