import type { Thing, ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { type Deed, RunawayError, VirtualHouse, type VirtualHouseOptions } from "./virtual-house.ts";

const MORNING = Date.UTC(2026, 5, 1, 6);
const THINGS: readonly Thing[] = [
  { id: "well", title: "Well", properties: { "level/percent": { type: "number", unit: "%" } } },
  { id: "pump", title: "Pump", properties: { "relay/on": { type: "boolean" } } },
  { id: "lamp", title: "Lamp", properties: { "light/on": { type: "boolean" } } },
];
const PUMP = `
- id: dry
  triggers: [{ numeric: { property: well/level/percent, below: 5 }, for: 1m }]
  actions: [{ set: pump/relay/on, value: false }]
- id: light
  triggers: [{ state: { property: pump/relay/on, to: false } }]
  actions: [{ set: lamp/light/on, value: true }]
`;

function house(text: string, options: Partial<VirtualHouseOptions> = {}) {
  const deeds: Deed[] = [];
  const traces: string[] = [];
  const made = new VirtualHouse({
    compile: (view, previous) =>
      compile([{ file: "rules.yaml", text }], {
        house: view,
        timezone: "UTC",
        ...(previous === undefined ? {} : { previous }),
      }),
    things: THINGS,
    wall: MORNING,
    listener: {
      deed: (deed) => deeds.push(deed),
      trace: (rule, { outcome, detail }) => traces.push(`${rule} ${outcome} ${detail ?? ""}`),
    },
    ...options,
  });
  const told = () =>
    deeds
      .splice(0)
      .map(({ at, effect }) =>
        effect.kind === "set"
          ? `${at} ${effect.thing}/${effect.property}=${effect.value}`
          : `${at} ${effect.kind}`,
      );
  return { made, told, traces };
}

test("a command is confirmed by its Thing, and other rules hear of it", () => {
  const { made, told } = house(PUMP, { answer: () => ({ kind: "confirm", afterMs: 250 }) });
  made.know("pump", "relay/on", { value: true, quality: "good" });
  made.start();
  made.report("well", "level/percent", 3);
  made.advance(59_999);
  expect(told()).toEqual([]);
  made.advance(1);
  expect(told()).toEqual(["60000 pump/relay/on=false"]);
  expect(made.read("pump", "relay/on")).toMatchObject({ value: true, quality: "good" });
  made.advance(250);
  expect(made.read("pump", "relay/on")).toMatchObject({ value: false, quality: "good" });
  expect(told()).toEqual(["60250 lamp/light/on=true"]);
});

test.each([
  ["silent", { kind: "silent" } as const, ""],
  ["failing", { kind: "fail", reason: "out of oil" } as const, ""],
])("a Thing may be %s", (_name, answer, trace) => {
  const { made, told, traces } = house(PUMP, { answer: () => answer });
  made.know("pump", "relay/on", { value: true, quality: "good" });
  made.start();
  made.report("well", "level/percent", 3);
  made.advance(120_000);
  expect(told()).toEqual(["60000 pump/relay/on=false"]);
  expect(made.read("pump", "relay/on")?.value).toBe(true);
  if (trace !== "") expect(traces).toContain(trace);
});

test("a power cut in the middle of a wait: the remainder runs, and a Thing that is heard again lets it fire", () => {
  const { made, told } = house(PUMP, { comeBackMs: 1_000 });
  made.start();
  made.report("well", "level/percent", 3);
  made.advance(10_000);
  made.powerCut(20_000, "untrusted");
  expect(made.clock.instant).toMatchObject({
    bootId: "boot-2",
    trust: "untrusted",
    wall: Date.UTC(2020, 0, 1),
  });
  expect(made.read("well", "level/percent")?.quality).toBe("stale");
  made.advance(1_000);
  expect(made.read("well", "level/percent")?.quality).toBe("good");
  // How long it was off nobody knows: the minute is that since the boot, 20 s before the rules came back.
  made.advance(38_000);
  expect(told()).toEqual([]);
  made.advance(1_000);
  expect(told()[0]).toMatch(/^\d+ pump\/relay\/on=false$/);
});

test("a Thing that is lost does not let a wait fire, until it is found", () => {
  const { made, told } = house(PUMP);
  made.start();
  made.report("well", "level/percent", 3);
  made.reach("well", "lost");
  made.advance(120_000);
  expect(told()).toEqual([]);
  made.reach("well", "ready");
  expect(told()).toEqual(["120000 pump/relay/on=false", "120000 lamp/light/on=true"]);
});

test("rules that drive each other round and round end with an error, and not never", () => {
  const { made } = house(
    `
- { id: on, triggers: [{ time: "06:01" }, { state: { property: lamp/light/on, to: false } }], actions: [{ set: lamp/light/on, value: true }] }
- { id: off, triggers: [{ state: { property: lamp/light/on, to: true } }], actions: [{ set: lamp/light/on, value: false }] }
`,
  );
  made.start();
  // The command service counts how many commands led to each other, so this circle ends by itself.
  expect(() => made.advance(60_000)).not.toThrow();
  expect(() => {
    for (;;) made.send({ kind: "wakeup" });
  }).toThrow(RunawayError);
});

test("Things that come later are known to rules that waited for them", () => {
  const { made, told } = house(
    `- { id: short, triggers: [{ state: { property: lamp/on } }], actions: [{ notify: changed }] }`,
    { things: [] },
  );
  made.start();
  made.report("lamp", "light/on", false);
  made.report("lamp", "light/on", true);
  expect(told()).toEqual([]);
  made.announce(THINGS[2] as Thing);
  made.report("lamp", "light/on", true);
  made.report("lamp", "light/on", false);
  expect(told()).toEqual(["0 notify"]);
  expect(made.program.rules.size).toBe(1);
  made.retire("lamp" as ThingId);
  expect(made.read("lamp", "light/on")).toBeUndefined();
});
