import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Credential, claim, comeUp, enter } from "./claiming-device.ts";
import { ADMIN, call, setUp } from "./http.ts";
import { house, tram as runTram, startGateway, temporaryFolder } from "./processes.ts";

const PASSPHRASE = "một đàn trâu đi qua đồng";
/** Where a person may have put a secret, each another one. */
const PLANTED = {
  account: "planted-account-1",
  file: "planted-file-2",
  cloud: "planted cloud&3",
  module: "plantedModule4",
  url: "planted-url-5",
  header: "planted-header-6",
  comment: "planted-comment-7",
  rule: "planted-rule-8",
  nodeRed: "0123456789abcdef0123456789abcdef",
  place: "10.776889",
} as const;

/** A secret as it may be written. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64").replace(/=+$/, "");
  // Its last letter depends on what follows.
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString("hex"),
    base64.slice(0, -1),
    bytes.toString("base64url").slice(0, -1),
  ];
}

test("of all secrets that are planted in a house none is in its support bundle", async () => {
  using folder = temporaryFolder("bundle");
  const passwordFile = join(folder.path, "kitchen.password");
  writeFileSync(passwordFile, `${PLANTED.file}\n`);
  writeFileSync(
    join(folder.path, "probe-module.mjs"),
    `export default { name: "probe", version: "1.0.0", sdk: 1, configSchema: {}, capabilities: [], isolation: "child-process", async open() { throw new Error("cannot sign in with ${PLANTED.module}"); } };\n`,
  );
  const { config, data } = house(folder.path, {
    accounts: `    - { username: kitchen, password_file: kitchen.password, role: device }
    - { username: planted, password: ${PLANTED.account}, role: service }`,
    extra: `
modules: [{ id: broken, use: ./probe-module.mjs, config: { api_key: ${PLANTED.module} } }]
cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:1", username: me, password: "${PLANTED.cloud}" }]`,
    rules: `# ${PLANTED.comment}
- id: heat
  title: "see https://me:${PLANTED.url}@example.com/"
  triggers: [{ id: hot, numeric: { property: lamp/relay/on, above: 30 } }]
  actions:
    - { set: lamp/relay/on, value: false }
    - notify: { text: "token=${PLANTED.rule}", headers: { X-Auth: ${PLANTED.header} } }
`,
  });
  const text = readFileSync(config, "utf8");
  writeFileSync(
    config,
    text.replace("timezone: UTC", `timezone: UTC, latitude: ${PLANTED.place}, longitude: 106.7`),
  );
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "node-red.secret"), `${PLANTED.nodeRed}\n`);
  const secret = join(folder.path, "passphrase");
  writeFileSync(secret, PASSPHRASE);
  const environment = { TRAM_DATA: data };
  const found: string[] = [...Object.values(PLANTED), PASSPHRASE, ADMIN.password];
  const file = join(folder.path, "house.tar.gz");
  {
    const gateway = await startGateway(config);
    await using process_ = gateway.process;
    found.push(gateway.setupCode ?? "none");
    const admin = await setUp(gateway);
    found.push(admin.headers.cookie?.split("=")[1] ?? "none");
    const token = await call(gateway, "POST", "/api/v1/tokens", {
      ...admin,
      body: { name: "t", scopes: ["read"] },
    });
    found.push((token.body as { token: string }).token);
    await runTram(["ca", "init"], environment);
    const key = readFileSync(join(data, "tls/ca.key"), "utf8")
      .split("\n")
      .filter((line) => /^[A-Za-z0-9+/]{30,}/.test(line));
    found.push(...key.slice(0, 2));
    const { stdout } = await runTram(["pair", "--json"], environment);
    const { code } = JSON.parse(stdout) as { code: string };
    const lamp = (await claim(gateway.mqttPort, code, { id: "lamp", kind: "esp8266-homie" })) as Credential;
    const device = await comeUp(gateway.mqttPort, lamp);
    found.push(code, lamp.password);
    // What knocks is logged with its name, and what it calls itself may be anything.
    for (const name of [
      PLANTED.account,
      Buffer.from(PLANTED.cloud).toString("hex"),
      `x token=${PLANTED.rule}`,
    ]) {
      await expect(
        enter(gateway.mqttPort, { username: name, password: "wrong" }, { clientId: name }),
      ).rejects.toThrow();
    }
    await runTram(["backup", join(folder.path, "b"), "--passphrase-file", secret], environment);
    await expect.poll(() => process_.stderr, { timeout: 20_000 }).toContain(PLANTED.account);

    const made = await runTram(["support-bundle", file, "--json"], environment);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await device.endAsync();
    const api = await fetch(new URL("/api/v1/support-bundle", gateway.web), { method: "POST", ...admin });
    expect([api.status, api.headers.get("content-type")]).toEqual([200, "application/gzip"]);
    writeFileSync(`${file}.api`, Buffer.from(await api.arrayBuffer()));
    const nobody = await fetch(new URL("/api/v1/support-bundle", gateway.web), { method: "POST" });
    expect(nobody.status).toBe(401);
  }
  const stopped = await runTram(["support-bundle", `${file}.stopped`, "--config", config], environment);
  expect(stopped.stdout, stopped.stderr).toMatch(/does not run/);
  for (const path of [file, `${file}.api`, `${file}.stopped`]) {
    const archive = gunzipSync(readFileSync(path)).toString("utf8");
    for (const each of found) {
      for (const form of forms(each))
        expect(archive.toLowerCase().includes(form.toLowerCase()), `${each} as ${form} in ${path}`).toBe(
          false,
        );
    }
    // It is worth its while all the same.
    for (const part of [
      "README.txt",
      "config.json",
      "system.json",
      "disk.json",
      "proc/meminfo.txt",
      "rules/rules.yaml",
      "lamp/relay/on",
    ]) {
      expect(archive.includes(part), part).toBe(true);
    }
  }
  const archive = gunzipSync(readFileSync(file)).toString("utf8");
  for (const part of [
    "gateway up",
    "login-refused",
    "backup-taken",
    "token-created",
    "administrator-created",
    "things.json",
    "traces.json",
    "clients.json",
    "tram_things 1",
    '"id": "house"',
  ]) {
    expect(archive.includes(part), part).toBe(true);
  }
}, 240_000);
