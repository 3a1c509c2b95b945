import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { type Credential, claim, comeUp, enter } from "./claiming-device.ts";
import { ADMIN, call, MARK, setUp } from "./http.ts";
import {
  freePort,
  house,
  Process,
  tram as runTram,
  startGateway,
  TRAM,
  temporaryFolder,
} from "./processes.ts";

const PASSPHRASE = "một đàn trâu đi qua đồng";
const RULES = `- id: heat
  triggers: [{ id: hot, numeric: { property: lamp/relay/on, above: 30 } }]
  actions: [{ set: lamp/relay/on, value: false }]
`;

function cli(data: string) {
  return async (...args: string[]) => {
    const done = await runTram([...args, "--json"], { TRAM_DATA: data });
    const body: unknown = done.stdout === "" ? undefined : JSON.parse(done.stdout);
    return { ...done, body };
  };
}

/** All bytes of a folder, for a search. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("a device that was paired with one gateway goes on with another, which was restored from the backup of the first", async () => {
  using first = temporaryFolder("backup-a");
  using second = temporaryFolder("backup-b");
  const mqtts = await freePort();
  const accounts = `
  listeners:
    - { id: safe, protocol: mqtts, host: 127.0.0.1, port: ${mqtts} }`;
  const origin = house(first.path, { rules: RULES, accounts });
  writeFileSync(join(origin.rulesDir, "rules.test.yaml"), "[]\n");
  const file = join(first.path, "house.backup");
  const secret = join(first.path, "passphrase");
  writeFileSync(secret, `${PASSPHRASE}\n`);
  let lamp: Credential;
  let authority: string;
  let pump: { cert: Buffer; key: Buffer };
  {
    const gateway = await startGateway(origin.config);
    await using process_ = gateway.process;
    const tram = cli(origin.data);
    await setUp(gateway);
    expect(await tram("ca", "init")).toMatchObject({ code: 0 });
    expect(
      await runTram(["ca", "issue", "pump", "-o", join(first.path, "pump")], { TRAM_DATA: origin.data }),
    ).toMatchObject({ code: 0 });
    pump = {
      cert: readFileSync(join(first.path, "pump.pem")),
      key: readFileSync(join(first.path, "pump.key")),
    };
    authority = readFileSync(join(first.path, "pump-ca.pem"), "utf8");
    const { body } = await tram("pair");
    lamp = (await claim(gateway.mqttPort, (body as { code: string }).code, {
      id: "lamp",
      kind: "esp8266-homie",
    })) as Credential;
    const device = await comeUp(gateway.mqttPort, lamp);
    await expect.poll(async () => (await tram("get", "lamp", "on")).body).toMatchObject({ value: false });
    expect(await tram("set", "lamp", "on", "true", "--wait", "10")).toMatchObject({ code: 0 });

    const made = await tram("backup", file, "--passphrase-file", secret);
    expect(made, made.stderr).toMatchObject({
      code: 0,
      body: { file, counts: { things: 1, credentials: 2, users: 1, ruleFiles: 1 }, gateway: { id: "house" } },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(origin.data)).not.toContain("backup.tmp");
    expect((await tram("audit")).stdout).toMatch(/backup-taken/);
    await device.endAsync();
    expect(process_.stderr + process_.stdout).not.toContain(PASSPHRASE);
  }
  const sealed = readFileSync(file).toString("latin1");
  for (const text of ["lamp", "PRIVATE KEY", "probe-password", "SQLite", "heat"])
    expect(sealed).not.toContain(text);

  const config = join(second.path, "tram.yaml");
  const data = join(second.path, "data");
  const tram = cli(data);
  const restored = await tram("restore", file, "--passphrase-file", secret, "--config", config);
  expect(restored, restored.stderr).toMatchObject({ code: 0, body: { restored: true, data, notes: [] } });
  expect(readdirSync(join(second.path, "rules")).sort()).toEqual(["rules.test.yaml", "rules.yaml"]);
  expect(existsSync(join(data, "tls/server.key"))).toBe(false);

  const gateway = await startGateway(config);
  await using _second = gateway.process;
  expect(gateway.setupCode).toBeUndefined();
  expect((await tram("get", "lamp", "on")).body).toMatchObject({ value: true });
  // What was in memory alone when the backup was made is in it, too.
  expect((await runTram(["history", "lamp", "relay/on", "--json"], { TRAM_DATA: data })).stdout).toContain(
    "true",
  );
  expect((await tram("rules", "list")).stdout).toMatch(/"heat"/);
  expect((await call(gateway, "POST", "/api/v1/session", { body: ADMIN, headers: MARK })).status).toBe(204);
  expect((await tram("audit")).stdout).toMatch(/backup-restored.*/);
  expect((await tram("audit")).stdout).toMatch(/administrator|credential-granted/);
  const device = await comeUp(gateway.mqttPort, lamp);
  expect(await tram("set", "lamp", "on", "true", "--wait", "10")).toMatchObject({ code: 0 });
  await device.endAsync();
  // Over TLS: the certificate of the broker is new, who signed it is not.
  const over = await connectAsync(
    `mqtts://127.0.0.1:${mqtts}`,
    { ...pump, ca: authority, reconnectPeriod: 0, protocolVersion: 5 },
    false,
  );
  await over.endAsync(true);
  await enter(gateway.mqttPort, { username: "probe", password: "probe-password" }).then((probe) =>
    probe.endAsync(),
  );
}, 240_000);

test.skipIf(chromiumMissing())(
  "the system page hands out a backup that can be opened, and a support bundle",
  async () => {
    using folder = temporaryFolder("backup-web");
    const { config, data } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { headers } = await setUp(gateway);
    const reader = await call(gateway, "POST", "/api/v1/tokens", {
      headers,
      body: { name: "r", scopes: ["control"] },
    });
    const body = { passphrase: PASSPHRASE };
    for (const [more, status] of [
      [{}, 401],
      [{ headers: { authorization: `Bearer ${(reader.body as { token: string }).token}` } }, 403],
      [{ headers: { cookie: headers.cookie ?? "" } }, 403],
    ] as const) {
      expect((await call(gateway, "POST", "/api/v1/backup", { body, ...more })).status).toBe(status);
    }
    const short = await call(gateway, "POST", "/api/v1/backup", {
      headers,
      body: { passphrase: "kurz & knapp".slice(0, 9) },
    });
    expect(short).toMatchObject({ status: 400, body: { code: "passphrase" } });
    expect(JSON.stringify(short.body)).not.toContain("kurz");

    const browser = await openBrowser();
    await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
    const context = await browser.newContext({ locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(gateway.web);
    await page.getByLabel("User name").fill(ADMIN.username);
    await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page
      .getByRole("link", { name: /System/ })
      .first()
      .click();
    await page.getByLabel("Passphrase").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Download a backup" }).click();
    await page.getByText("The two are not the same.").waitFor();
    await page.getByLabel("The same again").fill(PASSPHRASE);
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download a backup" }).click();
    const file = join(folder.path, (await coming).suggestedFilename());
    expect(file).toMatch(/tram-house-\d{8}\.backup$/);
    await (await coming).saveAs(file);
    const secret = join(folder.path, "passphrase");
    writeFileSync(secret, PASSPHRASE);
    expect(await cli(data)("restore", file, "--check", "--passphrase-file", secret)).toMatchObject({
      code: 0,
      body: { sound: true, counts: { users: 1, ruleFiles: 1 } },
    });
    const bundle = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download a support bundle" }).click();
    expect((await bundle).suggestedFilename()).toMatch(/\.support\.tar\.gz$/);
    await expectAccessible(page, "system");
  },
  240_000,
);

test("what is in the way is told, and nothing is changed", async () => {
  using folder = temporaryFolder("backup-refused");
  const { config, data } = house(folder.path, { rules: RULES });
  const tram = cli(data);
  const file = join(folder.path, "house.backup");
  const [secret, wrong, short] = ["right", "wrong", "short"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(secret, PASSPHRASE);
  writeFileSync(wrong, `${PASSPHRASE}?`);
  writeFileSync(short, "kurz\n");
  expect(await tram("backup", file, "--passphrase-file", secret)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no gateway answers/),
  });
  {
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    for (const [args, code, words] of [
      [["backup", file, "--passphrase-file", short], 2, /expected 12 to 1024 characters, found 4/],
      [["backup", file], 2, /--passphrase-file/],
      [["backup", join(folder.path, "nowhere/x"), "--passphrase-file", secret], 1, /nowhere\/x\.new/],
      [["backup"], 2, /found no argument/],
    ] as const) {
      const found = await tram(...args);
      expect(found, args.join(" ")).toMatchObject({ code, stderr: expect.stringMatching(words) });
    }
    expect(await tram("backup", file, "--passphrase-file", secret)).toMatchObject({ code: 0 });
    const running = await tram("restore", file, "--passphrase-file", secret, "--config", config);
    expect(running).toMatchObject({ code: 1, stderr: expect.stringMatching(/a gateway runs on .*stop/) });
  }
  const torn = join(folder.path, "torn.backup");
  writeFileSync(torn, readFileSync(file));
  truncateSync(torn, statSync(file).size - 1);
  const before = filesOf(data).map((path) => [path, readFileSync(path).toString("base64")]);
  for (const [args, code, words] of [
    [["restore", file, "--passphrase-file", wrong, "--config", config], 1, /that is not the passphrase/],
    [["restore", torn, "--passphrase-file", secret, "--config", config], 1, /the backup is damaged/],
    [
      ["restore", config, "--passphrase-file", secret, "--config", config],
      1,
      /expected a backup, found another kind/,
    ],
    [
      ["restore", join(folder.path, "none"), "--passphrase-file", secret, "--config", config],
      1,
      /found no such file/,
    ],
    [
      ["restore", file, "--passphrase-file", secret, "--config", join(secret, "tram.yaml")],
      1,
      /right: expected a folder that can be written/,
    ],
    [["restore"], 2, /found no file/],
  ] as const) {
    const found = await tram(...args);
    expect(found, args.join(" ")).toMatchObject({ code, stderr: expect.stringMatching(words) });
  }
  expect(filesOf(data).map((path) => [path, readFileSync(path).toString("base64")])).toEqual(before);
  const checked = await tram("restore", file, "--check", "--passphrase-file", secret);
  expect(checked).toMatchObject({ code: 0, body: { sound: true, counts: { ruleFiles: 1 } } });
}, 240_000);

test("killed at any moment, a restore leaves the old house or the new one, never half of each", async () => {
  using folder = temporaryFolder("backup-killed");
  const { config, data, rulesDir } = house(folder.path, { rules: RULES });
  const tram = cli(data);
  const file = join(folder.path, "house.backup");
  const secret = join(folder.path, "passphrase");
  writeFileSync(secret, PASSPHRASE);
  {
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    expect(await tram("backup", file, "--passphrase-file", secret)).toMatchObject({ code: 0 });
    // Only the house of now knows the administrator and the second rule.
    await setUp(gateway);
    writeFileSync(join(rulesDir, "later.yaml"), RULES.replace("heat", "later"));
  }
  let restored = false;
  for (let round = 0; round < 5 && !restored; round++) {
    const restoring = new Process(
      process.execPath,
      [TRAM, "restore", file, "--passphrase-file", secret, "--config", config, "--json"],
      { TRAM_DATA: data },
    );
    // From its first file in the data folder on it is a matter of milliseconds.
    while (restoring.child.exitCode === null && !existsSync(join(data, "restore.staging"))) {
      await new Promise((resolve) => setTimeout(resolve, 1)); // Polling a foreign process: it has no event for us.
    }
    const end = performance.now() + round * 15;
    while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
    await restoring.end("SIGKILL");
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const ids = ((await tram("rules", "list")).body as { rules: { id: string }[] }).rules
      .map(({ id }) => id)
      .sort();
    const setupNeeded = gateway.setupCode !== undefined;
    expect([ids.join(), setupNeeded], `round ${round}`).toEqual(
      setupNeeded ? ["heat", true] : ["heat,later", false],
    );
    restored = setupNeeded;
  }
}, 240_000);
