import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Credential, claim, closed, comeUp, enter } from "./claiming-device.ts";
import { call, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PROBE = { username: "probe", password: "probe-password" };
const EYES = { username: "eyes", password: "eyes-password" };

async function json<T>(args: readonly string[], data: string): Promise<T> {
  const { code, stdout, stderr } = await tram([...args, "--json"], { TRAM_DATA: data });
  expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
  return JSON.parse(stdout) as T;
}

const openPairing = (data: string, ...more: string[]) =>
  json<{ code: string; uri: string }>(["pair", "--minutes", "5", ...more], data);

function credential(reply: Awaited<ReturnType<typeof claim>>): Credential {
  expect(reply).toMatchObject({ password: expect.stringMatching(/^[2-9a-km-np-z]{32}$/) });
  return reply as Credential;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("a device claims its credential, lives with it, survives kill -9, and is gone when it is revoked", async () => {
  using folder = temporaryFolder("pairing");
  const { config, data } = house(folder.path);
  let gateway = await startGateway(config);
  let lamp: Credential;
  let code: string;
  {
    await using process_ = gateway.process;
    const overheard: string[] = [];
    const listeners = await Promise.all([enter(gateway.mqttPort, PROBE), enter(gateway.mqttPort, EYES)]);
    for (const listener of listeners) {
      listener.on("message", (topic, payload) => overheard.push(`${topic} ${payload.toString()}`));
      await listener.subscribeAsync("#", { qos: 1 });
    }
    const svg = join(folder.path, "code.svg");
    const opened = await openPairing(data, "--svg", svg);
    code = opened.code;
    expect(opened.uri).toBe(`mqtt://pair:${code}@127.0.0.1:${gateway.mqttPort}`);
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg /);

    // Another device with the same code hears nothing of this one's answer.
    const neighbour = await enter(gateway.mqttPort, { username: "pair", password: code });
    neighbour.on("message", (topic, payload) => overheard.push(`neighbour ${topic} ${payload.toString()}`));
    await neighbour.subscribeAsync("tram/1/pair/reply");
    lamp = credential(await claim(gateway.mqttPort, code, { id: "lamp", kind: "esp8266-homie" }));
    expect(await claim(gateway.mqttPort, code, { id: "other", kind: "x" })).toMatchObject({
      error: "used-up",
    });

    const device = await comeUp(gateway.mqttPort, lamp);
    await closed(neighbour); // All devices are in: the window closed, and with it what hung on its code.
    const set = await tram(["set", "lamp", "on", "true", "--wait", "10"], { TRAM_DATA: data });
    expect(set).toMatchObject({ code: 0, stdout: "confirmed\n" });
    await expect.poll(() => overheard).toContain("homie/5/lamp/relay/on true");
    expect(overheard.filter((line) => /pair|password/.test(line))).toEqual([]);
    expect(overheard.join("\n")).not.toContain(lamp.password);
    await device.endAsync();
    for (const listener of listeners) await listener.endAsync();
    expect(process_.stderr + process_.stdout).not.toContain(lamp.password);
    expect(process_.stderr + process_.stdout).not.toContain(code);
    await process_.end("SIGKILL");
  }
  for (const file of filesOf(data)) {
    const bytes = readFileSync(file).toString("latin1");
    expect(bytes.includes(lamp.password), file).toBe(false);
    expect(bytes.includes(code), file).toBe(false);
  }

  gateway = await startGateway(config);
  await using _again = gateway.process;
  const device = await comeUp(gateway.mqttPort, lamp);
  const { credentials } = await json<{ credentials: object[] }>(["credentials"], data);
  expect(credentials).toMatchObject([{ id: "lamp", role: "device", kind: "esp8266-homie", connected: true }]);
  const gone = closed(device);
  expect((await tram(["credentials", "revoke", "lamp"], { TRAM_DATA: data })).code).toBe(0);
  await gone;
  await expect(enter(gateway.mqttPort, lamp)).rejects.toThrow(/refused/i);
  expect((await tram(["credentials", "revoke", "lamp"], { TRAM_DATA: data })).code).toBe(1);
  const { entries } = await json<{ entries: { action: string; subject: string }[] }>(["audit"], data);
  const told = entries.map(({ action, subject }) => `${action} ${subject}`).reverse();
  expect(told).toEqual([
    "pairing-opened pairing",
    "credential-granted lamp",
    "claim-refused other",
    "pairing-closed pairing",
    "command lamp/relay/on",
    "credential-revoked lamp",
    "publish-denied homie/5/lamp/$state",
    "login-refused lamp",
  ]);
  expect((await tram(["things"], { TRAM_DATA: data })).stdout).toMatch(/lamp +Relay +lost/);
});

test("over HTTP a device claims with the code alone, and guesses are slowed down", async () => {
  using folder = temporaryFolder("pairing-http");
  const { config } = house(folder.path);
  const gateway: GatewayHandle = await startGateway(config);
  await using _process = gateway.process;
  const { headers } = await setUp(gateway);
  const ask = (code: string, id = "meter") =>
    call(gateway, "POST", "/api/v1/pairing/claim", { body: { code, id, kind: "linux" } });
  expect(await ask("AAA-AAA-AAA")).toMatchObject({ status: 410, body: { code: "closed" } });
  expect((await call(gateway, "POST", "/api/v1/pairing", { body: {} })).status).toBe(401);
  const opened = await call(gateway, "POST", "/api/v1/pairing", { body: { uses: 2 }, headers });
  expect(opened).toMatchObject({ status: 201, body: { open: true, usesLeft: 2 } });
  const { code } = opened.body as { code: string };
  const shown = await call(gateway, "GET", "/api/v1/pairing", { headers });
  expect(shown.body).toEqual({ open: true, expiresInS: expect.any(Number), usesLeft: 2, claimed: [] });

  expect(await ask("AAA-AAA-AAA")).toMatchObject({ status: 403, body: { code: "wrong-code" } });
  const meter = await ask(code.toLowerCase());
  expect(meter).toMatchObject({ status: 200, body: { username: "meter" } });
  const client = await enter(gateway.mqttPort, meter.body as Credential);
  expect(await ask(code)).toMatchObject({ status: 409, body: { code: "taken" } });
  const csr = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----";
  expect(
    await call(gateway, "POST", "/api/v1/pairing/claim", { body: { code, id: "m2", kind: "linux", csr } }),
  ).toMatchObject({ status: 409, body: { detail: "no certificate authority: tram ca init" } });

  let last = await ask("AAA-AAA-AAB");
  for (let count = 0; count < 5 && last.status !== 429; count++) last = await ask(`AAA-AAA-AB${count + 2}`);
  expect(last.status).toBe(429);
  expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await call(gateway, "DELETE", "/api/v1/pairing", { headers })).status).toBe(204);
  expect((await call(gateway, "GET", "/api/v1/pairing", { headers })).body).toEqual({ open: false });

  const gone = closed(client);
  expect((await call(gateway, "DELETE", "/api/v1/credentials/meter", { headers })).status).toBe(204);
  await gone;
});

test("a device that cannot claim is told what to type, and is bound to its topics", async () => {
  using folder = temporaryFolder("pairing-kinds");
  const { config, data } = house(folder.path);
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const plain = await tram(["pair", "--kind", "tasmota", "--id", "plug"], { TRAM_DATA: data });
  expect(plain.code).toBe(0);
  const password = /Password +([2-9a-km-np-z]{32})\n/.exec(plain.stdout)?.[1] ?? "";
  expect(plain.stdout).toContain(`MqttUser plug; MqttPassword ${password}; Topic plug;`);
  const plug = await enter(gateway.mqttPort, { username: "plug", password });
  await plug.publishAsync("tele/plug/LWT", "Online", { qos: 1, retain: true });
  await plug.publishAsync("homeassistant/switch/plug/config", "{}", { qos: 1 });
  expect(await plug.subscribeAsync("cmnd/plug/#")).toMatchObject([{ qos: 0 }]);
  const gone = closed(plug);
  plug.publish("stat/other/POWER", "ON");
  await gone;

  for (const [kind, field] of [
    ["shelly", "MQTT prefix"],
    ["esphome", "topic_prefix: esphome/"],
    ["generic", "Topics"],
    ["dashboard", "Reads"],
    ["node-red", "Writes"],
  ] as const) {
    const { code, stdout } = await tram(["pair", "--kind", kind], { TRAM_DATA: data });
    expect(code, kind).toBe(0);
    expect(stdout, kind).toContain(field);
  }
  const taken = await tram(["pair", "--kind", "tasmota", "--id", "eyes"], { TRAM_DATA: data });
  expect(taken).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("an account of the configuration"),
  });
  expect((await tram(["pair", "--kind", "zigbee"], { TRAM_DATA: data })).code).toBe(2);
  const typed = await tram(["pair"], { TRAM_DATA: data });
  expect(typed.stdout).toMatch(/Claim code {2}[2-9A-Z]{3}-[2-9A-Z]{3}-[2-9A-Z]{3}\n/);
  expect(typed.stdout).toContain("\u2588");
  expect((await tram(["pair", "--close"], { TRAM_DATA: data })).stdout).toBe("Pairing is closed.\n");
});
