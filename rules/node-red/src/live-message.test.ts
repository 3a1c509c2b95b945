import fc from "fast-check";
import { expect, test } from "vitest";
import { readLiveMessage } from "./live-message.ts";
import { Mirror } from "./mirror.ts";

const GATEWAY = { id: "house", version: "1", clock: "synced", store: "ok", problems: [] };
const VIEW = {
  value: 21.5,
  quality: "good",
  time: "2026-01-01T00:00:00.000Z",
  receivedAt: "2026-01-01T00:00:00.100Z",
};
const SENSOR = {
  thing: {
    id: "sensor",
    title: "Sensor",
    properties: { "air/temperature": { type: "number", unit: "°C", readOnly: true } },
  },
  availability: "ready",
  properties: { "air/temperature": VIEW },
  alerts: [{ id: "a", text: "low" }],
};
const snapshot = (more: object = {}): string =>
  JSON.stringify({
    type: "snapshot",
    seq: 3,
    gateway: GATEWAY,
    things: [SENSOR],
    rules: [],
    bridges: [],
    modules: [],
    ...more,
  });
const delta = (...changes: unknown[]): string => JSON.stringify({ type: "delta", seq: 4, changes });

function mirrorOf(...messages: string[]): Mirror {
  const mirror = new Mirror();
  for (const text of messages) for (const change of readLiveMessage(text)?.changes ?? []) mirror.take(change);
  return mirror;
}

test("a snapshot is the whole house, and deltas change it", () => {
  const mirror = mirrorOf(
    snapshot({
      rules: [{ id: "hot", title: "Hot", lastTrace: { outcome: "fired" } }],
      bridges: [
        { id: "up", state: "online" },
        { id: "gone", state: "offline" },
      ],
    }),
    delta(
      { kind: "reading", id: "sensor", property: "air/temperature", view: { ...VIEW, value: 30 } },
      { kind: "availability", id: "sensor", availability: "lost" },
      {
        kind: "command",
        command: { id: "c1", thing: "fan", property: "fan/on", state: "sent", value: true },
      },
      { kind: "rule-removed", id: "hot" },
      { kind: "bridge", bridge: { id: "up", state: "offline", queued: 3 } },
      { kind: "bridge-removed", id: "gone" },
      { kind: "alerts", id: "sensor", alerts: [] },
    ),
  );
  expect(mirror.gateway).toMatchObject({ clock: "synced", store: "ok" });
  expect(mirror.things.get("sensor")).toMatchObject({ title: "Sensor", availability: "lost", alerts: [] });
  expect(mirror.things.get("sensor")?.values.get("air/temperature")?.value).toBe(30);
  expect(mirror.command("c1")).toMatchObject({ property: "fan/on", state: "sent" });
  expect([...mirror.rules.keys()]).toEqual([]);
  expect([...mirror.bridges.keys()]).toEqual(["up"]);
  expect(mirror.bridges.get("up")).toMatchObject({ state: "offline", queued: 3 });
});

test("a property may be named without its node where only one has that name", () => {
  const thing = { id: "fan", properties: { "fan/on": {}, "fan/speed": {}, "light/on": {} } };
  const mirror = mirrorOf(snapshot({ things: [{ thing }] }));
  expect(["speed", "on", "fan/on", "nothing"].map((name) => mirror.propertyKey("fan", name))).toEqual([
    "fan/speed",
    "on",
    "fan/on",
    "nothing",
  ]);
  expect(mirror.propertyKey("nobody", "on")).toBe("on");
});

test("what is of an unknown kind is passed over; what is of a known one and broken is counted", () => {
  const read = readLiveMessage(
    delta(
      { kind: "hologram", id: 1 },
      { kind: "constructor" },
      { kind: "__proto__" },
      null,
      { kind: "reading", id: "sensor", property: "a/b", view: { value: 1, quality: "splendid", time: "x" } },
      { kind: "command", command: { id: "c", thing: "t", state: "lost" } },
      { kind: "retired", id: "sensor" },
    ),
  );
  expect(read).toMatchObject({ broken: 2, changes: [{ kind: "retired", id: "sensor" }] });
});

test.each([
  "",
  "null",
  "[]",
  "{",
  "42",
  '{"type":"delta","seq":"4","changes":[]}',
  '{"type":"delta","seq":1.5,"changes":[]}',
  '{"type":"delta","seq":4}',
  '{"type":"snapshot","seq":1}',
  '{"type":"hello","seq":1}',
])("%s is no message of a gateway", (text) => {
  expect(readLiveMessage(text)).toBeUndefined();
});

test("whatever JSON comes, it is read or refused, and the mirror keeps within its bounds", () => {
  const text = fc.constantFrom(
    "thing",
    "reading",
    "command",
    "rule",
    "bridge",
    "bridge-removed",
    "gateway",
    "alerts",
    "notification",
    "retired",
    "availability",
    "rule-removed",
  );
  const change = fc.record(
    {
      kind: text,
      id: fc.string(),
      thing: fc.jsonValue(),
      command: fc.jsonValue(),
      view: fc.jsonValue(),
      property: fc.string(),
      rule: fc.jsonValue(),
      bridge: fc.jsonValue(),
      gateway: fc.jsonValue(),
      alerts: fc.jsonValue(),
    },
    { requiredKeys: ["kind"] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(change, fc.jsonValue())), (changes) => {
      const read = readLiveMessage(delta(...changes));
      expect(read).toBeDefined();
      expect(() => mirrorOf(delta(...changes))).not.toThrow();
    }),
  );
  const many = Array.from({ length: 6_000 }, (_, n) => ({
    kind: "thing",
    thing: { thing: { id: `t${n}` } },
  }));
  const commands = Array.from({ length: 2_000 }, (_, n) => ({
    kind: "command",
    command: { id: `c${n}`, thing: "t", state: "sent" },
  }));
  const mirror = mirrorOf(delta(...many, ...commands));
  expect(mirror.things.size).toBe(5_000);
  expect(mirror.command("c0")).toBeUndefined();
  expect(mirror.command("c1999")).toBeDefined();
  expect(Object.prototype).not.toHaveProperty("polluted");
});
