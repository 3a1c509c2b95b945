import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import type { StatusReport } from "../../gateway/daemon/src/cli/commands-status.ts";
import { ADMIN, call, MARK, setUp } from "./http.ts";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { Disks, mountsMissing } from "./mounts.ts";
import { type GatewayHandle, house, Process, startGateway, temporaryFolder, tram } from "./processes.ts";

const RULES = `
- id: cool
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ set: fan/fan/on, value: true }]
`;
/** A rule that takes its time, in milliseconds. */
const late = (delayMs: number): string => `
- id: late
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ delay: ${delayMs}ms }, { set: fan/fan/on, value: true }]
`;
const TEMPERATURE = "homie/5/sensor/air/temperature";
const SET_FAN = "homie/5/fan/fan/on/set";

async function describeHouse(port: number): Promise<void> {
  await describeDevice(port, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
  await describeDevice(port, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
}

const report = (port: number, payload: string, qos: 0 | 1 = 0): Promise<void> =>
  publish(port, PROBE, { topic: TEMPERATURE, payload, retain: true, qos });

/** A house that has lived: two Things, a value, an administrator. Killed, so that the newest of it lies in the log. */
async function oldData(config: string): Promise<void> {
  const gateway = await startGateway(config);
  await describeHouse(gateway.mqttPort);
  await report(gateway.mqttPort, "21.5", 1);
  await setUp(gateway);
  await gateway.process.end("SIGKILL");
}

async function status(
  data: string,
  environment: Record<string, string> = { TRAM_DATA: data },
): Promise<{ code: number | null; text: string; report: StatusReport }> {
  const people = await tram(["status"], environment);
  const programs = await tram(["status", "--json"], environment);
  expect(programs.code, people.stderr).toBe(people.code);
  return { code: people.code, text: people.stdout, report: JSON.parse(programs.stdout) as StatusReport };
}

function logged(gateway: GatewayHandle, text: string): Promise<true> {
  return gateway.process.until(text, ({ stderr }) => (stderr.includes(text) ? true : undefined), 90_000);
}

/** Everything that must hold while nothing can be kept. */
async function expectLocalControl(gateway: GatewayHandle): Promise<void> {
  const port = gateway.mqttPort;
  await using actuator = await subscribe(port, PROBE, SET_FAN);
  const commands = (count: number): Promise<true> =>
    actuator.until(`${count} commands`, () => (messages(actuator).length >= count ? true : undefined));
  await report(port, "20");
  await report(port, "31");
  await commands(1);

  // The same at QoS 1: heard and acted on, not acknowledged, and the connection stands.
  await using device = await Device.connect(port);
  device.report("20");
  device.report("32");
  await commands(2);
  await device.hears("32");
  expect(device.acknowledged).toEqual([]);
  expect(device.client.connected).toBe(true);
}

/** A device that publishes at QoS 1 and hears what it says: what follows its message has come after it. */
class Device implements AsyncDisposable {
  readonly client: MqttClient;
  readonly acknowledged: string[] = [];
  readonly #heard = new Set<string>();
  #onMessage: () => void = () => undefined;
  closed = 0;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("close", () => this.closed++);
    client.on("message", (_topic, payload) => {
      this.#heard.add(String(payload));
      this.#onMessage();
    });
  }

  static async connect(port: number): Promise<Device> {
    const client = connect({ host: "127.0.0.1", port, ...PROBE, reconnectPeriod: 100 });
    await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
    const device = new Device(client);
    await client.subscribeAsync(TEMPERATURE, { qos: 0 });
    return device;
  }

  report(payload: string): void {
    const acknowledged = (error?: Error | null): void => {
      if (!error) this.acknowledged.push(payload);
    };
    this.client.publish(TEMPERATURE, payload, { qos: 1, retain: true }, acknowledged);
  }

  async hears(payload: string): Promise<void> {
    while (!this.#heard.has(payload)) {
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

async function expectRefusals(gateway: GatewayHandle): Promise<void> {
  await using actuator = await subscribe(gateway.mqttPort, PROBE, SET_FAN);
  // Somebody must be able to sign in and see; the browser is promised nothing for longer than it is open.
  const signIn = await call(gateway, "POST", "/api/v1/session", { body: ADMIN, headers: MARK });
  expect(signIn.status).toBe(204);
  const cookie = signIn.headers.get("set-cookie") ?? "";
  expect(cookie).not.toMatch(/Max-Age/);
  const headers = { ...MARK, cookie: cookie.split(";")[0] ?? "" };
  const path = "/api/v1/things/fan/properties/fan/on";
  const write = await call(gateway, "PUT", path, { body: { value: false }, headers });
  expect(write).toMatchObject({ status: 503, body: { code: "not-stored" } });
  await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined));
  const token = await call(gateway, "POST", "/api/v1/tokens", {
    body: { name: "p", scopes: ["read"] },
    headers,
  });
  expect(token).toMatchObject({ status: 503, body: { code: "not-stored" } });
}

/** What `oldData` left is there, unchanged. */
async function expectOldData(config: string, data: string): Promise<void> {
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  expect((await status(data)).report).toMatchObject({
    healthy: true,
    gateway: { store: "ok", problems: [] },
  });
  const things = JSON.parse((await tram(["things", "--json"], { TRAM_DATA: data })).stdout);
  expect(things.things.map(({ thing }: { thing: { id: string } }) => thing.id).sort()).toEqual([
    "fan",
    "sensor",
  ]);
  const value = JSON.parse(
    (await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data })).stdout,
  );
  expect(value).toMatchObject({ value: 21.5, quality: "stale" });
  expect(gateway.setupCode).toBeUndefined();
  const signIn = await call(gateway, "POST", "/api/v1/session", { body: ADMIN, headers: MARK });
  expect(signIn.status).toBe(204);
}

function digestOf(...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}

describe.skipIf(mosquittoMissing() || mountsMissing())("a data folder on a read-only disk", () => {
  const readOnly = (data: string): string => `mount --bind ${data} ${data}\nmount -o remount,ro,bind ${data}`;

  test("the house works from memory, nothing is acknowledged, and the disk is not touched", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    const files = [join(data, "tram.db"), join(data, "tram.db-wal")];
    const before = digestOf(...files);

    await using disks = await Disks.mount(readOnly(data));
    const gateway = await disks.gateway(config);
    await using _process = gateway.process;
    expect(gateway.setupCode).toBeUndefined();
    const { code, text, report: shown } = await status(data);
    expect(code).toBe(1);
    expect(text).toMatch(/store +keeps nothing \(read-only\)/);
    expect(text).toMatch(/problem .*\/data: the data folder cannot be written \(.+\): nothing new is kept/);
    expect(shown).toMatchObject({ healthy: false, gateway: { store: "failing", storeCode: "read-only" } });
    expect(shown.gateway.problems.map(({ code: problem }) => problem)).toEqual(["store", "socket"]);
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 21.5, quality: "stale" });

    await expectLocalControl(gateway);
    await expectRefusals(gateway);
    const lines = gateway.process.stderr.split("\n").filter((line) => /"level":(?:40|50)/.test(line));
    expect(
      lines.filter((line) => /store|database/.test(line)),
      "told at the edge",
    ).toHaveLength(1);
    expect((await gateway.process.end("SIGTERM")).code).toBe(0);
    expect(digestOf(...files)).toBe(before);
    await expectOldData(config, data);
  });

  test("writable again, it goes on by itself, and a device is asked for what was not acknowledged", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    await using disks = await Disks.mount(readOnly(data));
    const gateway = await disks.gateway(config);
    await using _process = gateway.process;
    await using device = await Device.connect(gateway.mqttPort);
    device.report("25");
    await device.hears("25");
    expect(device.acknowledged).toEqual([]);
    // While only the memory knows it: a Thing that is described now must be there after a restart.
    const describe_ = async (id: string): Promise<void> => {
      const description = { homie: "5.0", version: 1, name: id, nodes: {} };
      const topic = `homie/5/${id}/$description`;
      await publish(gateway.mqttPort, PROBE, {
        topic,
        payload: JSON.stringify(description),
        retain: true,
        qos: 0,
      });
    };
    await describe_("newcomer");

    disks.run(`mount -o remount,rw,bind ${data}`);
    await logged(gateway, '"the store keeps again"');
    await device.client.publishAsync(TEMPERATURE, "26", { qos: 1, retain: true });
    expect(device.acknowledged).toEqual(["25"]);
    expect(device.closed).toBe(1);
    await gateway.process.end("SIGKILL");

    const again = await startGateway(config);
    await using _again = again.process;
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 26 });
    const things = await tram(["things", "--json"], { TRAM_DATA: data });
    expect(things.stdout).toContain('"newcomer"');
    expect((await status(data)).code).toBe(0);
  });
});

describe.skipIf(mosquittoMissing() || mountsMissing())("a data folder on a full disk", () => {
  test("at the start: the house works from memory; when there is room again it goes on, and repeats nothing", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    const kept = join(folder.path, "kept");
    renameSync(data, kept);
    mkdirSync(data);
    // As after a power cut: the log is there, its index is not, and there is no room to make it.
    await using disks = await Disks.mount(`
      mount -t tmpfs -o size=4m none ${data}
      cp ${kept}/tram.db ${kept}/tram.db-wal ${data}/
      dd if=/dev/zero of=${data}/fill bs=4k 2>/dev/null || true`);
    const before = disks.run(`cat ${data}/tram.db ${data}/tram.db-wal | sha256sum`);
    // What lies in the namespace alone is not seen from here; the runtime folder is.
    const environment = { TRAM_RUNTIME: join(folder.path, "run") };
    const gateway = await disks.gateway(config, environment);
    await using _process = gateway.process;
    const { code, text, report: shown } = await status(data, environment);
    expect(code).toBe(1);
    expect(text).toMatch(/store +keeps nothing \(full\)/);
    expect(text).toMatch(/the disk is full .* What to do: free space/);
    expect(shown).toMatchObject({ gateway: { store: "failing", storeCode: "full" } });
    await expectLocalControl(gateway);
    await expectRefusals(gateway);
    expect(disks.run(`cat ${data}/tram.db ${data}/tram.db-wal | sha256sum`)).toBe(before);

    disks.run(`rm ${data}/fill`);
    await logged(gateway, '"the store keeps again"');
    await report(gateway.mqttPort, "21.5", 1);
    expect((await status(data, environment)).report).toMatchObject({ healthy: true });
    await gateway.process.end("SIGKILL");
    disks.run(`cp ${data}/tram.db* ${folder.path}/`);

    for (const name of ["tram.db", "tram.db-wal"]) renameSync(join(folder.path, name), join(data, name));
    await expectOldData(config, data);
  });
});

describe.skipIf(mosquittoMissing())("a data folder whose place is taken by a file", () => {
  /** At QoS 0: nothing is acknowledged here. */
  async function describeUnkept(port: number): Promise<void> {
    const nodes = {
      sensor: { air: { properties: { temperature: { datatype: "float" } } } },
      fan: { fan: { properties: { on: { datatype: "boolean", settable: true } } } },
    };
    for (const [id, described] of Object.entries(nodes)) {
      const payload = JSON.stringify({ homie: "5.0", version: 1, name: id, nodes: described });
      await publish(port, PROBE, { topic: `homie/5/${id}/$description`, payload, retain: true, qos: 0 });
      await publish(port, PROBE, { topic: `homie/5/${id}/$state`, payload: "ready", retain: true, qos: 0 });
    }
  }

  test("the house works from memory, and keeps all of it once the folder can be made", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    writeFileSync(data, "somebody's file");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { code, text } = await status(data);
    expect(code).toBe(1);
    expect(text).toMatch(
      /problem .*\/data: the data folder cannot be used \(expected a folder that can be made, found EEXIST/,
    );
    const setup = await call(gateway, "POST", "/api/v1/setup", {
      body: { code: "AAAA-AAAA", ...ADMIN },
      headers: MARK,
    });
    expect(setup.status).toBe(410);
    const { code: setupCode } = JSON.parse((await tram(["setup", "--json"], { TRAM_DATA: data })).stdout);
    const refused = { body: { code: setupCode, ...ADMIN }, headers: MARK };
    expect(await call(gateway, "POST", "/api/v1/setup", refused)).toMatchObject({
      status: 503,
      body: { code: "not-stored" },
    });
    await describeUnkept(gateway.mqttPort);
    await expectLocalControl(gateway);
    expect(readFileSync(data, "utf8")).toBe("somebody's file");

    rmSync(data);
    await logged(gateway, '"the store keeps again"');
    await report(gateway.mqttPort, "21.5", 1);
    expect((await call(gateway, "POST", "/api/v1/setup", refused)).status).toBe(204);
    await gateway.process.end("SIGKILL");
    await expectOldData(config, data);
  });

  test("when another database appears there, the gateway starts anew in a quiet moment", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: late(15_000) });
    await oldData(config);
    renameSync(data, join(folder.path, "away"));
    writeFileSync(data, "somebody's file");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeUnkept(gateway.mqttPort);
    await report(gateway.mqttPort, "20");
    await using actuator = await subscribe(gateway.mqttPort, PROBE, SET_FAN);
    await report(gateway.mqttPort, "31");
    rmSync(data);
    cpSync(join(folder.path, "away"), data, { recursive: true });

    // The rule is in the middle of its delay: the gateway waits for its end.
    await logged(gateway, '"the disk came back with another database');
    const { report: shown } = await status(data);
    expect(shown.gateway.problems).toContainEqual(
      expect.objectContaining({ code: "restart", problem: expect.stringContaining("the rule late") }),
    );
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined));
    // What nobody confirms is under way for ten seconds more.
    await logged(gateway, '"starting anew, to take up what the disk holds"');
    await gateway.process.until("the second start", ({ stdout }) =>
      (stdout.match(/^\{"web"/gm) ?? []).length === 2 ? true : undefined,
    );
    expect((await status(data)).report).toMatchObject({ healthy: true });
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 21.5 });
    expect((await gateway.process.end("SIGTERM")).code).toBe(0);
  });
});

describe.skipIf(mosquittoMissing() || process.platform !== "linux")(
  "a disk that turns read-only while the gateway runs",
  () => {
    const EROFS = "30";

    test("a run that ends meanwhile does not come back with a restart", async () => {
      using folder = temporaryFolder("disk");
      const shim = join(folder.path, "disk-shim.so");
      const source = new URL("../../gateway/daemon/src/store/fixtures/disk-shim.c", import.meta.url).pathname;
      execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]);
      const fault = join(folder.path, "fault");
      const { config, data } = house(folder.path, { rules: late(3_000) });
      const gateway = await startGateway(config, { LD_PRELOAD: shim, SHIM_FAULT: fault });
      await using _process = gateway.process;
      const port = gateway.mqttPort;
      await describeHouse(port);
      await using actuator = await subscribe(port, PROBE, SET_FAN);
      await report(port, "20", 1);
      await report(port, "31", 1); // Kept: the run is under way on the disk too.

      writeFileSync(fault, EROFS);
      await using device = await Device.connect(port);
      device.report("20");
      await device.hears("20");
      const { code, text, report: shown } = await status(data);
      expect([code, shown.gateway.storeCode]).toEqual([1, "read-only"]);
      expect(text).toMatch(/store +keeps nothing \(read-only\)/);
      await actuator.until("the action", () => (messages(actuator).length > 0 ? true : undefined));
      await publish(port, PROBE, { topic: "homie/5/fan/fan/on", payload: "true", qos: 0, retain: true }); // Confirmed.
      expect(device.acknowledged).toEqual([]);

      rmSync(fault);
      await logged(gateway, '"the store keeps again"');
      await gateway.process.end("SIGKILL");
      const again = await startGateway(config);
      await using _again = again.process;
      const rules = JSON.parse((await tram(["rules", "list", "--json"], { TRAM_DATA: data })).stdout);
      expect(rules.rules).toMatchObject([{ id: "late", running: 0 }]);
      // A run that the disk still held would be over by now: it is long due, and carried out at the start.
      const traces = JSON.parse(
        (await tram(["rules", "trace", "late", "--json"], { TRAM_DATA: data })).stdout,
      );
      expect(traces.traces).toEqual([]);
      expect((await status(data)).code).toBe(0);
    });
  },
);

test("a clock that nothing has set is told, with what it means and what to do", async () => {
  using folder = temporaryFolder("disk");
  const { config, data } = house(folder.path);
  writeFileSync(config, readFileSync(config, "utf8").replace("clock: trusted", "clock: auto"));
  const script = new URL("../fixtures/no-clock.js", import.meta.url).pathname;
  await using gateway = new Process(process.execPath, [script, config]);
  await gateway.until("the gateway", ({ stdout }) => (stdout.includes("up") ? true : undefined));
  const { code, text, report: shown } = await status(data);
  expect(code).toBe(1);
  expect(text).toMatch(/clock +not set since power-on: times may be wrong, rules at a time of day wait/);
  expect(text).toMatch(
    /problem +gateway\.clock: nothing has set the clock .* What to do: give the machine a time server/,
  );
  expect(shown.gateway).toMatchObject({ clock: "untrusted", store: "ok" });
});
