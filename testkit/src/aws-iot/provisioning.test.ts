import { createPrivateKey, X509Certificate } from "node:crypto";
import type { JsonObject } from "@tram/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot, gatewayPolicy } from "./aws-iot.ts";
import type { ProvisioningTemplate } from "./provisioning.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY, policy, statement } from "./testing/policies.ts";
import { rsa, signingRequest } from "./testing/signing-request.ts";

const CREATE = "$aws/certificates/create/json";
const FROM_CSR = "$aws/certificates/create-from-csr/json";
const REGISTER = "$aws/provisioning-templates/gateways/provision/json";

/** What a claim certificate may do, and no more ("Provisioning devices that don't have device certificates"). */
const CLAIM = policy(
  statement("Allow", "iot:Connect", "client/*"),
  statement(
    "Allow",
    ["iot:Publish", "iot:Receive"],
    "topic/$aws/certificates/create*",
    "topic/$aws/provisioning-templates/gateways/provision/*",
  ),
  statement(
    "Allow",
    "iot:Subscribe",
    "topicfilter/$aws/certificates/create*",
    "topicfilter/$aws/provisioning-templates/gateways/provision/*",
  ),
);

const TEMPLATE: ProvisioningTemplate = {
  body: {
    Parameters: { SerialNumber: { Type: "String" }, Site: { Type: "String", Default: "farm" } },
    Resources: {
      thing: {
        Type: "AWS::IoT::Thing",
        Properties: {
          ThingName: { "Fn::Join": ["-", ["gw", { Ref: "SerialNumber" }]] },
          AttributePayload: { site: { Ref: "Site" } },
        },
      },
      certificate: {
        Type: "AWS::IoT::Certificate",
        Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
      },
      policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "gateways" } },
    },
    DeviceConfiguration: { serial: { "Fn::Sub": "no ${SerialNumber}" } },
  },
};

let aws: AwsIot;
let claim: Device;
beforeEach(async () => {
  aws = await AwsIot.open({ clock: new VirtualClock(), shadowLatencyMs: 0 });
  aws.registry.putPolicy("gateways", gatewayPolicy());
  aws.provisioning.putTemplate("gateways", TEMPLATE);
  claim = await Device.open(aws, aws.enroll("claim", [CLAIM]));
  await claim.subscribe(
    [FROM_CSR, CREATE, REGISTER].flatMap((topic) => [`${topic}/accepted`, `${topic}/rejected`]),
  );
});
afterEach(async () => {
  await claim[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

async function created(
  csr: string,
): Promise<{ certificateId: string; certificatePem: string; certificateOwnershipToken: string }> {
  const { accepted, body } = await claim.ask(FROM_CSR, { certificateSigningRequest: csr });
  expect(accepted).toBe(true);
  return body as never;
}

const register = (certificateOwnershipToken: string, parameters: JsonObject = { SerialNumber: "7" }) =>
  claim.ask(REGISTER, { certificateOwnershipToken, parameters });

describe("provisioning by claim", () => {
  test("gives a certificate for the device's own key, which works when the Thing is registered and not before", async () => {
    const { key, csr } = signingRequest();
    const made = await created(csr);
    const certificate = new X509Certificate(made.certificatePem);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(new X509Certificate(aws.rootCa).publicKey)).toBe(true);
    expect(certificate.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(made.certificateId);
    const mine = { thing: "gw-7", certificateId: made.certificateId, certificate: made.certificatePem, key };
    await expect(Device.open(aws, mine)).rejects.toThrow();
    expect(aws.incidents.at(-1)?.code).toBe("certificate-not-active");
    expect(await register(made.certificateOwnershipToken)).toEqual({
      accepted: true,
      body: { thingName: "gw-7", deviceConfiguration: { serial: "no 7" } },
    });
    expect(aws.registry.thing("gw-7")).toEqual({ name: "gw-7", attributes: { site: "farm" } });
    await using device = await Device.open(aws, mine);
    await device.client.publishAsync("tram/gw-7/hello", "1", { qos: 1 });
    // And nobody else's topics.
    device.send("tram/gw-8/hello", 1);
    await device.ended;
  });

  test("gives a key where a device cannot make one", async () => {
    const { body } = await claim.ask(CREATE);
    const made = body as { certificatePem: string; privateKey: string; certificateOwnershipToken: string };
    expect(new X509Certificate(made.certificatePem).checkPrivateKey(createPrivateKey(made.privateKey))).toBe(
      true,
    );
    expect(await register(made.certificateOwnershipToken)).toMatchObject({ accepted: true });
  });

  test("can be refused by the hook, which sees who asks and may decide otherwise", async () => {
    const events: unknown[] = [];
    aws.provisioning.putTemplate("gateways", {
      ...TEMPLATE,
      hook: (event) => {
        events.push(event);
        return {
          allowProvisioning: event.parameters.SerialNumber === "7",
          parameterOverrides: { Site: "barn" },
        };
      },
    });
    const made = await created(signingRequest().csr);
    expect(await register(made.certificateOwnershipToken, { SerialNumber: "13" })).toMatchObject({
      accepted: false,
      body: { statusCode: 403, errorCode: "AccessDenied" },
    });
    expect(aws.registry.certificates.get(made.certificateId)).toMatchObject({ status: "PENDING_ACTIVATION" });
    expect(await register(made.certificateOwnershipToken)).toMatchObject({ accepted: true });
    expect(aws.registry.thing("gw-7")).toMatchObject({ attributes: { site: "barn" } });
    expect(events[0]).toEqual({
      claimCertificateId: expect.stringMatching(/^[0-9a-f]{64}$/),
      certificateId: made.certificateId,
      certificatePem: made.certificatePem,
      templateArn: "arn:aws:iot:eu-central-1:123456789012:provisioningtemplate/gateways",
      clientId: "claim",
      parameters: { SerialNumber: "13" },
    });
  });

  test("is refused when the hook fails, or takes more than five seconds", async () => {
    const made = await created(signingRequest().csr);
    const hooks: readonly ProvisioningTemplate["hook"][] = [
      () => Promise.reject(new Error("the function failed")),
      () => new Promise(() => undefined),
    ];
    for (const hook of hooks) {
      aws.provisioning.putTemplate("gateways", { ...TEMPLATE, ...(hook === undefined ? {} : { hook }) });
      const asked = aws.received().length;
      const answer = register(made.certificateOwnershipToken);
      await expect.poll(() => aws.received().length).toBe(asked + 1);
      aws.clock.skip(5_000);
      expect(await answer).toMatchObject({ accepted: false, body: { errorCode: "AccessDenied" } });
    }
  });

  test("takes a token for an hour, and once; then the certificate is gone", async () => {
    const used = await created(signingRequest().csr);
    await register(used.certificateOwnershipToken);
    const spent = await register(used.certificateOwnershipToken);
    expect(spent).toMatchObject({
      accepted: false,
      body: { statusCode: 400, errorCode: "InvalidCertificateOwnershipToken" },
    });
    const late = await created(signingRequest().csr);
    aws.clock.skip(3_600_000);
    expect(aws.registry.certificates.get(late.certificateId)).toBeUndefined();
    expect(aws.registry.certificates.get(used.certificateId)).toMatchObject({ status: "ACTIVE" });
  });

  test.each<[string, () => Promise<{ accepted: boolean; body: unknown }>, string]>([
    [
      "a request that is none",
      () => claim.ask(FROM_CSR, { certificateSigningRequest: "hello" }),
      "InvalidCertificateSigningRequest",
    ],
    [
      "a weak key",
      () =>
        claim.ask(FROM_CSR, {
          certificateSigningRequest: signingRequest(rsa(1_024)).csr,
        }),
      "InvalidCertificateSigningRequest",
    ],
    ["no request", () => claim.ask(FROM_CSR, {}), "InvalidPayload"],
    ["a token that is none", () => register("made up"), "InvalidCertificateOwnershipToken"],
  ])("refuses %s", async (_name, act, errorCode) => {
    expect(await act()).toMatchObject({ accepted: false, body: { statusCode: 400, errorCode } });
    expect(aws.registry.certificates.list().length).toBe(1);
  });

  test("refuses a device that leaves a parameter out, and lets it try again", async () => {
    const made = await created(signingRequest().csr);
    expect(await register(made.certificateOwnershipToken, {})).toMatchObject({
      accepted: false,
      body: { errorCode: "InvalidParameters" },
    });
    expect(await register(made.certificateOwnershipToken)).toMatchObject({ accepted: true });
  });

  test("answers nobody who has not subscribed before", async () => {
    await using hasty = await Device.open(aws, aws.enroll("hasty", [OPEN_POLICY]));
    const received: string[] = [];
    hasty.client.on("packetreceive", ({ cmd }) => received.push(cmd));
    hasty.send(FROM_CSR, { certificateSigningRequest: signingRequest().csr });
    await expect.poll(() => received).toEqual(["puback"]);
    await hasty.client.publishAsync("settled", "0", { qos: 1 });
    expect(hasty.messages).toEqual([]);
  });
});
