import { execFileSync } from "node:child_process";
import { type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ARN,
  AwsIot,
  type Enrollment,
  NO_REQUESTS,
  type PolicyDocument,
  type ProvisioningTemplate,
  RealClock,
} from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BridgeError } from "../../bridge-error.ts";
import { QuietLog } from "../../testing/quiet-log.ts";
import { AwsIotProvider } from "./aws-iot.ts";
import { type ProvisionOptions, provision, renew } from "./provisioning.ts";
import { ThingNames } from "./thing-names.ts";

const unused = new AbortController().signal;

/** A certificate request as OpenSSL makes it; the product has its own way, which the daemon tests. */
async function request(key: KeyObject): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "aws-iot-csr-"));
  try {
    const file = join(folder, "key.pem");
    writeFileSync(file, key.export({ format: "pem", type: "pkcs8" }));
    return execFileSync("openssl", ["req", "-new", "-key", file, "-subj", "/CN=gateway"], {
      encoding: "utf8",
      stdio: "pipe",
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

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
    allow("iot:Connect", "client/claim-*", "client/farm"),
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

let aws: AwsIot;
let claim: Enrollment;
beforeEach(async () => {
  aws = await AwsIot.open();
  claim = aws.enroll("claim", [CLAIM]);
  aws.registry.putPolicy("gateway", GATEWAY);
  aws.provisioning.putTemplate("gateways", TEMPLATE);
});
afterEach(() => aws[Symbol.asyncDispose]());

function options(more: Partial<ProvisionOptions> = {}): ProvisionOptions {
  return {
    endpoint: aws.host,
    port: aws.port,
    alpn: false,
    claim: { ca: aws.rootCa, cert: claim.certificate, key: claim.key },
    clientId: "claim-1",
    template: "gateways",
    parameters: { Serial: "farm" },
    request,
    clock: new RealClock(),
    ...more,
  };
}

async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BridgeError)) throw new Error(`expected a BridgeError, found ${String(error)}`);
  return error;
}

describe("provisioning by claim", () => {
  it("gives an identity that works, for a key that never left", async () => {
    const identity = await provision(options(), unused);
    expect(identity.thing).toBe("farm");
    expect(aws.registry.certificates.get(identity.certificateId)).toMatchObject({ status: "ACTIVE" });
    for (const { payload } of aws.received()) expect(payload.toString()).not.toContain("PRIVATE KEY");
    const provider = new AwsIotProvider({
      endpoint: aws.host,
      port: aws.port,
      alpn: false,
      identity: { ca: aws.rootCa, cert: identity.certificate, key: identity.key },
      names: new ThingNames("house", identity.thing),
      keepaliveS: 60,
      childShadows: "named",
      payload: () => "{}",
      clock: new RealClock(),
      log: new QuietLog(),
    });
    const connection = await provider.connect(unused, NO_REQUESTS);
    expect(aws.connected).toEqual(["farm"]);
    await connection[Symbol.asyncDispose]();
  });

  it("goes on to a new certificate by the same way, and leaves the gateway its name", async () => {
    const first = await provision(options(), unused);
    const second = await renew(
      options({ claim: { ca: aws.rootCa, cert: first.certificate, key: first.key }, clientId: first.thing }),
      unused,
    );
    expect(second.thing).toBe("farm");
    expect(second.certificateId).not.toBe(first.certificateId);
    expect(
      new X509Certificate(second.certificate).publicKey.equals(
        new X509Certificate(first.certificate).publicKey,
      ),
    ).toBe(false);
  });

  it.each<[string, () => Partial<ProvisionOptions>, RegExp]>([
    ["no such template", () => ({ template: "others" }), /provisioning|allow/],
    [
      "a parameter that is missing",
      () => ({ parameters: {} }),
      /register the gateway.*parameters.*InvalidParameters/,
    ],
    [
      "no certificate request",
      () => ({ request: async () => "nonsense" }),
      /a certificate.*InvalidCertificateSigningRequest/,
    ],
    ["a client id that the claim may not have", () => ({ clientId: "farmer" }), /client\/farmer/],
  ])("says what is wrong: %s", async (_name, more, words) => {
    const error = await refusalOf(provision(options(more()), unused));
    expect(error.message).toMatch(words);
    expect(`${error.message}${error.stack}`).not.toContain("PRIVATE KEY");
  });

  it("says that the hook has refused", async () => {
    aws.provisioning.putTemplate("gateways", { ...TEMPLATE, hook: () => ({ allowProvisioning: false }) });
    expect((await refusalOf(provision(options(), unused))).message).toMatch(/hook.*AccessDenied/);
  });

  it("gives nothing back when the new certificate does not let the gateway in", async () => {
    aws.registry.putPolicy("gateway", {
      Version: "2012-10-17",
      Statement: [allow("iot:Publish", "topic/*")],
    });
    const clock = new (class extends RealClock {
      override async sleep(): Promise<void> {}
    })();
    const error = await refusalOf(provision(options({ clock }), unused));
    expect(error.message).toMatch(/was made and does not work.*policy/);
  });

  it("stops when it is told to", async () => {
    aws.provisioning.putTemplate("gateways", { ...TEMPLATE, hook: () => new Promise(() => undefined) });
    const stop = new AbortController();
    const running = refusalOf(provision(options(), stop.signal));
    stop.abort(new Error("not wanted"));
    expect((await running).code).toBe("aborted");
  });
});
