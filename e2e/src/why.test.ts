import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TracesView, WhyView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const RULES = `
- id: cool
  triggers:
    - { id: hot, numeric: { property: sensor/air/temperature, above: 30 } }
  conditions:
    - { state: { property: sensor/air/door, is: false } }
  actions:
    - { set: fan/fan/on, value: true }
- id: "off"
  enabled: false
  triggers: [{ time: "07:00" }]
  actions: [{ notify: Hello }]
- id: waits
  triggers: [{ numeric: { property: sensor/air/temperature, above: 25 }, for: 5m }]
  actions: [{ notify: Warm }]
- id: fails
  triggers: [{ numeric: { property: sensor/air/temperature, below: 0 } }]
  actions: [{ stop: "the pipe is frozen", error: true }]
- id: runs-away
  triggers: [{ state: { property: sensor/air/temperature } }]
  actions: [{ repeat: { while: [{ expression: "true" }] }, do: [{ variables: { x: 1 } }] }]
- id: slow
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ delay: 10m }]
`;

async function why(data: string, ...args: string[]): Promise<WhyView> {
  const { code, stderr, stdout } = await tram(["rules", "why", ...args, "--json"], { TRAM_DATA: data });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as WhyView;
}

async function traces(data: string, rule: string): Promise<TracesView> {
  const { code, stderr, stdout } = await tram(["rules", "trace", rule, "--json"], { TRAM_DATA: data });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as TracesView;
}

async function report(mqttPort: number, property: string, payload: string): Promise<void> {
  await publish(mqttPort, PROBE, { topic: `homie/5/sensor/air/${property}`, payload, retain: true });
}

async function furnish(mqttPort: number): Promise<void> {
  await describeDevice(mqttPort, PROBE, "sensor", {
    air: { temperature: { datatype: "float" }, door: { datatype: "boolean" } },
  });
  await describeDevice(mqttPort, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
}

describe.skipIf(mosquittoMissing())("why a rule did not fire", () => {
  test("for a condition, for the edge, because it waits, is disabled, paused, busy or broken", async () => {
    using folder = temporaryFolder("why");
    const { config, data, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { mqttPort } = gateway;
    await furnish(mqttPort);
    await report(mqttPort, "door", "true");
    await report(mqttPort, "temperature", "20.5");
    await report(mqttPort, "temperature", "21.5");
    await expect
      .poll(async () => (await traces(data, "cool")).traces[0])
      .toMatchObject({ outcome: "rejected", trigger: "hot", seen: 21.5, detail: "not true" });
    expect((await why(data, "cool")).headline).toMatch(
      /^No trigger fired\. hot: .* it is not true: saw 21\.5/,
    );

    await report(mqttPort, "temperature", "31.5");
    await expect
      .poll(async () => (await why(data, "cool")).headline)
      .toMatch(
        /^At \S+ hot fired \(saw 31\.5\), but a condition did not hold: conditions\[0\]: sensor\/air\/door is false \(saw true\)\.$/,
      );
    // The door closes: the condition holds now, but the edge is spent.
    await report(mqttPort, "door", "false");
    await report(mqttPort, "temperature", "32.5");
    await expect.poll(async () => (await why(data, "cool")).conditionsHold).toBe(true);
    await expect
      .poll(async () => (await why(data, "cool")).triggers[0])
      .toMatchObject({ status: "true", seen: 32.5, verdict: "was true before: it fires when that begins" });

    expect(await why(data, "waits")).toMatchObject({
      status: "active",
      triggers: [{ status: "waits", seen: 32.5 }],
      headline: expect.stringMatching(/^Not yet\. .* and waits: \d min.* of 5 min left\.$/) as string,
    });
    expect(await why(data, "off")).toMatchObject({
      status: "disabled",
      headline: "The rule is disabled in its file: its triggers are not looked at.",
      triggers: [{ status: "planned", wants: "07:00" }],
    });
    expect(await why(data, "runs-away")).toMatchObject({
      status: "paused",
      headline: expect.stringMatching(
        /^The rule is paused until .*: more than 10000 operations at one go\.$/,
      ) as string,
    });
    expect(await why(data, "slow")).toMatchObject({
      headline: expect.stringMatching(
        /^A run is under way since .*: actions\[0\]: delay, .* of 10 min left\.$/,
      ) as string,
      runs: [{ id: "slow-1" }],
    });
    const words = await tram(["rules", "why", "cool"], { TRAM_DATA: data });
    expect(words.stdout).toMatch(
      /cool, active, at \S+, as it is now\n {2}hot: sensor\/air\/temperature is above 30: .*\n {2}✓ conditions\[0\]/,
    );
    for (const wrong of [["cool", "--at", "yesterday"], ["cool", "cool"], []]) {
      expect((await tram(["rules", "why", ...wrong], { TRAM_DATA: data })).code).toBe(2);
    }
    expect((await tram(["rules", "why", "nobody"], { TRAM_DATA: data })).code).toBe(1);

    const admin = await setUp(gateway);
    const bad = await call(gateway, "GET", "/api/v1/rules/cool/why?at=07:30", admin);
    expect(bad).toMatchObject({ status: 400, body: { code: "bad-parameter" } });
    expect((await call(gateway, "GET", "/api/v1/rules/cool/traces?limit=0", admin)).status).toBe(400);
    const few = await call(gateway, "GET", "/api/v1/rules/cool/traces?limit=1", admin);
    expect((few.body as TracesView).traces).toHaveLength(1);

    writeFileSync(join(rulesDir, "broken.yaml"), "- { id: torn, triggers: [{ tiem: 1 }], actions: [] }\n");
    await expect.poll(async () => (await tram(["rules", "why", "torn"], { TRAM_DATA: data })).code).toBe(0);
    expect(await why(data, "torn")).toMatchObject({
      status: "unavailable",
      headline: expect.stringMatching(/^The rule cannot run: .*triggers\[0\]/) as string,
    });
  });

  test("at a time of the past: by the diary, and after a restart by the journal on disk", async () => {
    using folder = temporaryFolder("why-past");
    const { config, data } = house(folder.path, { rules: RULES, extra: "events: { disk_mb: 16 }" });
    const first = await startGateway(config);
    await using _first = first.process;
    await furnish(first.mqttPort);
    await report(first.mqttPort, "door", "true");
    await report(first.mqttPort, "temperature", "21.5");
    await report(first.mqttPort, "temperature", "31.5");
    await expect.poll(async () => (await why(data, "cool")).headline).toMatch(/but a condition did not hold/);
    const at = new Date().toISOString();
    await report(first.mqttPort, "door", "false");
    await report(first.mqttPort, "temperature", "22.5");
    await expect.poll(async () => (await why(data, "cool")).conditionsHold).toBe(true);
    const then = await why(data, "cool", "--at", at);
    expect(then).toMatchObject({
      basis: "diary",
      conditionsHold: false,
      conditions: [{ passed: false, seen: true }],
      triggers: [{ status: "true", seen: 31.5 }],
      headline: expect.stringMatching(
        /^At \S+ hot fired \(saw 31\.5\), but a condition did not hold/,
      ) as string,
    });
    expect(then.traces.map(({ outcome }) => outcome)).toContain("condition-false");
    await first.process.end("SIGTERM");

    const second = await startGateway(config);
    await using _second = second.process;
    const again = await why(data, "cool", "--at", at);
    expect(again).toMatchObject({
      basis: "journal",
      conditions: [{ passed: false, seen: true }],
      headline: expect.stringMatching(
        /^By the journal: at \S+ hot fired \(saw 31\.5\), but a condition/,
      ) as string,
    });
    expect(again.unknown[0]).toMatch(/^What the rule really did/);
    expect(await why(data, "cool", "--at", "2026-01-01T00:00:00Z")).toMatchObject({ basis: "nothing" });
  });

  test("an error is kept through kill -9, and counted, not repeated", async () => {
    using folder = temporaryFolder("why-pinned");
    const { config, data } = house(folder.path, { rules: RULES });
    const first = await startGateway(config);
    await using _first = first.process;
    await furnish(first.mqttPort);
    for (const value of ["5", "-1", "5", "-2", "5", "-3"]) await report(first.mqttPort, "temperature", value);
    await expect
      .poll(async () => (await traces(data, "fails")).pinned)
      .toMatchObject([
        { outcome: "failed", detail: "actions[0]: the pipe is frozen", count: 3, pinned: true },
      ]);
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _second = second.process;
    const kept = await traces(data, "fails");
    expect(kept.traces.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(kept.pinned).toMatchObject([
      { outcome: "failed", detail: "actions[0]: the pipe is frozen", pinned: true },
    ]);
    const words = await tram(["rules", "trace", "fails"], { TRAM_DATA: data });
    expect(words.stdout).toMatch(
      /Errors that are kept:\n\S+ {2}failed {2}\S+ {2}actions\[0\]: the pipe is frozen\n$/,
    );
  });
});
