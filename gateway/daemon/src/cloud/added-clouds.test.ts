import { X509Certificate } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bridge } from "@tram/cloud-bridge";
import { StoreError } from "@tram/core";
import type { NewAwsCloud } from "@tram/protocol";
import {
  ARN,
  AwsIot,
  type Enrollment,
  type MemoryStore,
  type PolicyDocument,
  type ProvisioningTemplate,
  type VirtualClock,
} from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import type { CloudSettings } from "../config/check.ts";
import type { AddedClouds } from "./added-clouds.ts";
import { RenewalWatch } from "./renewal-watch.ts";
import { AddedHouse } from "./testing/added-house.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const allow = (Action: string | readonly string[], ...resources: readonly string[]) => ({
  Effect: "Allow" as const,
  Action,
  Resource: resources.map((resource) => `${ARN}:${resource}`),
});
const PROVISIONING = [
  "$aws/certificates/create-from-csr/json",
  "$aws/provisioning-templates/gateways/provision/json",
];
const CLAIM: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    allow("iot:Connect", "client/*"),
    allow(["iot:Publish", "iot:Receive"], ...PROVISIONING.map((topic) => `topic/${topic}*`)),
    allow("iot:Subscribe", ...PROVISIONING.map((topic) => `topicfilter/${topic}/*`)),
  ],
};
const GATEWAY: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    allow("iot:Connect", "client/${iot:Connection.Thing.ThingName}"),
    allow(["iot:Publish", "iot:Receive"], "topic/*"),
    allow("iot:Subscribe", "topicfilter/*"),
  ],
};
const TEMPLATE: ProvisioningTemplate = {
  body: {
    Parameters: { Serial: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
    Resources: {
      thing: { Type: "AWS::IoT::Thing", Properties: { ThingName: { Ref: "Serial" } } },
      certificate: {
        Type: "AWS::IoT::Certificate",
        Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
      },
      policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "gateway" } },
    },
  } as ProvisioningTemplate["body"],
};
const WHO = { by: "minh" };

let home: AddedHouse;
let data: string;
let aws: AwsIot;
let claim: Enrollment;
let clock: VirtualClock;
let store: MemoryStore;
let bridges: Bridge[];
let audited: AuditEntry[];

beforeEach(async () => {
  // The gateway's virtual time would have to pass between two connections.
  aws = await AwsIot.open({ limits: { connectsPerS: 1_000 }, shadowLatencyMs: 0 });
  claim = aws.enroll("claim", [CLAIM]);
  aws.registry.putPolicy("gateway", GATEWAY);
  aws.provisioning.putTemplate("gateways", TEMPLATE);
  home = new AddedHouse();
  ({ audited, bridges, clock, data, store } = home);
});
afterEach(async () => {
  await home[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

const gateway = (configured: readonly CloudSettings[] = []) => home.gateway(configured);

function request(more: Partial<NewAwsCloud> = {}): NewAwsCloud {
  return {
    id: "up",
    provider: "aws-iot",
    endpoint: aws.host,
    port: aws.port,
    ca: aws.rootCa,
    claim: { certificate: claim.certificate, key: claim.key },
    template: "gateways",
    parameters: { Serial: "farm" },
    ...more,
  };
}

const fileOf = (name: string): string => home.file(name);
const left = (): readonly string[] => home.left();
const online = () => expect.poll(() => bridges[0]?.state).toBe("online");
const offer = (value: number): Promise<void> => home.offer(value);

const arrived = (): readonly unknown[] =>
  aws
    .received()
    .filter(({ topic }) => topic.endsWith("pump/motor/power"))
    .map(({ payload }) => (JSON.parse(payload.toString()) as { value: unknown }).value);

describe("a cloud that is added by a claim", () => {
  it("is kept with a key that was made here, and works at once", async () => {
    const { added } = gateway();
    const result = await added.add(request(), WHO);
    expect(result).toMatchObject({
      ok: true,
      value: { cloud: { id: "up", thing: "farm", source: "added" } },
    });
    await online();
    await offer(7);
    await expect.poll(arrived).toEqual([7]);

    expect(readdirSync(join(data, "cloud/up")).sort()).toEqual([
      "ca.pem",
      "cert.pem",
      "cloud.json",
      "key.pem",
    ]);
    for (const name of ["cloud.json", "key.pem"]) {
      expect(statSync(join(data, "cloud/up", name)).mode & 0o777).toBe(0o600);
    }
    // The key is in its file and nowhere else, and the claim nowhere at all.
    const key = fileOf("key.pem").split("\n")[1] ?? "";
    const told = JSON.stringify([
      result,
      added.list(),
      audited,
      aws.received().map(({ payload }) => `${payload}`),
    ]);
    expect(told).not.toContain(key);
    expect(told).not.toContain("PRIVATE KEY");
    for (const name of readdirSync(join(data, "cloud/up"))) {
      expect(fileOf(name)).not.toContain(claim.key.split("\n")[1]);
      expect(fileOf(name)).not.toContain(claim.certificate.split("\n")[1]);
    }
    expect(audited).toMatchObject([{ action: "cloud-added", subject: "up", by: "minh" }]);
  });

  it("is there again after a start, and not where the file has one of its id", async () => {
    await gateway().added.add(request(), WHO);
    for (const bridge of bridges.splice(0)) await bridge[Symbol.asyncDispose]();
    expect(await gateway().added.open()).toEqual([]);
    await online();
    const [settings] = gateway().folders.list();
    if (settings === undefined || !("settings" in settings)) throw new Error("it is not there");
    for (const bridge of bridges.splice(0)) await bridge[Symbol.asyncDispose]();
    const other = gateway([settings.settings]);
    expect(await other.added.open()).toMatchObject([
      { id: "up", problem: expect.stringContaining("that one counts") },
    ]);
    expect(bridges).toEqual([]);
    expect(other.added.list().map(({ source, problem }) => [source, problem !== undefined])).toEqual([
      ["file", false],
      ["added", true],
    ]);
  });

  it.each([
    [
      "an authority that is not that of the cloud",
      () => ({ ca: claim.certificate }),
      /^Nothing is kept\. tls: .*authority/,
    ],
    ["a template that is not there", () => ({ template: "none" }), /mqtt: /],
    ["another name than the template gives", () => ({ thing: "barn" }), /calls this gateway farm/],
    [
      "a claim whose key is another's",
      () => ({ claim: { certificate: claim.certificate, key: aws.enroll("x", []).key } }),
      /configuration: .*not that/,
    ],
    ["an entry that does not fit", () => ({ more: { child_shadows: "some" } }), /child_shadows/],
    ["a file of this machine", () => ({ more: { key_file: "/etc/shadow" } }), /cannot be said here/],
  ])("is not kept with %s", async (_what, more, detail) => {
    const { added } = gateway();
    const result = await added.add(request(more()), WHO);
    expect(result).toMatchObject({ ok: false, refusal: { detail: expect.stringMatching(detail) } });
    expect(left()).toEqual([]);
    expect(bridges).toEqual([]);
    expect(audited).toEqual([]);
  });

  it("is not kept when its policy lets it do nothing", async () => {
    aws.registry.putPolicy("gateway", {
      Version: "2012-10-17",
      Statement: [allow(["iot:Connect", "iot:Subscribe", "iot:Receive"], "*")],
    });
    const { added } = gateway();
    const result = await added.add(request(), WHO);
    expect(result).toMatchObject({
      ok: false,
      refusal: { code: "check-failed", detail: expect.stringContaining("iot:Publish") },
    });
    expect(left()).toEqual([]);
    // For those who know better.
    expect(await added.add(request({ check: false }), WHO)).toMatchObject({ ok: true });
  });

  it("tells the steps with what has failed, of which kind it is, and what to do", async () => {
    const { added } = gateway();
    const stepsOf = async (more: Partial<NewAwsCloud>) => {
      const result = await added.add(request(more), WHO);
      return result.ok ? [] : (result.refusal.check?.steps ?? []);
    };
    const unknown = await stepsOf({ ca: claim.certificate });
    expect(unknown.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      "configuration ok",
      "clock ok",
      "name ok",
      "tcp ok",
      "tls failed",
    ]);
    expect(unknown.at(-1)).toMatchObject({
      code: "tls-authority",
      advice: expect.stringContaining("Amazon"),
    });
    expect((await stepsOf({ template: "none" })).at(-1)).toMatchObject({
      step: "mqtt",
      code: "template",
      advice: expect.stringContaining("template's name"),
    });
    aws.registry.certificates.setStatus(claim.certificateId, "INACTIVE");
    expect((await stepsOf({})).at(-1)).toMatchObject({
      step: "mqtt",
      code: "credentials",
      advice: expect.stringContaining("is the certificate active"),
    });
  });

  it("tells how far it has come while somebody waits", async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<{ readonly allowProvisioning: boolean }>();
    aws.provisioning.putTemplate("gateways", {
      ...TEMPLATE,
      hook: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const { added } = gateway();
    expect(added.progress("up")).toMatchObject({ ok: false, refusal: { code: "unknown-cloud" } });
    const adding = added.add(request(), WHO);
    await asked.promise;
    const progress = added.progress("up");
    const seen = progress.ok ? progress.value.steps.map(({ step, outcome }) => `${step} ${outcome}`) : [];
    expect(seen).toEqual(["configuration ok", "clock ok", "name ok", "tcp ok", "tls ok"]);
    answer.resolve({ allowProvisioning: true });
    const result = await adding;
    expect(result.ok && result.value.check?.steps.map(({ outcome }) => outcome)).toEqual(Array(7).fill("ok"));
    expect(added.progress("up").ok).toBe(false);
  });

  it("is one at a time, and one of each id", async () => {
    const { added } = gateway();
    const [first, second] = await Promise.all([added.add(request(), WHO), added.add(request(), WHO)]);
    expect(first.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, refusal: { code: "busy" } });
    expect(await added.add(request(), WHO)).toMatchObject({ ok: false, refusal: { code: "exists" } });
  });

  it("is removed with its key and with what waits for it", async () => {
    const { added } = gateway();
    await added.add(request(), WHO);
    await online();
    await aws.stop();
    await expect.poll(() => bridges[0]?.state).toBe("offline");
    await offer(1);
    await offer(2);
    expect(await added.remove("up", WHO)).toEqual({ ok: true, value: 2 });
    expect(left()).toEqual([]);
    expect(await store.rows("outbox-up", { after: 0, limit: 10 })).toEqual([]);
    expect(await added.remove("up", WHO)).toMatchObject({ ok: false, refusal: { code: "unknown-cloud" } });
  });

  it.each(["the next start", "the next of its id"])(
    "leaves nothing of a removal that was cut off, from %s on",
    async (when) => {
      const { added } = gateway();
      await added.add(request(), WHO);
      await online();
      await aws.stop();
      await expect.poll(() => bridges[0]?.state).toBe("offline");
      await offer(1);
      store.failWith(new StoreError("full", "no space left"));
      await expect(added.remove("up", WHO)).rejects.toThrow(StoreError);
      store.failWith(undefined);
      expect(await store.extent("outbox-up")).toMatchObject({ count: 1 });
      expect(readdirSync(join(data, "cloud/.gone-up"))).toEqual([]);
      if (when === "the next start") expect(await gateway().added.open()).toEqual([]);
      else {
        await aws.start();
        expect(await added.add(request(), WHO)).toMatchObject({ ok: true });
        await online();
        await offer(2);
        await expect.poll(arrived).toEqual([2]);
        await added.remove("up", WHO);
      }
      expect(await store.extent("outbox-up")).toMatchObject({ count: 0 });
      expect(left()).toEqual([]);
    },
  );

  it("is looked at while it works, and when it does not", async () => {
    const { added } = gateway();
    await added.add(request(), WHO);
    await online();
    expect(await added.check("up")).toMatchObject({ ok: true, value: { ok: true } });
    const { serialNumber } = new X509Certificate(fileOf("cert.pem"));
    const ours = aws.registry.certificates
      .list()
      .find(({ pem }) => new X509Certificate(pem).serialNumber === serialNumber);
    aws.registry.certificates.setStatus(ours?.id ?? "", "INACTIVE");
    await expect.poll(() => bridges[0]?.state).toBe("offline");
    const result = await added.check("up");
    expect(result).toMatchObject({ ok: true, value: { ok: false } });
    const steps = result.ok ? result.value.steps : [];
    expect(steps.find(({ outcome }) => outcome === "failed")).toMatchObject({
      step: "mqtt",
      advice: expect.stringContaining("active"),
    });
  });
});

describe("its certificate", () => {
  function watched(added: AddedClouds): { alarms: string[]; watch: RenewalWatch } {
    const alarms: string[] = [];
    const watch = new RenewalWatch({
      clock,
      log: silent,
      renewals: () => added.renewals(),
      endings: () => [],
      renew: async (id) => {
        const result = await added.renew(id, { by: "gateway" });
        return result.ok ? undefined : result.refusal.detail;
      },
      alarm: (text) => alarms.push(text),
    });
    watch.start();
    return { alarms, watch };
  }

  /** Its policy has to let a gateway that asks for the next one do so; this one lets it do everything. */
  async function due() {
    const { added } = gateway();
    await added.add(request(), WHO);
    await online();
    const [renewal] = added.renewals();
    if (renewal === undefined) throw new Error("nothing is renewed");
    return {
      added,
      inMs: renewal.at - clock.now(),
      before: { cert: fileOf("cert.pem"), key: fileOf("key.pem") },
    };
  }

  it("is renewed in time, with a new key, and nothing of the house is lost meanwhile", async () => {
    const { added, before, inMs } = await due();
    const { alarms, watch } = watched(added);
    clock.step(inMs - 1_800_000);
    await watch.idle();
    expect(fileOf("cert.pem")).toBe(before.cert);
    const passing = clock.advance(3_600_000);
    await offer(1);
    await passing;
    await offer(2);
    await watch.idle();
    await offer(3);
    expect(fileOf("cert.pem")).not.toBe(before.cert);
    expect(fileOf("key.pem")).not.toBe(before.key);
    expect(
      new X509Certificate(fileOf("cert.pem")).publicKey.equals(new X509Certificate(before.cert).publicKey),
    ).toBe(false);
    expect(alarms).toEqual([]);
    await online();
    await expect.poll(arrived).toEqual([1, 2, 3]);
    // It is the new one that is in use: nobody misses the old one.
    const { serialNumber } = new X509Certificate(before.cert);
    for (const { id, pem } of aws.registry.certificates.list()) {
      if (new X509Certificate(pem).serialNumber === serialNumber)
        aws.registry.certificates.setStatus(id, "REVOKED");
    }
    await offer(4);
    await expect.poll(arrived).toEqual([1, 2, 3, 4]);
    expect(audited.at(-1)).toMatchObject({ action: "cloud-renewed", subject: "up", by: "gateway" });
  });

  it("stays in use when the cloud gives no other, and people are told", async () => {
    const { added, before, inMs } = await due();
    const { alarms, watch } = watched(added);
    aws.provisioning.putTemplate("gateways", { ...TEMPLATE, enabled: false } as ProvisioningTemplate);
    clock.step(inMs);
    await clock.advance(3_600_000);
    await watch.idle();
    expect(alarms).toEqual([
      expect.stringMatching(/^The certificate of the cloud up could not be renewed: .*template/),
    ]);
    expect({ cert: fileOf("cert.pem"), key: fileOf("key.pem") }).toEqual(before);
    await online();
    await offer(5);
    await expect.poll(arrived).toEqual([5]);
  });
});
