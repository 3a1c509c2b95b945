import { once } from "node:events";
import {
  iot,
  iotidentity,
  iotjobs,
  iotshadow,
  mqtt,
  type mqtt_request_response,
} from "aws-iot-device-sdk-v2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AwsIot, gatewayPolicy } from "./aws-iot.ts";
import { policy, statement } from "./testing/policies.ts";
import { rsa, signingRequest } from "./testing/signing-request.ts";

/**
 * AWS's own client against the double: what it expects of the cloud, the double does. Its own tests do the same against
 * AWS itself (lib/*.spec.ts of aws-iot-device-sdk-js-v2).
 */
let aws: AwsIot;
const connections: mqtt.MqttClientConnection[] = [];
const clients: { close(): void }[] = [];
beforeEach(async () => {
  aws = await AwsIot.open();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(
    connections.splice(0).map((connection) => connection.disconnect().catch(() => undefined)),
  );
  await aws[Symbol.asyncDispose]();
});

const MORE_TOPICS = policy(
  statement("Allow", ["iot:Publish", "iot:Receive"], "topic/lab/*"),
  statement("Allow", "iot:Subscribe", "topicfilter/lab/*"),
);
const SERVICE = {
  maxRequestResponseSubscriptions: 6,
  maxStreamingSubscriptions: 4,
  operationTimeoutInSeconds: 10,
};

interface Identity {
  readonly thing: string;
  readonly certificate: string;
  readonly key: string;
}

/** A connection of AWS's client, as its documentation has it: the authority, the endpoint, and ALPN by itself. */
function connectionOf({ thing, certificate, key }: Identity, clean = true): mqtt.MqttClientConnection {
  const builder = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(certificate, key)
    .with_certificate_authority(aws.rootCa)
    .with_endpoint(aws.host)
    .with_port(aws.port)
    .with_client_id(thing)
    .with_clean_session(clean)
    .with_keep_alive_seconds(60);
  const connection = new mqtt.MqttClient().new_connection(builder.build());
  // Without a listener it would throw out of nowhere.
  connection.on("error", () => undefined);
  connections.push(connection);
  return connection;
}

const enroll = (thing: string): Identity => aws.enroll(thing, [gatewayPolicy(), MORE_TOPICS], "rsa");

/** Resolves with the first event of a stream, once it is subscribed. */
async function streaming<T>(
  stream: mqtt_request_response.StreamingOperation<T>,
): Promise<{ next(): Promise<T> }> {
  clients.push(stream);
  const events: T[] = [];
  let wake: (() => void) | undefined;
  stream.on("incomingPublish", ({ message }: { message: T }) => {
    events.push(message);
    wake?.();
  });
  const subscribed = once(stream, "subscriptionStatus");
  stream.open();
  await subscribed;
  return {
    next: async () => {
      while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return events.shift() as T;
    },
  };
}

/** What a service says when it refuses. */
async function refusal(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked;
  } catch (error) {
    return (error as { modeledError?: unknown }).modeledError ?? error;
  }
  throw new Error("it was not refused");
}

describe("AWS's client", () => {
  test("connects with its certificate and ALPN, publishes, and hears itself", async () => {
    const connection = connectionOf(enroll("gw"));
    expect(await connection.connect()).toBe(false);
    const { promise: heard, resolve } = Promise.withResolvers<string>();
    await connection.subscribe("lab/+", mqtt.QoS.AtLeastOnce, (topic, payload) =>
      resolve(`${topic} ${Buffer.from(payload).toString()}`),
    );
    await connection.publish("lab/1", '{"id":"a"}', mqtt.QoS.AtLeastOnce);
    expect(await heard).toBe('lab/1 {"id":"a"}');
    expect(aws.received().map(({ topic, clientId }) => [topic, clientId])).toEqual([["lab/1", "gw"]]);
    expect(aws.incidents).toEqual([]);
  });

  test("finds the session that was kept, and what was stored in it", async () => {
    const gateway = enroll("gw");
    const first = connectionOf(gateway, false);
    expect(await first.connect()).toBe(false);
    await first.subscribe("lab/+", mqtt.QoS.AtLeastOnce);
    await first.disconnect();
    await expect.poll(() => aws.connected).toEqual([]);
    aws.publish("lab/1", "while away");
    const second = connectionOf(gateway, false);
    const heard = once(second, "message");
    expect(await second.connect()).toBe(true);
    expect((await heard)[0]).toBe("lab/1");
  });

  test("is disconnected by another one with its client id", async () => {
    const gateway = enroll("gw");
    const first = connectionOf(gateway);
    await first.connect();
    const interrupted = once(first, "interrupt");
    const second = connectionOf(gateway);
    await second.connect();
    await interrupted;
    await first.disconnect();
    expect(aws.incidents[0]).toMatchObject({ code: "taken-over", clientId: "gw" });
  });

  test("says that it was hung up on, when its policies do not let it in", async () => {
    const stranger = aws.enroll("stranger", [policy(statement("Deny", "iot:Connect", "client/*"))], "rsa");
    await expect(connectionOf(stranger).connect()).rejects.toThrow(/UNEXPECTED_HANGUP/);
    expect(aws.incidents.map(({ code }) => code)).toEqual(["connect-not-authorized"]);
  });

  test("is not let in without an active certificate", async () => {
    const gateway = aws.enroll("gw", [gatewayPolicy()], "rsa");
    aws.registry.certificates.setStatus(gateway.certificateId, "INACTIVE");
    await expect(connectionOf(gateway).connect()).rejects.toThrow(/HANGUP|CLOSED|TLS/);
    expect(aws.incidents.map(({ code }) => code)).toEqual(["certificate-not-active"]);
  });
});

describe("AWS's shadow client", () => {
  test.each([
    ["a classic shadow", undefined],
    ["a named shadow", "pump"],
  ])("%s: 404, made, read, changed with a delta, refused, deleted", async (_name, shadowName) => {
    const connection = connectionOf(enroll("gw"));
    await connection.connect();
    const shadows = iotshadow.IotShadowClientv2.newFromMqtt311(connection, SERVICE);
    clients.push(shadows);
    const me = { thingName: "gw" };
    const named = { thingName: "gw", shadowName: shadowName ?? "" };
    const get = () => (shadowName === undefined ? shadows.getShadow(me) : shadows.getNamedShadow(named));
    const update = (more: Pick<iotshadow.model.UpdateShadowRequest, "state" | "version">) =>
      shadowName === undefined
        ? shadows.updateShadow({ ...me, ...more })
        : shadows.updateNamedShadow({ ...named, ...more });
    const remove = () =>
      shadowName === undefined ? shadows.deleteShadow(me) : shadows.deleteNamedShadow(named);
    const deltas = await streaming(
      shadowName === undefined
        ? shadows.createShadowDeltaUpdatedStream(me)
        : shadows.createNamedShadowDeltaUpdatedStream(named),
    );
    const documents = await streaming(
      shadowName === undefined
        ? shadows.createShadowUpdatedStream(me)
        : shadows.createNamedShadowUpdatedStream(named),
    );

    expect(await refusal(get())).toMatchObject({
      code: 404,
      message: expect.stringContaining("No shadow exists"),
    });
    const state = { color: "green", on: true };
    expect(await update({ state: { desired: state, reported: state } })).toMatchObject({
      version: 1,
      state: { desired: state },
    });
    expect((await get()).state).toEqual({ desired: state, reported: state });
    expect(await documents.next()).toMatchObject({ current: { version: 1 } });
    await update({ state: { desired: { on: false } } });
    expect(await deltas.next()).toMatchObject({
      state: { on: false },
      version: 2,
      timestamp: expect.any(Number),
    });
    expect(await documents.next()).toMatchObject({ previous: { version: 1 }, current: { version: 2 } });
    expect((await get()).state).toMatchObject({ delta: { on: false } });
    expect(await refusal(update({ state: { reported: { on: false } }, version: 1 }))).toMatchObject({
      code: 409,
    });
    expect(
      await update({ state: { reported: { on: false, color: null } as never }, version: 2 }),
    ).toMatchObject({ version: 3 });
    expect((await get()).state).toMatchObject({ reported: { on: false } });
    expect(await remove()).toMatchObject({ version: 3 });
    expect(await refusal(get())).toMatchObject({ code: 404 });
  });
});

describe("AWS's jobs client", () => {
  test("hears of a job, begins it, is told of another version, and ends it well", async () => {
    const connection = connectionOf(enroll("gw"));
    await connection.connect();
    const jobs = iotjobs.IotJobsClientv2.newFromMqtt311(connection, SERVICE);
    clients.push(jobs);
    const me = { thingName: "gw" };
    const changed = await streaming(jobs.createJobExecutionsChangedStream(me));
    const nexts = await streaming(jobs.createNextJobExecutionChangedStream(me));
    expect(await jobs.getPendingJobExecutions(me)).toMatchObject({ inProgressJobs: [], queuedJobs: [] });
    aws.jobs.create({ jobId: "update-7", things: ["gw"], document: { operation: "update", version: "7" } });
    expect(await changed.next()).toMatchObject({ jobs: { QUEUED: [{ jobId: "update-7" }] } });
    expect(await nexts.next()).toMatchObject({
      execution: {
        jobId: "update-7",
        status: "QUEUED",
        jobDocument: { operation: "update" },
        queuedAt: expect.any(Number),
      },
    });
    expect(await jobs.startNextPendingJobExecution({ ...me, stepTimeoutInMinutes: 5 })).toMatchObject({
      execution: {
        jobId: "update-7",
        status: "IN_PROGRESS",
        versionNumber: 2,
        startedAt: expect.any(Number),
      },
    });
    const mine = { ...me, jobId: "update-7" };
    expect(await jobs.describeJobExecution(mine)).toMatchObject({ execution: { status: "IN_PROGRESS" } });
    const { SUCCEEDED, IN_PROGRESS } = iotjobs.model.JobStatus;
    expect(
      await refusal(jobs.updateJobExecution({ ...mine, status: SUCCEEDED, expectedVersion: 1 })),
    ).toMatchObject({
      code: iotjobs.model.RejectedErrorCode.VERSION_MISMATCH,
      executionState: { status: IN_PROGRESS, versionNumber: 2 },
    });
    const last = {
      ...mine,
      status: SUCCEEDED,
      expectedVersion: 2,
      statusDetails: { seconds: "3" },
      includeJobExecutionState: true,
    };
    expect(await jobs.updateJobExecution(last)).toMatchObject({
      executionState: { status: SUCCEEDED, statusDetails: { seconds: "3" }, versionNumber: 3 },
    });
    expect(await changed.next()).toMatchObject({ jobs: {} });
    expect((await nexts.next()).execution).toBeUndefined();
    expect(aws.jobs.get("update-7", "gw")).toMatchObject({
      status: "SUCCEEDED",
      statusDetails: { seconds: "3" },
    });
  });
});

describe("AWS's identity client", () => {
  const TEMPLATE = {
    Parameters: { SerialNumber: { Type: "String" } },
    Resources: {
      thing: {
        Type: "AWS::IoT::Thing",
        Properties: { ThingName: { "Fn::Join": ["", ["gw-", { Ref: "SerialNumber" }]] } },
      },
      certificate: {
        Type: "AWS::IoT::Certificate",
        Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
      },
      policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "gateways" } },
    },
  } as const;

  /** The identity client of a device that has a claim certificate and nothing else. */
  async function claim(): Promise<iotidentity.IotIdentityClientv2> {
    aws.registry.putPolicy("gateways", gatewayPolicy());
    aws.provisioning.putTemplate("gateways", {
      body: TEMPLATE,
      hook: ({ parameters }) => ({ allowProvisioning: parameters.SerialNumber !== "stolen" }),
    });
    const topics = ["$aws/certificates/create*", "$aws/provisioning-templates/gateways/provision/*"];
    const may = policy(
      statement("Allow", "iot:Connect", "client/*"),
      statement("Allow", ["iot:Publish", "iot:Receive"], ...topics.map((topic) => `topic/${topic}`)),
      statement("Allow", "iot:Subscribe", ...topics.map((topic) => `topicfilter/${topic}`)),
    );
    const connection = connectionOf(aws.enroll("claim", [may], "rsa"));
    await connection.connect();
    const identity = iotidentity.IotIdentityClientv2.newFromMqtt311(connection, SERVICE);
    clients.push(identity);
    return identity;
  }

  test("gets a certificate for its own key, registers, and connects as the Thing", async () => {
    const identity = await claim();
    const { key, csr: certificateSigningRequest } = signingRequest(rsa(2_048));
    const made = await identity.createCertificateFromCsr({ certificateSigningRequest });
    const token = made.certificateOwnershipToken ?? "";
    const register = (SerialNumber: string) =>
      identity.registerThing({
        templateName: "gateways",
        certificateOwnershipToken: token,
        parameters: { SerialNumber },
      });
    expect(await refusal(register("stolen"))).toMatchObject({ statusCode: 403, errorCode: "AccessDenied" });
    expect(await register("7")).toMatchObject({ thingName: "gw-7" });
    const device = connectionOf({ thing: "gw-7", certificate: made.certificatePem ?? "", key });
    await device.connect();
    await device.publish("tram/gw-7/hello", "{}", mqtt.QoS.AtLeastOnce);
    expect(aws.received().at(-1)).toMatchObject({ topic: "tram/gw-7/hello", clientId: "gw-7" });
  });

  test("gets a key, where the device cannot make one", async () => {
    const identity = await claim();
    const made = await identity.createKeysAndCertificate({});
    const token = made.certificateOwnershipToken ?? "";
    const parameters = { SerialNumber: "8" };
    await identity.registerThing({ templateName: "gateways", certificateOwnershipToken: token, parameters });
    const device = connectionOf({
      thing: "gw-8",
      certificate: made.certificatePem ?? "",
      key: made.privateKey ?? "",
    });
    await device.connect();
  });
});
