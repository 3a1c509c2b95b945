import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const LAMP = { on: { name: "On", datatype: "boolean", settable: true } };

/** Runs the command line against a gateway. */
function shell(data: string) {
  const environment = { TRAM_DATA: data };
  return {
    run: (...args: readonly string[]) => tram(args, environment),
    json: async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const { stdout, stderr } = await tram([...args, "--json"], environment);
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
  };
}

describe.skipIf(mosquittoMissing())("what the owner decides", () => {
  test("names, areas and the device behind a Thing hold over a crash, and rules do not notice", async () => {
    using folder = temporaryFolder("household");
    const { config, data } = house(folder.path, {
      rules: `
- id: night
  triggers: [{ numeric: { property: sensor/air/lux, below: 10 } }]
  actions: [{ set: hall/light/on, value: true }]
`,
    });
    const { run, json } = shell(data);
    const first = await startGateway(config);
    await using _first = first.process;
    const lamp = (port: number, id: string): Promise<void> =>
      describeDevice(port, PROBE, id, { light: LAMP });
    await lamp(first.mqttPort, "hall");
    await lamp(first.mqttPort, "spare");
    await describeDevice(first.mqttPort, PROBE, "sensor", {
      air: { lux: { name: "Lux", datatype: "float" } },
    });

    expect((await run("areas", "set", "floor", "Ground floor")).code).toBe(0);
    const settings = ["--title", "Hall lamp", "--area", "floor", "--tags", "night,stairs"];
    expect((await run("things", "settings", "hall", ...settings)).code).toBe(0);
    const refused = await run("things", "settings", "hall", "--area", "moon");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("area: there is no area moon"),
    });
    expect((await run("things", "replace", "hall", "spare")).code).toBe(0);
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _second = second.process;
    const port = second.mqttPort;
    expect(await json("things", "hall")).toMatchObject({
      thing: { title: "Hall lamp" },
      settings: { area: "floor", tags: ["night", "stairs"] },
      links: [{ id: "spare" }],
    });
    expect((await run("things", "spare")).code).toBe(1);

    await using device = await subscribe(port, PROBE, "homie/5/spare/+/+/set");
    await lamp(port, "spare");
    await publish(port, PROBE, { topic: "homie/5/sensor/air/lux", payload: "50", retain: true });
    await publish(port, PROBE, { topic: "homie/5/sensor/air/lux", payload: "5", retain: true });
    const set = await device.until("the command of the rule", () => messages(device)[0]);
    expect(set).toEqual({ topic: "homie/5/spare/light/on/set", payload: "true" });
    await publish(port, PROBE, { topic: "homie/5/spare/light/on", payload: "true", retain: true });
    expect(await json("get", "hall", "light/on")).toMatchObject({ value: true, quality: "good" });

    // The broken one is back: it is somebody else now.
    await lamp(port, "hall");
    await publish(port, PROBE, { topic: "homie/5/hall/light/on", payload: "false", retain: true });
    expect(await json("get", "hall", "light/on")).toMatchObject({ value: true });

    const file = join(folder.path, "household.json");
    expect((await run("things", "export", file)).code).toBe(0);
    expect((await run("things", "forget", "hall")).code).toBe(0);
    expect(await json("things", "import", file)).toMatchObject({ settings: 1, links: 1, skipped: [] });
    expect(await json("things", "hall")).toMatchObject({
      thing: { title: "Hall lamp" },
      links: [{ id: "spare" }],
    });
    // A house of a thousand Things is a file of more than a request usually may be.
    const many = [...Array(1_000).keys()].map((turn) => {
      const id = `lamp-${turn}`;
      const properties = { "light/on": { type: "boolean", title: "x".repeat(250) } };
      return { id, source: "module:big", thing: { id, title: id, properties } };
    });
    writeFileSync(
      file,
      JSON.stringify({ format: "household", version: 1, areas: [], settings: {}, links: many }),
    );
    expect(await json("things", "import", file)).toMatchObject({ links: 1_000, skipped: [] });
    writeFileSync(file, '{"format":"household","version":1,"areas":[],"settings":{},"links":[{}]}');
    expect((await run("things", "import", file)).stderr).toContain("links[0]");
  });

  test("a pump stops when its time is over, and machines leave alone what a person has set", async () => {
    using folder = temporaryFolder("household");
    const { config, data } = house(folder.path, {});
    const { run, json } = shell(data);
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const { mqttPort: port } = gateway;
    await describeDevice(port, PROBE, "pump", { motor: LAMP });
    const safety = join(folder.path, "safety.json");
    const safe = { value: false, maxOnMs: 1_000, restMs: 600_000 };
    writeFileSync(safety, JSON.stringify({ "motor/on": { safe, hold: { holdMs: 600_000 } } }));
    expect((await run("things", "settings", "pump", "--file", safety)).code).toBe(0);

    await using device = await subscribe(port, PROBE, "homie/5/pump/motor/on/set");
    const told = (payload: string) =>
      device.until(payload, () => messages(device).find((it) => it.payload === payload));
    await publish(port, PROBE, { topic: "homie/5/pump/motor/on", payload: "true", retain: true });
    await told("false");
    await publish(port, PROBE, { topic: "homie/5/pump/motor/on", payload: "false", retain: true });
    expect(await json("get", "pump", "motor/on")).toMatchObject({ restsUntil: expect.any(String) });

    // A client that sets it past the gateway is not heard either.
    const before = messages(device).length;
    await publish(port, PROBE, { topic: "homie/5/pump/motor/on/set", payload: "true" });
    expect((await run("set", "pump", "motor/on", "true")).code).toBe(0);
    await told("true");
    expect(messages(device).length).toBe(before + 1);
    expect(await json("get", "pump", "motor/on")).toMatchObject({ heldBy: expect.stringMatching(/^api:/) });
    expect((await run("release", "pump", "motor/on")).code).toBe(0);
    expect((await run("release", "pump", "motor/on")).code).toBe(1);
  });

  test("a sleeping device gets the latest command when it wakes, and the same call once more is the same command", async () => {
    using folder = temporaryFolder("household");
    const { config, data } = house(folder.path, {});
    const { run, json } = shell(data);
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const { mqttPort: port } = gateway;
    await describeDevice(port, PROBE, "valve", {
      flow: { level: { name: "Level", datatype: "integer", settable: true } },
    });
    await publish(port, PROBE, { topic: "homie/5/valve/$state", payload: "sleeping", retain: true });
    await using device = await subscribe(port, PROBE, "homie/5/valve/flow/level/set");
    const once = await json("set", "valve", "flow/level", "10", "--key", "k1", "--why", "test");
    expect(await json("set", "valve", "flow/level", "10", "--key", "k1")).toEqual(once);
    expect((await run("set", "valve", "flow/level", "11", "--key", "k1")).code).toBe(1);
    await json("set", "valve", "flow/level", "30");
    expect(messages(device)).toEqual([]);
    await publish(port, PROBE, { topic: "homie/5/valve/$state", payload: "ready", retain: true });
    await device.until("the command", () => messages(device)[0]);
    expect(messages(device).map(({ payload }) => payload)).toEqual(["30"]);
  });
});
