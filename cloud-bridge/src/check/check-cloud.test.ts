import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ARN, AwsIot, type Enrollment, RealClock, VirtualClock } from "@tram/testkit";
import { afterEach, describe, expect, it } from "vitest";
import type { BridgeConfig } from "../bridge-config.ts";
import { guidePolicy } from "../testing/guide-policy.ts";
import { Mosquitto, mosquittoIsMissing } from "../testing/mosquitto.ts";
import { type CheckParts, checkCloud } from "./check-cloud.ts";
import { type CheckResult, firstFailure } from "./check-step.ts";

const unused = new AbortController().signal;
/** The policy that the guide gives to its readers. */
const GUIDE = guidePolicy();

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
});

async function cloud(options: Parameters<typeof AwsIot.open>[0] = {}): Promise<AwsIot> {
  const aws = await AwsIot.open(options);
  open.push(aws);
  return aws;
}

function aimed(aws: AwsIot, enrolled: Enrollment, more: Partial<CheckParts> = {}): CheckParts {
  const config: BridgeConfig = {
    id: "up",
    provider: "aws-iot",
    endpoint: aws.host,
    port: aws.port,
    thing_name: "farm",
  };
  return {
    config,
    gateway: "house",
    identity: { ca: aws.rootCa, cert: enrolled.certificate, key: enrolled.key },
    clock: new RealClock(),
    ...more,
  };
}

/** `configuration=ok clock=ok …` */
function summary(results: readonly CheckResult[]): string {
  return results.map(({ step, outcome }) => `${step}=${outcome}`).join(" ");
}

/** The steps are tried in their order, and none after the first failure. */
function failedAt(results: readonly CheckResult[]): CheckResult {
  const failure = firstFailure(results);
  if (failure === undefined) throw new Error(`nothing has failed: ${summary(results)}`);
  const after = results.slice(results.indexOf(failure) + 1);
  expect(after.map(({ outcome }) => outcome)).toEqual(after.map(() => "skipped"));
  expect(results.filter(({ outcome }) => outcome === "failed")).toHaveLength(1);
  return failure;
}

describe("a check of AWS IoT", () => {
  it("passes when everything is well, and leaves one message there", async () => {
    const aws = await cloud();
    const results = await checkCloud(aimed(aws, aws.enroll("farm", [GUIDE])), unused);
    expect(summary(results)).toBe("configuration=ok clock=ok name=ok tcp=ok tls=ok mqtt=ok publish=ok");
    expect(aws.received().map(({ topic }) => topic)).toEqual(["tram/farm/telemetry/house/cloud/check"]);
    await expect.poll(() => aws.connected).toEqual([]);
  });

  it("does not take the place of a bridge that is connected", async () => {
    const aws = await cloud();
    const parts = aimed(aws, aws.enroll("farm", [GUIDE]), { bridge: { state: "online", sent: 7 } });
    const results = await checkCloud(parts, unused);
    expect(results.at(-1)?.said).toContain("7 messages");
    expect(aws.received()).toEqual([]);
    const silent = await checkCloud({ ...parts, bridge: { state: "online", sent: 0 } }, unused);
    expect(silent.at(-1)?.outcome).toBe("unsure");
  });

  it("asks for no job and takes none", async () => {
    const aws = await cloud();
    const enrolled = aws.enroll("farm", [GUIDE]);
    aws.jobs.create({ jobId: "j-1", things: ["farm"], document: { operation: "reboot" } });
    await checkCloud(aimed(aws, enrolled), unused);
    expect(aws.jobs.get("j-1", "farm")?.status).toBe("QUEUED");
  });

  it("says that the endpoint is wrong: its certificate is for another host, which it names", async () => {
    const aws = await cloud({ server: { names: ["portal.hotel.example"] } });
    const failure = failedAt(await checkCloud(aimed(aws, aws.enroll("farm", [GUIDE])), unused));
    expect(failure.step).toBe("tls");
    expect(failure.said).toMatch(/another host name/);
    expect(failure.advice).toMatch(/spelling|portal|web/);
  });

  it("says that the authority is not known", async () => {
    const aws = await cloud({ server: { foreign: true } });
    const failure = failedAt(await checkCloud(aimed(aws, aws.enroll("farm", [GUIDE])), unused));
    expect(failure).toMatchObject({ step: "tls", said: expect.stringMatching(/authority/) });
    expect(failure.advice).toMatch(/Amazon Root CA 1|web server/);
  });

  it("says that the certificate has expired, and that the clock may be the reason", async () => {
    const day = 86_400_000;
    const aws = await cloud({
      server: { notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) },
    });
    const enrolled = aws.enroll("farm", [GUIDE]);
    const clock = new VirtualClock({ wall: Date.now(), trust: "untrusted" });
    const results = await checkCloud(aimed(aws, enrolled, { clock }), unused);
    expect(results[1]).toMatchObject({ step: "clock", outcome: "unsure" });
    expect(failedAt(results)).toMatchObject({ step: "tls", said: expect.stringMatching(/expired.*clock/) });
  });

  it("says that the certificate is not active", async () => {
    const aws = await cloud();
    const enrolled = aws.enroll("farm", [GUIDE]);
    aws.registry.certificates.setStatus(enrolled.certificateId, "INACTIVE");
    const failure = failedAt(await checkCloud(aimed(aws, enrolled), unused));
    expect(failure.step).toBe("mqtt");
    expect(failure.advice).toMatch(/certificate active/);
  });

  it("says that the policy does not let it connect", async () => {
    const aws = await cloud();
    const enrolled = aws.enroll("farm", [
      { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:Publish", Resource: "*" }] },
    ]);
    const failure = failedAt(await checkCloud(aimed(aws, enrolled), unused));
    expect(failure.step).toBe("mqtt");
    expect(failure.said).toContain("iot:Connect for client/farm");
  });

  it("says that the policy does not let it publish, and where", async () => {
    const aws = await cloud();
    const all = {
      Effect: "Allow" as const,
      Action: ["iot:Connect", "iot:Subscribe", "iot:Receive"],
      Resource: "*",
    };
    const elsewhere = { Effect: "Allow" as const, Action: "iot:Publish", Resource: `${ARN}:topic/other/*` };
    const enrolled = aws.enroll("farm", [{ Version: "2012-10-17", Statement: [all, elsewhere] }]);
    const failure = failedAt(await checkCloud(aimed(aws, enrolled), unused));
    expect(failure.step).toBe("publish");
    expect(failure.said).toContain("tram/farm/telemetry/house/cloud/check");
    expect(failure.advice).toContain("iot:Publish");
  });

  it("looks at our own certificate first", async () => {
    const aws = await cloud();
    const [one, other] = [aws.enroll("farm", [GUIDE]), aws.enroll("barn", [GUIDE])];
    const identity = { ca: aws.rootCa, cert: one.certificate, key: other.key };
    const failure = failedAt(await checkCloud(aimed(aws, one, { identity }), unused));
    expect(failure).toMatchObject({ step: "configuration", said: expect.stringMatching(/not that of/) });
  });

  it("ends where it is told to: a claim can be looked at without using it", async () => {
    const aws = await cloud();
    const results = await checkCloud(aimed(aws, aws.enroll("farm", [GUIDE]), { until: "tls" }), unused);
    expect(summary(results)).toBe("configuration=ok clock=ok name=ok tcp=ok tls=ok");
    expect(aws.received()).toEqual([]);
  });
});

describe("a check of the way", () => {
  const at = (url: string): CheckParts => ({
    config: { id: "up", provider: "mqtt", url },
    gateway: "house",
    clock: new RealClock(),
  });

  it("says that a name is not known", async () => {
    const failure = failedAt(await checkCloud(at("mqtts://no-such-cloud.invalid"), unused));
    expect(failure.step).toBe("name");
    expect(failure.advice).toMatch(/spelling/);
  });

  it("says that nothing listens there", async () => {
    const server = await webServer();
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const failure = failedAt(await checkCloud(at(`mqtts://127.0.0.1:${port}`), unused));
    expect(failure).toMatchObject({ step: "tcp", said: expect.stringContaining("nothing listens") });
  });

  it("says that a portal stands in the way", async () => {
    const server = await webServer();
    try {
      const { port } = server.address() as AddressInfo;
      const failure = failedAt(await checkCloud(at(`mqtts://127.0.0.1:${port}`), unused));
      expect(failure.step).toBe("tls");
      expect(failure.advice).toContain("portal.hotel.example");
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("is over when it is not wanted any more", async () => {
    const results = await checkCloud(at("mqtts://localhost:8883"), AbortSignal.abort());
    expect(failedAt(results).step).toBe("name");
  });
});

/** A hotel: whatever is asked for, it sends to its own page. */
function webServer(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(302, { location: "http://portal.hotel.example/login" }).end();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe.skipIf(mosquittoIsMissing())("a check of a broker", () => {
  it("passes without TLS, and says that everybody can read along", async () => {
    const broker = await Mosquitto.open();
    open.push(broker);
    const config = { id: "up", provider: "mqtt", url: `mqtt://127.0.0.1:${broker.port}` } as const;
    const results = await checkCloud({ config, gateway: "house", clock: new RealClock() }, unused);
    expect(summary(results)).toBe(
      "configuration=ok clock=ok name=skipped tcp=ok tls=skipped mqtt=ok publish=ok",
    );
    expect(results[4]?.said).toContain("read along");
  });
});
