import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  AwsIot,
  type Enrollment,
  type PolicyDocument,
  type PolicyStatement,
  type ProvisioningTemplate,
} from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { freePort, house, Process, startGateway, TRAM, temporaryFolder, tram } from "./processes.ts";

const PATIENCE = { timeout: 30_000 };
/** The first policy of a guide's page. */
function policyOf(page: string): PolicyDocument & { readonly Statement: readonly PolicyStatement[] } {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guide", page), "utf8");
  const [, text = ""] = /```json\n(\{\n {2}"Version"[\s\S]*?)\n```/.exec(guide) ?? [];
  return JSON.parse(text) as ReturnType<typeof policyOf>;
}
const TEMPLATE: ProvisioningTemplate = {
  body: {
    Parameters: { SerialNumber: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
    Resources: {
      thing: { Type: "AWS::IoT::Thing", Properties: { ThingName: { Ref: "SerialNumber" } } },
      certificate: {
        Type: "AWS::IoT::Certificate",
        Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
      },
      policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "gateway" } },
    },
  } as ProvisioningTemplate["body"],
};

let aws: AwsIot;
let claim: Enrollment;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(async () => {
  folder = temporaryFolder("cloud-provisioning");
  aws = await AwsIot.open();
  claim = aws.enroll("claim", [policyOf("cloud-provisioning.md")]);
  const { Version, Statement } = policyOf("cloud-aws.md");
  const renewing = policyOf("cloud-provisioning.md").Statement.slice(1);
  aws.registry.putPolicy("gateway", { Version, Statement: [...Statement, ...renewing] });
  aws.provisioning.putTemplate("tram-gateways", TEMPLATE);
  writeFileSync(join(folder.path, "claim.pem"), claim.certificate);
  writeFileSync(join(folder.path, "claim.key"), claim.key);
  writeFileSync(join(folder.path, "root.pem"), aws.rootCa);
  writeFileSync(join(folder.path, "wrong.pem"), claim.certificate);
});
afterEach(async () => {
  await aws[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function addArgs(more: Readonly<Record<string, string>> = {}): string[] {
  const options = {
    id: "up",
    endpoint: aws.host,
    port: String(aws.port),
    "claim-cert": join(folder.path, "claim.pem"),
    "claim-key": join(folder.path, "claim.key"),
    ca: join(folder.path, "root.pem"),
    template: "tram-gateways",
    param: "SerialNumber=farm",
    ...more,
  };
  return ["cloud", "add", "aws", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
}

const kept = (data: string): readonly string[] =>
  existsSync(join(data, "cloud")) ? readdirSync(join(data, "cloud")) : [];

describe.skipIf(mosquittoMissing())("a cloud is added to the running gateway", () => {
  test("by a claim: a reading arrives, the check passes, it survives a restart, and goes without a trace", async () => {
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const environment = { TRAM_DATA: data };
    const first = await startGateway(config);
    const added = await tram(addArgs(), environment);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout).toMatch(/✓ +publish +the cloud has taken a message on tram\/farm\/telemetry/);
    expect(added.stdout).toContain("up is added as farm.");
    await describeDevice(mqttPort, PROBE, "meter", { tank: { level: { datatype: "float" } } });
    await publish(mqttPort, PROBE, { topic: "homie/5/meter/tank/level", payload: "1.5", retain: true });
    const level = () => aws.received().filter(({ topic }) => topic.endsWith("/meter/tank/level")).length;
    await expect.poll(level, PATIENCE).toBe(1);

    const checked = await tram(["cloud", "check", "--json"], environment);
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({ checks: [{ id: "up", ok: true }] });

    // The key leaves the gateway in no other way than in a sealed backup.
    const key = readFileSync(join(data, "cloud/up/key.pem"), "utf8");
    const [, line = ""] = key.split("\n");
    const admin = await setUp(first);
    const { body } = await call(first, "GET", "/api/v1/clouds", admin);
    expect(body).toMatchObject({ clouds: [{ id: "up", thing: "farm", certificate: {} }] });
    expect((await call(first, "GET", "/api/v1/clouds")).status).toBe(401);
    const bundle = join(folder.path, "bundle.tar.gz");
    expect((await tram(["support-bundle", bundle], environment)).code).toBe(0);
    const shown = gunzipSync(readFileSync(bundle)).toString("latin1");
    for (const text of [shown, JSON.stringify(body), first.process.stderr, first.process.stdout]) {
      expect(text).not.toContain(line);
      expect(text).not.toContain(claim.key.split("\n")[1]);
    }
    const secret = join(folder.path, "passphrase");
    const backup = join(folder.path, "house.backup");
    writeFileSync(secret, "một đàn trâu đi qua đồng\n");
    expect((await tram(["backup", backup, "--passphrase-file", secret], environment)).code).toBe(0);
    expect(readFileSync(backup).includes(line)).toBe(false);

    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await publish(mqttPort, PROBE, { topic: "homie/5/meter/tank/level", payload: "2.5", retain: true });
    await expect.poll(level, PATIENCE).toBeGreaterThan(1);
    const renewed = await tram(["cloud", "renew", "up"], environment);
    expect(renewed).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(join(data, "cloud/up/key.pem"), "utf8")).not.toBe(key);
    const removed = await tram(["cloud", "remove", "up"], environment);
    expect(removed.stdout).toMatch(/^up is removed/);
    expect(kept(data)).toEqual([]);
    await expect.poll(() => aws.connected, PATIENCE).not.toContain("farm");
    const audit = await tram(["audit", "--json"], environment);
    for (const action of ["cloud-added", "cloud-renewed", "cloud-removed"])
      expect(audit.stdout).toContain(action);
    await second.process.end();

    // In another place the backup brings it back.
    const elsewhere = join(folder.path, "elsewhere");
    const restored = await tram(
      [
        "restore",
        backup,
        "--passphrase-file",
        secret,
        "--config",
        config,
        "--data",
        elsewhere,
        "--keep-config",
      ],
      {},
    );
    expect(restored.stderr).toBe("");
    expect(readFileSync(join(elsewhere, "cloud/up/key.pem"), "utf8")).toBe(key);
  });

  test("nothing is left of one that was killed in the middle", async () => {
    const { config, data } = house(folder.path);
    const environment = { TRAM_DATA: data };
    const asked = Promise.withResolvers<void>();
    aws.provisioning.putTemplate("tram-gateways", {
      ...TEMPLATE,
      hook: () => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    });
    const first = await startGateway(config);
    await using adding = new Process(process.execPath, [TRAM, ...addArgs()], environment);
    await asked.promise;
    await first.process.end("SIGKILL");
    expect((await adding.exited).code).toBe(1);
    expect(kept(data)).toEqual([]);

    aws.provisioning.putTemplate("tram-gateways", TEMPLATE);
    const second = await startGateway(config);
    await using _process = second.process;
    expect(JSON.parse((await tram(["cloud", "list", "--json"], environment)).stdout)).toEqual({ clouds: [] });
    expect((await tram(addArgs(), environment)).code).toBe(0);
    expect(kept(data)).toEqual(["up"]);
  });

  test("one that cannot work is refused in a line that says what to do", async () => {
    const { config, data } = house(folder.path);
    const environment = { TRAM_DATA: data };
    const { process: process_ } = await startGateway(config);
    await using _process = process_;
    await using other = await AwsIot.open({ server: { names: ["other-ats.iot.example"] } });
    const otherRoot = join(folder.path, "other.pem");
    writeFileSync(otherRoot, other.rootCa);
    const refusals = {
      "wrong port": await tram(addArgs({ port: String(await freePort()) }), environment),
      "wrong endpoint": await tram(addArgs({ port: String(other.port), ca: otherRoot }), environment),
      "wrong authority": await tram(addArgs({ ca: join(folder.path, "wrong.pem") }), environment),
      "wrong template": await tram(addArgs({ template: "nobody" }), environment),
    };
    expect(Object.values(refusals).map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    expect(refusals["wrong port"].stderr).toMatch(/tcp: .*nothing listens there.*firewall/);
    expect(refusals["wrong endpoint"].stderr).toMatch(/tls: .*another host name.*spelling/);
    expect(refusals["wrong authority"].stderr).toMatch(
      /tls: .*authority that is not known.*Amazon Root CA 1/,
    );
    expect(refusals["wrong template"].stderr).toMatch(/mqtt: /);
    expect(kept(data)).toEqual([]);

    // It worked, and somebody changes something in the cloud.
    expect((await tram(addArgs(), environment)).code).toBe(0);
    const ours = aws.registry.certificates.list().at(-1);
    aws.registry.certificates.setStatus(ours?.id ?? "", "INACTIVE");
    await expect
      .poll(async () => (await tram(["cloud", "check", "up"], environment)).stdout, PATIENCE)
      .toMatch(/✗ +mqtt .*\n.*– +publish [\s\S]*→ .*is the certificate active/);
    expect((await tram(["cloud", "check", "up"], environment)).code).toBe(1);
    expect((await tram(["cloud", "check", "nobody"], environment)).stderr).toContain(
      "There is no cloud nobody.",
    );
    expect((await tram(["cloud", "add", "azure"], environment)).code).toBe(2);
  });

  test("any broker, by a password that is in no answer, list or bundle", async () => {
    // The gateway's own broker is a broker as any other.
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const environment = { TRAM_DATA: data };
    const { process: process_ } = await startGateway(config);
    await using _process = process_;
    const secret = join(folder.path, "broker.password");
    const add = (url: string, id = "site", ...more: readonly string[]) => {
      const who = ["--username", PROBE.username, "--password-file", secret];
      return tram(["cloud", "add", "mqtt", "--id", id, "--url", url, ...who, ...more], environment);
    };
    const url = `mqtt://127.0.0.1:${mqttPort}`;
    writeFileSync(secret, "planted-wrong-password\n");
    const refused = await add(url);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/mqtt: .*password.*Look at user name and password/);
    expect(refused.stderr).not.toContain("planted");
    expect((await add("http://127.0.0.1")).stderr).toMatch(/url: expected/);
    expect(kept(data)).toEqual([]);

    writeFileSync(secret, `${PROBE.password}\n`);
    const added = await add(url);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    const listed = await tram(["cloud", "list"], environment);
    expect(listed.stdout).toMatch(/site +mqtt +127\.0\.0\.1:\d+ +added/);
    await expect
      .poll(async () => (await tram(["bridge", "status"], environment)).stdout, PATIENCE)
      .toMatch(/site \(mqtt\) +online/);
    expect(added.stdout + listed.stdout).not.toContain(PROBE.password);

    // What signs on with a wrong one gets another, and is not added anew.
    const wrong = join(folder.path, "wrong.password");
    writeFileSync(wrong, "planted-wrong-password\n");
    writeFileSync(secret, "planted-first\n");
    expect(await add(url, "spare", "--no-check")).toMatchObject({ code: 0, stderr: "" });
    const renew = (...more: readonly string[]) => tram(["cloud", "renew", "spare", ...more], environment);
    const denied = await renew("--password-file", wrong);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/^tram: mqtt: .*password.* What was there before stays in use\.\n$/);
    expect((await renew("--password-file", secret, "--cert", wrong, "--key", wrong)).stderr).toMatch(
      /^tram: expected --cert and --key, or --password-file, found both\n/,
    );
    writeFileSync(secret, `${PROBE.password}\n`);
    expect(await renew("--password-file", secret)).toMatchObject({
      code: 0,
      stdout: "spare signs on with the new password from now on.\n",
      stderr: "",
    });
    await expect
      .poll(async () => (await tram(["bridge", "status"], environment)).stdout, PATIENCE)
      .toMatch(/spare \(mqtt\) +online/);
  });
});
