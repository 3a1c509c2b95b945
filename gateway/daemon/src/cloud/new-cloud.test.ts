import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewCloud } from "@tram/protocol";
import { ARN, AwsIot, Bluemix, type Enrollment, type PolicyDocument } from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CloudResult } from "./cloud-result.ts";
import { AddedHouse } from "./testing/added-house.ts";

const WHO = { by: "minh" };
const DAY = 86_400_000;
const TOKEN = "8?xRZ-secret-token";
const EVERYTHING: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "iot:*", Resource: `${ARN}:*` }],
};

let home: AddedHouse;
const open: AsyncDisposable[] = [];
beforeEach(() => {
  home = new AddedHouse();
});
afterEach(async () => {
  await home[Symbol.asyncDispose]();
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

/** A certificate with its key that is good from now on for so many days. */
function certificate(days: number): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "new-cloud-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=up"];
    const files = ["-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...made, "-days", `${days}`, ...files], { stdio: "pipe" });
    return { certificate: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const online = () => expect.poll(() => home.bridges[0]?.state).toBe("online");
const detailOf = (result: CloudResult<unknown>): string => (result.ok ? "" : result.refusal.detail);
const pathsOf = (result: CloudResult<unknown>): readonly string[] =>
  result.ok ? [] : (result.refusal.errors ?? []).map(({ path }) => path);

/** Nothing that anybody is shown has one of these in it. */
function expectUntold(secrets: readonly string[], ...shown: readonly unknown[]): void {
  const text = JSON.stringify([...shown, home.audited]);
  for (const secret of secrets) expect(text).not.toContain(secret);
}

describe("AWS IoT with a certificate that is there already", () => {
  let aws: AwsIot;
  let own: Enrollment;
  beforeEach(async () => {
    aws = await AwsIot.open({ limits: { connectsPerS: 1_000 }, shadowLatencyMs: 0 });
    open.push(aws);
    own = aws.enroll("farm", [EVERYTHING]);
  });

  function request(more: object = {}): NewCloud {
    return {
      id: "up",
      provider: "aws-iot",
      endpoint: aws.host,
      port: aws.port,
      ca: aws.rootCa,
      certificate: own.certificate,
      key: own.key,
      thing: "farm",
      ...more,
    } as NewCloud;
  }

  it("is kept as it is, works at once, and nobody renews it", async () => {
    const { added } = home.gateway();
    const result = await added.add(request(), WHO);
    expect(result).toMatchObject({
      ok: true,
      value: { cloud: { id: "up", thing: "farm", certificate: { notAfter: "2049-12-31T23:59:59.000Z" } } },
    });
    expect(added.list()[0]?.certificate?.renewal).toBeUndefined();
    expect(added.renewals()).toEqual([]);
    expect(await added.renew("up", WHO)).toMatchObject({ ok: false, refusal: { code: "not-provisioned" } });
    await online();
    await home.offer(7);
    await expect
      .poll(() => aws.received().map(({ topic }) => topic))
      .toContain("tram/farm/telemetry/pump/motor/power");
    expect([home.file("cert.pem"), home.file("key.pem")]).toEqual([own.certificate, own.key]);
    for (const name of readdirSync(join(home.data, "cloud/up"))) {
      expect(statSync(join(home.data, "cloud/up", name)).mode & 0o777, name).toBe(0o600);
    }
    const [, line = ""] = own.key.split("\n");
    expectUntold([line, "PRIVATE KEY"], result, added.list());
  });

  const claim = { certificate: "claim", key: "claim" };
  it.each<[string, () => object, readonly string[], RegExp]>([
    ["half a pair", () => ({ key: undefined }), ["key"], /^key: is missing: there is a certificate$/],
    [
      "the other half",
      () => ({ certificate: undefined }),
      ["certificate"],
      /^certificate: is missing: there/,
    ],
    [
      "a claim beside it",
      () => ({ claim: { certificate: own.certificate, key: own.key }, template: "t" }),
      ["claim", "template"],
      /^claim: expected a certificate that is there already or a claim, found both; template: /,
    ],
    ["what a template asks for", () => ({ parameters: { Serial: "farm" } }), ["parameters"], /found both/],
    [
      "neither it nor a claim",
      () => ({ certificate: undefined, key: undefined }),
      ["certificate", "key"],
      /^certificate: is missing, with its key; or a claim, with its template/,
    ],
    [
      "a claim without its template",
      () => ({
        certificate: undefined,
        key: undefined,
        claim: { certificate: own.certificate, key: own.key },
      }),
      ["template"],
      /^template: is missing: there is a claim$/,
    ],
    [
      "a template without its claim",
      () => ({ certificate: undefined, key: undefined, template: "t" }),
      ["claim"],
      /^claim: is missing: there is a template$/,
    ],
    [
      "a certificate that is no PEM",
      () => ({ certificate: "planted-secret" }),
      ["certificate"],
      /^certificate: expected a certificate in PEM$/,
    ],
    [
      "a key that is no PEM",
      () => ({ key: "planted-secret" }),
      ["key"],
      /expected an unencrypted private key/,
    ],
    [
      "a key with a passphrase",
      () => ({
        key: generateKeyPairSync("ec", {
          namedCurve: "P-256",
          publicKeyEncoding: { type: "spki", format: "pem" },
          privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
        }).privateKey,
      }),
      ["key"],
      /expected an unencrypted private key in PEM$/,
    ],
    [
      "its key in the file of the certificate",
      () => ({ certificate: `${own.certificate}${own.key}` }),
      ["certificate"],
      /expected certificates alone, found a private key/,
    ],
    ["an authority that is no PEM", () => ({ ca: "planted-secret" }), ["ca"], /^ca: expected a certificate/],
    [
      "claims that are no PEM",
      () => ({ certificate: undefined, key: undefined, claim, template: "t" }),
      ["claim.certificate", "claim.key"],
      /^claim\.certificate: expected a certificate in PEM; claim\.key: /,
    ],
    ["a name of a Thing with --", () => ({ thing: "a--b" }), ["thing"], /^thing: expected text that matches/],
    [
      "another setting that does not fit",
      () => ({ more: { keepalive_s: 1 } }),
      ["more.keepalive_s"],
      />= 30/,
    ],
  ])("is not kept with %s, and the place is told", async (_what, more, paths, detail) => {
    for (const check of [true, false]) {
      const result = await home.gateway().added.add(request({ ...more(), check }), WHO);
      expect(result).toMatchObject({ ok: false, refusal: { code: "invalid-cloud" } });
      expect(pathsOf(result)).toEqual(paths);
      expect(detailOf(result)).toMatch(detail);
      expectUntold(["planted-secret", own.key.split("\n")[1] ?? ""], result);
    }
    expect(home.left()).toEqual([]);
    expect(aws.received()).toEqual([]);
  });

  it.each([true, false])(
    "is not kept with the key of another, or after its end (check: %s)",
    async (check) => {
      const { added } = home.gateway();
      const other = await added.add(request({ key: aws.enroll("barn", []).key, check }), WHO);
      expect(detailOf(other)).toBe(
        "Nothing is kept. configuration: our private key is not that of our certificate. Give the two that were made together.",
      );
      home.clock.step(Date.UTC(2050, 0, 2) - home.clock.now());
      const ended = await added.add(request({ check }), WHO);
      expect(detailOf(ended)).toMatch(
        /^Nothing is kept\. configuration: our certificate has ended on Dec 31/,
      );
      expect(home.left()).toEqual([]);
      expect(aws.received()).toEqual([]);
    },
  );

  it("is kept without a look at the cloud where somebody knows better", async () => {
    await aws.stop();
    const { added } = home.gateway();
    const result = await added.add(request({ check: false }), WHO);
    expect(result).toMatchObject({ ok: true, value: { cloud: { id: "up" } } });
    expect(result.ok && result.value.check).toBeUndefined();
  });

  it("is exchanged for another, and what waits stays", async () => {
    const { added } = home.gateway();
    await added.add(request(), WHO);
    await online();
    const next = aws.enroll("farm", [EVERYTHING]);
    const denied = aws.enroll("farm", []);
    for (const [pair, detail] of [
      [{ certificate: next.certificate, key: own.key }, /^configuration: our private key is not that/],
      [{ certificate: "x", key: next.key }, /^certificate: expected a certificate in PEM$/],
      [
        { certificate: denied.certificate, key: denied.key },
        /^mqtt: .*\. What was there before stays in use\.$/,
      ],
    ] as const) {
      expect(detailOf(await added.replaceCertificate("up", pair, WHO))).toMatch(detail);
      expect(home.file("cert.pem")).toBe(own.certificate);
    }
    await online();
    await home.offer(1);
    const { certificate: cert, key } = next;
    expect(await added.replaceCertificate("up", { certificate: cert, key }, WHO)).toMatchObject({ ok: true });
    expect([home.file("cert.pem"), home.file("key.pem")]).toEqual([cert, key]);
    // Nobody misses the one before it.
    aws.registry.certificates.setStatus(own.certificateId, "REVOKED");
    await home.offer(2);
    await expect
      .poll(() =>
        aws
          .received()
          .filter(({ topic }) => topic.endsWith("pump/motor/power"))
          .map(({ payload }) => (JSON.parse(payload.toString()) as { value: unknown }).value),
      )
      .toEqual([1, 2]);
    expect(home.audited.map(({ action }) => action)).toEqual(["cloud-added", "cloud-renewed"]);
    expect(home.changes).toBe(2);
    expect(await added.replaceCertificate("nobody", { certificate: cert, key }, WHO)).toMatchObject({
      refusal: { code: "unknown-cloud" },
    });
  });
});

describe("IBM", () => {
  let ibm: Bluemix;
  beforeEach(async () => {
    ibm = await Bluemix.open();
    open.push(ibm);
    ibm.registry.addGateway({ type: "tram-gateway", id: "farm" }, TOKEN);
    ibm.registry.addType("tram-thing");
  });

  function request(more: object = {}): NewCloud {
    return {
      id: "up",
      provider: "bluemix",
      host: ibm.host,
      port: ibm.port,
      org: ibm.registry.org,
      gatewayType: "tram-gateway",
      gatewayId: "farm",
      token: TOKEN,
      ca: ibm.rootCa,
      ...more,
    } as NewCloud;
  }

  it("is kept with its token, for the gateway alone, and works at once", async () => {
    const { added } = home.gateway();
    const result = await added.add(request(), WHO);
    expect(result).toMatchObject({
      ok: true,
      value: { cloud: { provider: "bluemix", place: `localhost:${ibm.port}`, thing: "farm" } },
    });
    await online();
    await home.offer(7);
    await expect
      .poll(() => ibm.events().map(({ device, event }) => [device.id, event]))
      .toEqual([
        ["farm", "telemetry"],
        ["farm_pump", "telemetry"],
      ]);
    expect(ibm.incidents).toEqual([]);
    expect(home.file("cloud.json")).toContain(TOKEN);
    expect(statSync(join(home.data, "cloud/up/cloud.json")).mode & 0o777).toBe(0o600);
    expectUntold([TOKEN], result, added.list(), await added.check("up"));
    expect(home.audited).toMatchObject([{ action: "cloud-added", detail: "localhost, a1b2c3, farm" }]);
    for (const bridge of home.bridges.splice(0)) await bridge[Symbol.asyncDispose]();
    expect(await home.gateway().added.open()).toEqual([]);
    await online();
  });

  it.each<[string, object, readonly string[], RegExp]>([
    [
      "another token",
      { token: "planted-secret" },
      [],
      /mqtt: .*the token is not that of g:a1b2c3:tram-gateway/,
    ],
    ["a device type that is none", { gatewayType: "a b" }, ["gatewayType"], /^gatewayType: expected text/],
    ["a device id that is none", { gatewayId: "a/b" }, ["gatewayId"], /^gatewayId: expected text/],
    ["an organisation that is none", { org: "a.b" }, ["org"], /^org: expected text/],
    ["an address in the place of a host", { host: "https://ibm" }, ["host"], /^host: expected text/],
    ["a token elsewhere", { more: { password: "planted-secret" } }, ["more.password"], /cannot be said here/],
    ["an id elsewhere", { more: { gateway_id: "x" } }, ["more.gateway_id"], /cannot be said here/],
    ["half a certificate", { certificate: "planted-secret" }, ["key", "certificate"], /^key: is missing/],
  ])("is not kept with %s", async (_what, more, paths, detail) => {
    const result = await home.gateway().added.add(request(more), WHO);
    expect(pathsOf(result)).toEqual(paths);
    expect(detailOf(result)).toMatch(detail);
    expectUntold([TOKEN, "planted-secret"], result);
    expect(existsSync(join(home.data, "cloud"))).toBe(false);
  });

  it("tells of its certificate before that ends, until there is another", async () => {
    const { added } = home.gateway();
    const first = certificate(20);
    // The gateway's time stands since before that was made.
    home.clock.step(60_000);
    expect(await added.add(request(first), WHO)).toMatchObject({ ok: true });
    await online();
    expect(added.endings()).toEqual([]);
    home.clock.step(11 * DAY);
    expect(added.endings()).toMatchObject([{ id: "up", source: "added" }]);
    expect(await added.replaceCertificate("up", certificate(3_650), WHO)).toMatchObject({ ok: true });
    expect(added.endings()).toEqual([]);
    await online();
    // Of one of the configuration file too, but only by a clock that somebody has set.
    const [kept] = home.gateway().folders.list();
    if (kept === undefined || !("settings" in kept)) throw new Error("it is not there");
    const file = home.gateway([kept.settings]).added;
    home.clock.step(3_610 * DAY, "untrusted");
    expect(file.endings()).toEqual([]);
    home.clock.step(0, "synced");
    expect(file.endings()).toMatchObject([{ id: "up", source: "file" }]);
  });

  it("has nothing to exchange where there is no certificate", async () => {
    const { added } = home.gateway();
    await added.add(request(), WHO);
    expect(await added.replaceCertificate("up", certificate(20), WHO)).toMatchObject({
      ok: false,
      refusal: { code: "not-provisioned" },
    });
  });
});

it("a certificate is of use to a broker over TLS alone, and the place is told", async () => {
  const { certificate: cert, key } = certificate(20);
  const request = { id: "up", provider: "mqtt", url: "mqtt://h", certificate: cert, key, ca: cert } as const;
  const result = await home.gateway().added.add(request, WHO);
  expect(pathsOf(result)).toEqual(["ca", "certificate", "key"]);
  expect(detailOf(result)).toMatch(/^ca: is of use over TLS alone/);
});
