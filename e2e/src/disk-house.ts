import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type MqttClient } from "mqtt";
import { expect } from "vitest";
import type { StatusReport } from "../../gateway/daemon/src/cli/commands-status.ts";
import { ADMIN, call, MARK, setUp } from "./http.ts";
import { describeDevice, messages, PROBE, publish, subscribe } from "./mosquitto.ts";
import { type GatewayHandle, startGateway, tram } from "./processes.ts";

export const RULES = `
- id: cool
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ set: fan/fan/on, value: true }]
`;
/** A rule that takes its time, in milliseconds. */
export const late = (delayMs: number): string => `
- id: late
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ delay: ${delayMs}ms }, { set: fan/fan/on, value: true }]
`;
export const TEMPERATURE = "homie/5/sensor/air/temperature";
export const SET_FAN = "homie/5/fan/fan/on/set";

export async function describeHouse(port: number): Promise<void> {
  await describeDevice(port, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
  await describeDevice(port, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
}

export const report = (port: number, payload: string, qos: 0 | 1 = 0): Promise<void> =>
  publish(port, PROBE, { topic: TEMPERATURE, payload, retain: true, qos });

/** A house that has lived: two Things, a value, an administrator. Killed, so that the newest of it lies in the log. */
export async function oldData(config: string): Promise<void> {
  const gateway = await startGateway(config);
  await describeHouse(gateway.mqttPort);
  await report(gateway.mqttPort, "21.5", 1);
  await setUp(gateway);
  await gateway.process.end("SIGKILL");
}

export async function status(
  data: string,
  environment: Record<string, string> = { TRAM_DATA: data },
): Promise<{ code: number | null; text: string; report: StatusReport }> {
  const people = await tram(["status"], environment);
  const programs = await tram(["status", "--json"], environment);
  expect(programs.code, people.stderr).toBe(people.code);
  return { code: people.code, text: people.stdout, report: JSON.parse(programs.stdout) as StatusReport };
}

export function logged(gateway: GatewayHandle, text: string): Promise<true> {
  return gateway.process.until(text, ({ stderr }) => (stderr.includes(text) ? true : undefined), 90_000);
}

/** Everything that must hold while nothing can be kept. */
export async function expectLocalControl(gateway: GatewayHandle): Promise<void> {
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
export class Device implements AsyncDisposable {
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

export async function expectRefusals(gateway: GatewayHandle): Promise<void> {
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
export async function expectOldData(config: string, data: string): Promise<void> {
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

/** The disk under a gateway, for writes to its database: they fail while it is told to. */
export function breakableDisk(folder: string) {
  const shim = join(folder, "disk-shim.so");
  const source = new URL("../../gateway/daemon/src/store/fixtures/disk-shim.c", import.meta.url).pathname;
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]);
  const fault = join(folder, "fault");
  return {
    environment: { LD_PRELOAD: shim, SHIM_FAULT: fault },
    breakWith: (errno: number) => writeFileSync(fault, String(errno)),
    heal: () => rmSync(fault),
  };
}

export function digestOf(...files: string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex");
}
