import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, AwsIot, type PolicyDocument } from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, setUp } from "./http.ts";
import { describeDevice, mosquittoMissing, PROBE, publish, startMosquitto } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PATIENCE = { timeout: 45_000 };
const DAY = 86_400_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder("cloud-own-certificate");
});
afterEach(() => folder[Symbol.dispose]());

const file = (name: string): string => join(folder.path, name);

/** Writes `<name>.pem` and `<name>.key`. @returns the options that name them. */
function pair(name: string, { certificate, key }: { certificate: string; key: string }): string[] {
  writeFileSync(file(`${name}.pem`), certificate);
  writeFileSync(file(`${name}.key`), key, { mode: 0o600 });
  return ["--cert", file(`${name}.pem`), "--key", file(`${name}.key`)];
}

/** The policy that the guide gives to its readers. */
function guidePolicy(): PolicyDocument {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guide/cloud-aws.md"), "utf8");
  const [, text = ""] = /```json\n(\{\n {2}"Version"[\s\S]*?)\n```/.exec(guide) ?? [];
  return JSON.parse(text) as PolicyDocument;
}

describe.skipIf(mosquittoMissing())("a certificate that is there already", () => {
  test("brings a running gateway to AWS IoT, through kill -9, and is exchanged for another", async () => {
    await using aws = await AwsIot.open();
    const own = aws.enroll("house", [guidePolicy()]);
    const keys = pair("house", own);
    const [, , , keyFile = ""] = keys;
    const [, certFile = ""] = keys;
    const wrong = pair("barn", aws.enroll("barn", [guidePolicy()]));
    writeFileSync(file("root.pem"), aws.rootCa);
    writeFileSync(file("none.pem"), "planted-none\n");
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const environment = { TRAM_DATA: data };
    const place = ["--endpoint", aws.host, "--port", String(aws.port), "--ca", file("root.pem")];
    const add = (...more: readonly string[]) =>
      tram(["cloud", "add", "aws", "--id", "up", ...place, ...more], environment);
    const first = await startGateway(config);
    await using _first = first.process;

    const usage = [
      await add("--cert", certFile),
      await add("--key", keyFile),
      await add(...keys, "--claim-cert", certFile, "--claim-key", keyFile, "--template", "t"),
      await add(),
    ];
    expect(usage.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    expect(usage.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      "tram: --key is missing: there is --cert",
      "tram: --cert is missing: there is --key",
      "tram: expected --cert and --key, or a claim; found --cert and --claim-cert",
      "tram: expected --cert and --key, or --claim-cert, --claim-key and --template",
    ]);
    const admin = await setUp(first);
    const body = { id: "up", provider: "aws-iot", endpoint: aws.host, port: aws.port, ca: aws.rootCa };
    const ask = async (more: object) =>
      (await call(first, "POST", "/api/v1/clouds", { ...admin, body: { ...body, ...more } })).body;
    const { certificate, key } = own;
    expect(await ask({ certificate })).toMatchObject({ status: 422, errors: [{ path: "key" }] });
    expect(await ask({ certificate, key, claim: { certificate, key }, template: "t" })).toMatchObject({
      status: 422,
      errors: [{ path: "claim" }, { path: "template" }],
    });
    const other = await add("--cert", certFile, "--key", wrong[3] ?? "");
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("configuration: our private key is not that of our certificate.");
    const none = await add("--cert", file("none.pem"), "--key", keyFile, "--no-check");
    expect(none).toMatchObject({ code: 1, stderr: "tram: certificate: expected a certificate in PEM\n" });
    expect(existsSync(join(data, "cloud"))).toBe(false);

    const added = await add(...keys);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    expect(added.stdout).toContain("up is added as house.");
    expect(statSync(join(data, "cloud/up/key.pem")).mode & 0o777).toBe(0o600);
    const listed = await tram(["cloud", "list"], environment);
    expect(listed.stdout).toMatch(/^up +aws-iot +localhost:\d+ +added +\w+ +house +2049-12-31 *$/m);
    await describeDevice(mqttPort, PROBE, "meter", { tank: { level: { datatype: "float" } } });
    const level = (payload: string) =>
      publish(mqttPort, PROBE, { topic: "homie/5/meter/tank/level", payload, retain: true });
    const levels = () => [
      ...new Set(
        aws
          .received()
          .filter(({ topic }) => topic === "tram/house/telemetry/meter/tank/level")
          .map(({ payload }) => (JSON.parse(payload.toString()) as { value: number }).value),
      ),
    ];
    await level("1.5");
    await expect.poll(levels, PATIENCE).toEqual([1.5]);
    await aws.stop();
    await level("2.5");
    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await using _process = second.process;
    await aws.start();
    await expect.poll(levels, PATIENCE).toEqual([1.5, 2.5]);

    // Nobody here can renew it; somebody else can.
    const renew = (...more: readonly string[]) => tram(["cloud", "renew", "up", ...more], environment);
    expect((await renew()).stderr).toContain("was not made by this gateway");
    const denied = await renew(...wrong);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/mqtt: .*What was there before stays in use\.\n$/);
    const next = aws.enroll("house", [guidePolicy()]);
    expect(await renew(...pair("next", next))).toMatchObject({
      code: 0,
      stdout: "up has a new certificate, good until 2049-12-31.\n",
    });
    aws.registry.certificates.setStatus(own.certificateId, "REVOKED");
    await level("3.5");
    await expect.poll(levels, PATIENCE).toEqual([1.5, 2.5, 3.5]);
    const told = [first.process, second.process].map(({ stderr, stdout }) => stderr + stdout).join();
    for (const secret of [own.key, next.key].map((text) => text.split("\n")[1] ?? "")) {
      expect(told + listed.stdout + added.stdout).not.toContain(secret);
    }
  });

  test("is shown to any broker that asks for one, and people are told before it ends", async () => {
    using authority = Authority.open("Of a broker");
    const server = authority.issue({ subject: "localhost", for: "server", names: ["localhost"] });
    pair("server", server);
    writeFileSync(file("root.pem"), authority.pem);
    const peerPort = await freePort();
    await using _peer = await startMosquitto(folder.path, peerPort, [
      `cafile ${file("root.pem")}`,
      `certfile ${file("server.pem")}`,
      `keyfile ${file("server.key")}`,
      "require_certificate true",
      // As root it would change to a user who cannot read the key.
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ]);
    const { config, data } = house(folder.path);
    const environment = { TRAM_DATA: data };
    const url = `mqtts://localhost:${peerPort}`;
    const add = (...more: readonly string[]) =>
      tram(
        ["cloud", "add", "mqtt", "--id", "site", "--url", url, "--ca", file("root.pem"), ...more],
        environment,
      );
    const status = () => tram(["status"], environment);
    const client = (from: number, to: number) =>
      authority.issue({
        subject: "house",
        for: "client",
        notBefore: new Date(Date.now() + from * DAY),
        notAfter: new Date(Date.now() + to * DAY),
      });
    const first = await startGateway(config);
    await using _first = first.process;
    const refused = await add();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/wants a certificate of ours/);
    const ended = await add(...pair("ended", client(-20, -1)));
    expect(ended.stderr).toMatch(/configuration: our certificate has ended on /);
    expect(existsSync(join(data, "cloud"))).toBe(false);

    expect(await add(...pair("old", client(-20, 9)))).toMatchObject({ code: 0, stderr: "" });
    await expect
      .poll(async () => (await tram(["bridge", "status"], environment)).stdout, PATIENCE)
      .toMatch(/site \(mqtt\) +online/);
    const problem =
      /problem +cloud\.site: The certificate of the cloud site ends on \d{4}-\d\d-\d\d, and this gateway cannot renew it\. What to do: tram cloud renew site --cert FILE --key FILE\n/;
    expect(await status()).toMatchObject({ code: 1, stdout: expect.stringMatching(problem) });
    await first.process.end();

    const second = await startGateway(config);
    await using _process = second.process;
    expect((await status()).stdout).toMatch(problem);
    await expect
      .poll(async () => (await tram(["events", "--json"], environment)).stdout, PATIENCE)
      .toMatch(/"level": ?"alarm".*The certificate of the cloud site ends on/);
    const renewed = await tram(["cloud", "renew", "site", ...pair("new", client(-1, 365))], environment);
    expect(renewed).toMatchObject({ code: 0, stderr: "" });
    expect(await status()).toMatchObject({ code: 0, stdout: expect.not.stringContaining("problem") });
    await expect
      .poll(async () => (await tram(["bridge", "status"], environment)).stdout, PATIENCE)
      .toMatch(/site \(mqtt\) +online/);
  });
});
