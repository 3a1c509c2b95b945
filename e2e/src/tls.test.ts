import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import mqtt, { type IClientOptions } from "mqtt";
import { expect, test } from "vitest";
import { freePort, house, tram as runTram, startGateway, temporaryFolder } from "./processes.ts";

test("an authority is made while the gateway runs; a device enters with its certificate alone, and is cut off when that is revoked", async () => {
  using folder = temporaryFolder("tls");
  const [mqtts, wss] = [await freePort(), await freePort()];
  const { config, data } = house(folder.path, {
    accounts: `
  listeners:
    - { id: safe, protocol: mqtts, host: 127.0.0.1, port: ${mqtts} }
    - { id: strict, protocol: wss, host: 127.0.0.1, port: ${wss}, client_certificates: required }`,
  });
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const tram = (...args: string[]): ReturnType<typeof runTram> => runTram(args, { TRAM_DATA: data });

  expect((await tram("ca", "issue", "pump")).stderr).toMatch(/ca init/);
  expect(await tram("ca", "init")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/SHA-256 ([0-9A-F]{2}:){31}/),
  });
  expect(await tram("ca", "init"), "again").toMatchObject({ code: 1 });
  expect(await tram("ca", "issue", "pump", "--out", join(folder.path, "pump"))).toMatchObject({ code: 0 });
  const file = (name: string): string => join(folder.path, name);
  expect(statSync(file("pump.key")).mode & 0o777).toBe(0o600);
  const identity = { cert: readFileSync(file("pump.pem")), key: readFileSync(file("pump.key")) };
  const ca = readFileSync(file("pump-ca.pem"));
  const dial = (url: string, options: IClientOptions): ReturnType<typeof mqtt.connectAsync> =>
    mqtt.connectAsync(url, { ca, reconnectPeriod: 0, protocolVersion: 5, ...options }, false);

  // The broker's certificate stands for its address: this client checks it.
  const pump = await dial(`mqtts://127.0.0.1:${mqtts}`, identity);
  await pump.publishAsync("homie/5/pump/$state", "init", { qos: 1, retain: true });
  await expect(pump.publishAsync("homie/5/fan/$state", "init", { qos: 1 })).rejects.toMatchObject({
    code: 135,
  });
  const web = await dial(`wss://127.0.0.1:${wss}/mqtt`, { ...identity, clientId: "web" });
  await expect(dial(`mqtts://127.0.0.1:${mqtts}`, { clientId: "nobody" })).rejects.toThrow();
  await expect(
    dial(`wss://127.0.0.1:${wss}/mqtt`, { clientId: "bare", username: "probe", password: "probe-password" }),
  ).rejects.toThrow();
  // A password is as good where a certificate is optional.
  const probe = await dial(`mqtts://127.0.0.1:${mqtts}`, { username: "probe", password: "probe-password" });

  const old = connect({ port: mqtts, host: "127.0.0.1", ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" });
  await expect(
    new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject)),
  ).rejects.toThrow();

  const ended = Promise.all(
    [pump, web].map((client) => new Promise((resolve) => client.once("close", () => resolve(undefined)))),
  );
  expect(await tram("ca", "revoke", "pump")).toMatchObject({ code: 0 });
  await ended;
  await expect(dial(`mqtts://127.0.0.1:${mqtts}`, identity)).rejects.toThrow();
  expect(gateway.process.stderr).toMatch(/it was revoked/);
  expect(probe.connected).toBe(true);
  expect((await tram("ca", "list")).stdout).toMatch(/pump.*revoked/);
  expect((await tram("audit")).stdout).toMatch(/certificate-revoked/);
  expect((await tram("ca", "export", "--crl")).stdout).toMatch(/^-----BEGIN X509 CRL-----/);
  expect(gateway.process.stderr + (await tram("audit", "--json")).stdout).not.toContain("PRIVATE KEY");
  expect(existsSync(file("fan.key"))).toBe(false);

  await probe.endAsync(true);
});

test("a new authority stands beside the one before; when that was stolen, it stands alone", async () => {
  using folder = temporaryFolder("tls-rotation");
  const mqtts = await freePort();
  const listeners = `
  listeners: [{ id: safe, protocol: mqtts, host: 127.0.0.1, port: ${mqtts} }]`;
  const { config, data } = house(folder.path, { accounts: listeners });
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const tram = (...args: string[]): ReturnType<typeof runTram> => runTram(args, { TRAM_DATA: data });
  const file = (name: string): string => join(folder.path, name);
  await tram("ca", "init");
  await tram("ca", "export", "--out", file("old.pem"));
  const knock = async (ca: string): Promise<void> => {
    const options = { ca: readFileSync(ca), reconnectPeriod: 0, clientId: "late" };
    const who = { username: "probe", password: "probe-password" };
    const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${mqtts}`, { ...options, ...who }, false);
    await client.endAsync(true);
  };

  expect(await tram("ca", "rotate", "authority", "--overlap", "30")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/one before counts until \d{4}-/),
  });
  expect(await tram("ca", "rotate", "authority"), "another one would end that").toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/still counts/),
  });
  await knock(file("old.pem"));
  expect(await tram("ca", "rotate", "authority", "--overlap", "0")).toMatchObject({ code: 0 });
  await expect(knock(file("old.pem"))).rejects.toThrow();
  expect(await tram("ca", "export", "--out", file("new.pem"))).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/SHA-256/),
  });
  await knock(file("new.pem"));
  expect(await tram("ca", "export", "--der"), "to a terminal").toMatchObject({ code: 2 });
  expect(await tram("ca", "export", "--der", "--out", file("new.der"))).toMatchObject({ code: 0 });
  const exported = new X509Certificate(readFileSync(file("new.der")));
  expect(exported.toString()).toBe(readFileSync(file("new.pem"), "utf8"));
});
