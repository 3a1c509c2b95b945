import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { JsonObject } from "@tram/protocol";
import { Bluemix } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";
import { openRelay } from "./relay.ts";

const PATIENCE = { timeout: 45_000 };
const TOKEN = "8?xRZ-planted-token";
const RELAY = { type: "tram-thing", id: "house_relay" };

/** What a device has said under an event, without what a check leaves there. */
function said(ibm: Bluemix, device: string, event: string): readonly JsonObject[] {
  return ibm
    .events()
    .filter((each) => each.device.id === device && each.event === event)
    .map(({ payload }) => JSON.parse(payload.toString()) as JsonObject)
    .filter(({ name }) => name !== "cloud/check");
}

describe.skipIf(mosquittoMissing())("a gateway at IBM", () => {
  test("is added by a command: readings arrive, a command is answered over kill -9 and an outage, its token is nowhere", async () => {
    using folder = temporaryFolder("cloud-ibm");
    await using ibm = await Bluemix.open();
    ibm.registry.addGateway({ type: "tram-gateway", id: "house" }, TOKEN);
    ibm.registry.addType("tram-thing");
    const file = (name: string): string => join(folder.path, name);
    writeFileSync(file("root.pem"), ibm.rootCa);
    writeFileSync(file("token"), `${TOKEN}\n`);
    writeFileSync(file("wrong-token"), "planted-wrong-token\n");
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const environment = { TRAM_DATA: data };
    const add = (more: Readonly<Record<string, string>> = {}) => {
      const options = {
        host: ibm.host,
        port: String(ibm.port),
        org: ibm.registry.org,
        "gateway-type": "tram-gateway",
        "token-file": file("token"),
        ca: file("root.pem"),
        set: 'commands=["relay"]',
        ...more,
      };
      const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      return tram(["cloud", "add", "ibm", ...args], environment);
    };
    const first = await startGateway(config);
    await using _first = first.process;

    // Nothing of what cannot work is kept.
    const refused = await add({ "token-file": file("wrong-token") });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/mqtt: .*the token is not that of g:a1b2c3:tram-gateway:house/);
    expect((await add({ org: "nobody" })).stderr).toMatch(/mqtt: /);
    expect((await add({ host: "https://ibm.example" })).stderr).toMatch(/host: expected text/);
    expect(existsSync(join(data, "cloud"))).toBe(false);
    const before = ibm.incidents.length;

    const added = await add();
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout).toMatch(/✓ +publish +the cloud has taken a message on iot-2\/type\/tram-gateway/);
    expect(added.stdout).toContain("ibm is added as house.");
    for (const name of readdirSync(join(data, "cloud/ibm"))) {
      expect(statSync(join(data, "cloud/ibm", name)).mode & 0o777, name).toBe(0o600);
    }
    expect(readFileSync(join(data, "cloud/ibm/cloud.json"), "utf8")).toContain(TOKEN);

    // Readings, as events of devices that IBM registers by itself.
    await describeDevice(mqttPort, PROBE, "meter", { tank: { level: { datatype: "float" } } });
    await describeDevice(mqttPort, PROBE, "relay", {
      switch: { on: { datatype: "boolean", settable: true } },
    });
    const level = (payload: string) =>
      publish(mqttPort, PROBE, { topic: "homie/5/meter/tank/level", payload, retain: true });
    await level("1.5");
    await expect
      .poll(() => said(ibm, "house_meter", "telemetry"), PATIENCE)
      .toMatchObject([{ name: "tank/level", tank_level: 1.5, quality: "good" }]);
    expect(ibm.registry.devices).toContain("tram-thing/house_meter");
    expect(ibm.management.managed({ type: "tram-gateway", id: "house" })).toBeDefined();

    // A command reaches the relay, and the gateway is killed before that has answered.
    {
      await using relay = await openRelay(mqttPort);
      ibm.command(RELAY, "set", { id: "42", property: "switch/on", value: true });
      await expect.poll(() => relay.set, PATIENCE).toEqual(["true"]);
    }
    ibm.command({ type: "tram-thing", id: "house_meter" }, "set", {
      id: "43",
      property: "tank/level",
      value: 1,
    });
    await expect
      .poll(() => said(ibm, "house_meter", "reply"), PATIENCE)
      .toMatchObject([{ request: "43", state: "refused", code: "forbidden" }]);
    expect(said(ibm, "house_relay", "reply")).toEqual([]);

    const admin = await setUp(first);
    const { body } = await call(first, "GET", "/api/v1/clouds", admin);
    expect(body).toMatchObject({ clouds: [{ id: "ibm", provider: "bluemix", thing: "house" }] });
    const wrong = await call(first, "POST", "/api/v1/clouds", {
      ...admin,
      body: { id: "two", provider: "bluemix", host: "h", org: "o", token: TOKEN.repeat(300) },
    });
    expect(wrong).toMatchObject({
      status: 400,
      body: { errors: [{ path: "gatewayType", problem: "is missing" }, { path: "token" }] },
    });
    const bundle = file("bundle.tar.gz");
    expect((await tram(["support-bundle", bundle], environment)).code).toBe(0);
    const told = [
      gunzipSync(readFileSync(bundle)).toString("latin1"),
      JSON.stringify([body, wrong.body]),
      (await tram(["cloud", "list", "--json"], environment)).stdout,
      (await tram(["cloud", "check", "--json"], environment)).stdout,
      (await tram(["audit", "--json"], environment)).stdout,
      first.process.stdout,
      first.process.stderr,
      refused.stderr,
      added.stdout,
    ].join();
    expect(told).toContain("cloud-added");
    expect(told).not.toContain("planted");

    // IBM is away, and what is read meanwhile waits through the end of the process.
    await ibm.stop();
    await level("2.5");
    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await using _process = second.process;
    await using relay = await openRelay(mqttPort);
    await expect.poll(() => relay.set.length, PATIENCE).toBeGreaterThan(0);
    await relay.report(true);
    await ibm.start();
    await expect
      .poll(() => said(ibm, "house_relay", "reply"), PATIENCE)
      .toMatchObject([{ request: "42", state: "confirmed", value: true, origin: "cloud:ibm" }]);
    await level("3.5");
    const levels = () => [...new Set(said(ibm, "house_meter", "telemetry").map((each) => each.tank_level))];
    await expect.poll(levels, PATIENCE).toEqual([1.5, 2.5, 3.5]);
    // The same request once more is not carried out again.
    const times = relay.set.length;
    ibm.command(RELAY, "set", { id: "42", property: "switch/on", value: true });
    await expect.poll(() => said(ibm, "house_relay", "reply").length, PATIENCE).toBe(2);
    expect(relay.set.length).toBe(times);
    expect(ibm.incidents.slice(before)).toEqual([]);

    expect((await tram(["cloud", "remove", "ibm"], environment)).stdout).toMatch(/^ibm is removed/);
    expect(readdirSync(join(data, "cloud"))).toEqual([]);
    await expect.poll(() => ibm.connected, PATIENCE).toEqual([]);
  });
});
