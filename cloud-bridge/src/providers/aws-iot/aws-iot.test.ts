import { createServer } from "node:net";
import type {
  CloudAnswer,
  CloudCommand,
  CloudDesk,
  CloudMessage,
  CloudRequest,
  CloudThing,
} from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";
import {
  AwsIot,
  type AwsIotOptions,
  awsIotPeer,
  type Enrollment,
  NO_REQUESTS,
  type PolicyDocument,
  type ProviderHarness,
  providerContract,
  RealClock,
} from "@tram/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import { BridgeError } from "../../bridge-error.ts";
import { Mapping } from "../../mapping.ts";
import { guidePolicy } from "../../testing/guide-policy.ts";
import { QuietLog } from "../../testing/quiet-log.ts";
import { AwsIotProvider, type AwsIotProviderOptions } from "./aws-iot.ts";
import type { AwsIotConnection } from "./connection.ts";
import { ThingNames } from "./thing-names.ts";

const mapping = new Mapping({ gateway: "farm" });
const unused = new AbortController().signal;

/** A cloud that floods us is not held back by its own rules. */
const BOUNDLESS = {
  publishesPerS: 1e9,
  bytesPerS: 1e9,
  unacknowledged: 1e9,
};

const close: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of close.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function cloud(options: AwsIotOptions = {}): Promise<AwsIot> {
  const aws = await AwsIot.open({ shadowLatencyMs: 0, ...options });
  close.push(aws);
  return aws;
}

function provider(
  aws: AwsIot,
  who: Pick<Enrollment, "certificate" | "key">,
  options: Partial<AwsIotProviderOptions> = {},
): AwsIotProvider {
  return new AwsIotProvider({
    endpoint: aws.host,
    port: aws.port,
    alpn: false,
    identity: { ca: aws.rootCa, cert: who.certificate, key: who.key },
    names: new ThingNames("farm"),
    keepaliveS: 60,
    childShadows: "named",
    payload: (message) => mapping.payload(message),
    clock: new RealClock(),
    log: new QuietLog(),
    ...options,
  });
}

async function connect(tested: AwsIotProvider, desk: CloudDesk = NO_REQUESTS): Promise<AwsIotConnection> {
  const connection = await tested.connect(unused, desk);
  close.push(connection);
  return connection;
}

function message(id: string, more: Partial<CloudMessage> = {}): CloudMessage {
  const thing = more.thing ?? "pump";
  return {
    id,
    class: "telemetry",
    group: thing,
    thing,
    name: "motor/power",
    time: Date.UTC(2026, 0, 5),
    value: true,
    quality: "good",
    ...more,
  };
}

/** A house with states, which carries out what it is asked when the test says so. */
class TestDesk implements CloudDesk {
  readonly asked: CloudRequest[] = [];
  readonly states = new Map<string, Json>();
  readonly turned: unknown[] = [];
  readonly #ids: readonly string[];
  answer: (request: CloudRequest) => CloudAnswer = () => ({ outcome: "accepted" });

  constructor(ids: readonly string[] = ["pump"]) {
    this.#ids = ids;
  }

  async ask(request: CloudRequest): Promise<CloudAnswer> {
    this.asked.push(request);
    return this.answer(request);
  }

  *snapshot() {
    for (const [key, value] of this.states) {
      const [thing = "", ...name] = key.split("/");
      const { id: _id, ...draft } = message("", { class: "state", thing, name: name.join("/"), value });
      yield draft;
    }
  }

  things(): Iterable<CloudThing> {
    return this.#ids.map((id) => ({ id, title: id, available: true }));
  }

  onThing(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  turnedAway(what: unknown): void {
    this.turned.push(what);
  }

  get commands(): readonly CloudCommand[] {
    return this.asked.filter((request) => request.kind === "command");
  }
}

function reply(request: CloudCommand, state: string, more: { readonly code?: string } = {}): CloudMessage {
  const name = "property" in request.target ? request.target.property : request.target.action;
  return message(`end-${request.id}`, {
    class: "reply",
    thing: request.thing,
    name,
    value: { command: "c1", state, value: request.value, origin: "cloud:aws", ...more },
    ...(request.context === undefined ? {} : { context: request.context }),
  });
}

async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BridgeError)) throw new Error(`expected a BridgeError, found ${String(error)}`);
  return error;
}

const reported = (aws: AwsIot, thing = "farm--pump"): Json =>
  aws.shadows.get(thing, "farm")?.reported ?? null;
const classic = (aws: AwsIot, thing: string): Json => aws.shadows.get(thing)?.reported ?? null;

async function openHarness(
  options: AwsIotOptions,
  more: Partial<AwsIotProviderOptions>,
): Promise<ProviderHarness> {
  const aws = await AwsIot.open(options);
  const who = aws.enroll("farm", [guidePolicy()]);
  return {
    provider: () => provider(aws, who, more),
    peer: awsIotPeer(aws),
    unacceptable: message("huge", { value: "x".repeat(200_000) }),
    secrets: [who.key],
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  };
}

describe("the aws-iot provider", () => {
  for (const { name, run } of providerContract(() => openHarness({}, {}))) it(name, run);
});

describe("the aws-iot provider on port 443", () => {
  for (const { name, run } of providerContract(() => openHarness({ alpn: "required" }, { alpn: true })))
    it(name, run);
});

describe("who is not AWS IoT, or does not want us, is told apart:", () => {
  it.each<[string, AwsIotOptions, BridgeError["code"], RegExp]>([
    ["an authority that nobody knows", { server: { foreign: true } }, "tls-authority", /authority/],
    ["another host's certificate", { server: { names: ["elsewhere.example"] } }, "tls-host", /another host/],
    [
      "an expired certificate",
      { server: { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") } },
      "tls-expired",
      /has expired$/,
    ],
  ])("%s", async (_name, options, code, words) => {
    const aws = await cloud(options);
    const error = await refusalOf(
      provider(aws, aws.enroll("farm", [guidePolicy()])).connect(unused, NO_REQUESTS),
    );
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(aws.connected).toEqual([]);
  });

  it("an expired certificate, by a clock that nobody has set", async () => {
    const aws = await cloud({
      server: { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") },
    });
    class Unsure extends RealClock {
      override readonly trust = "untrusted" as never;
    }
    const tested = provider(aws, aws.enroll("farm", [guidePolicy()]), { clock: new Unsure() });
    expect((await refusalOf(tested.connect(unused, NO_REQUESTS))).message).toMatch(/clock is not set/);
  });

  it("a certificate of ours that is not active, or may not connect", async () => {
    const aws = await cloud();
    const who = aws.enroll("farm", [guidePolicy()]);
    aws.registry.certificates.setStatus(who.certificateId, "INACTIVE");
    const inactive = await refusalOf(provider(aws, who).connect(unused, NO_REQUESTS));
    expect([inactive.code, inactive.message]).toEqual([
      "credentials",
      expect.stringMatching(/not active.*client\/farm/),
    ]);
    const stranger = await refusalOf(
      provider(aws, aws.enroll("barn", [guidePolicy()])).connect(unused, NO_REQUESTS),
    );
    expect([stranger.code, stranger.message]).toEqual([
      "credentials",
      expect.stringMatching(/policy.*client\/farm/),
    ]);
  });

  it("a certificate of ours that AWS does not know", async () => {
    const [aws, other] = [await cloud(), await cloud()];
    const error = await refusalOf(
      provider(aws, other.enroll("farm", [guidePolicy()])).connect(unused, NO_REQUESTS),
    );
    expect(["tls-client", "credentials"]).toContain(error.code);
    expect(error.message).toMatch(/certificate/);
  });

  it("a subscription, and a publish, that the policy does not allow", async () => {
    const aws = await cloud();
    const policy = guidePolicy();
    const statements = policy.Statement as readonly { readonly Action: unknown }[];
    const without = (action: string): PolicyDocument => ({
      ...policy,
      Statement: statements.filter(({ Action }) => !JSON.stringify(Action).includes(action)) as never,
    });
    const deaf = provider(aws, aws.enroll("farm", [without("iot:Subscribe")]));
    expect((await refusalOf(deaf.connect(unused, NO_REQUESTS))).message).toMatch(/subscribe.*iot:Subscribe/);
    const mute = await connect(provider(aws, aws.enroll("farm", [without("iot:Publish")])));
    expect(await mute.closed).toMatch(/\$aws\/things\/farm\/.* was published.*iot:Publish/);
  });

  it("a policy without shadows and jobs: they are left alone, and everything else goes on", async () => {
    const aws = await cloud();
    const log = new QuietLog();
    const plain: PolicyDocument = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: ["iot:Connect", "iot:Subscribe"], Resource: "*" },
        { Effect: "Allow", Action: "iot:Publish", Resource: "arn:aws:iot:*:*:topic/tram/farm/*" },
      ],
    };
    const tested = provider(aws, aws.enroll("farm", [plain]), { log });
    const desk = new TestDesk();
    const batch = [message("t"), message("s", { class: "state" })];
    let attempts = 0;
    for (let all = false; !all && attempts < 10; attempts++) {
      const connection = await connect(tested, desk);
      const outcomes = await connection.publish(batch);
      all = outcomes.every(({ outcome }) => outcome === "acknowledged");
      if (!all) expect(await connection.closed).toMatch(/\$aws\/things\/farm.* was published/);
    }
    expect(attempts).toBeLessThanOrEqual(7);
    expect(log.lines.map(({ fields }) => fields.service).toSorted()).toEqual([
      "child-shadows",
      "jobs",
      "own-shadow",
    ]);
  });

  it("a prefix that the policy does not allow", async () => {
    const aws = await cloud();
    const connection = await connect(
      provider(aws, aws.enroll("farm", [guidePolicy()]), { topicPrefix: "else/where" }),
    );
    const [outcome] = await connection.publish([message("t")]);
    expect(outcome?.outcome).toBe("retry");
    expect(await connection.closed).toMatch(/while else\/where\/telemetry\/pump\/motor\/power was published/);
  });

  it("what speaks no TLS: nothing is said to it in the clear", async () => {
    const said: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        said.push(bytes);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const aws = await cloud();
    const who = aws.enroll("farm", [guidePolicy()]);
    const error = await refusalOf(provider(aws, who, { port }).connect(unused, NO_REQUESTS));
    expect(error.code).toMatch(/^tls/);
    server.close();
    // RFC 8446 §5.1: a record of the handshake, and no MQTT CONNECT (0x10).
    expect(said.length).toBeGreaterThan(0);
    expect(said.every((bytes) => bytes[0] === 0x16 || bytes[0] === 0x15)).toBe(true);
  });
});

describe("messages", () => {
  it("go to topics by their class, and need no more than the policy of the guide", async () => {
    expect(guidePolicy("cloud-aws.vi.md")).toEqual(guidePolicy());
    const aws = await cloud();
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), new TestDesk());
    const classes = ["alarm", "reply", "telemetry"] as const;
    await connection.publish(classes.map((kind) => message(kind, { class: kind })));
    await connection.publish([message("stale", { class: "state", quality: "stale" })]);
    const topics = aws.received().map(({ topic }) => topic);
    expect(topics.filter((topic) => !topic.startsWith("$"))).toEqual([
      "tram/farm/alarm/pump/motor/power",
      "tram/farm/reply/pump/motor/power",
      "tram/farm/telemetry/pump/motor/power",
      "tram/farm/state/pump/motor/power",
    ]);
    expect(aws.incidents).toEqual([]);
  });

  it("with a topic that is too long are parked, and the others go on", async () => {
    const aws = await cloud();
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])));
    const long = message("long", { thing: "t".repeat(64), name: `${"n".repeat(64)}/${"p".repeat(150)}` });
    const [first, second] = await connection.publish([long, message("ok")]);
    expect(first).toMatchObject({
      outcome: "rejected",
      reason: expect.stringMatching(/topic has 3\d\d bytes/),
    });
    expect(second).toEqual({ outcome: "acknowledged" });
  });
});

describe("shadows", () => {
  it("have after an outage what the house has, by differences alone", async () => {
    const aws = await cloud();
    const tested = provider(aws, aws.enroll("farm", [guidePolicy()]));
    const desk = new TestDesk(["pump", "lamp"]);
    desk.states.set("pump/motor/power", true).set("pump/motor/speed", 3).set("lamp/light/on", false);
    const first = await connect(tested, desk);
    await vi.waitFor(() => expect(reported(aws)).toEqual({ motor: { power: true, speed: 3 } }));
    await vi.waitFor(() => expect(reported(aws, "farm--lamp")).toEqual({ light: { on: false } }));
    await vi.waitFor(() =>
      expect(classic(aws, "farm")).toMatchObject({ gateway: { id: "farm", things: 2 } }),
    );
    await aws.cut();
    await first.closed;
    desk.states.set("pump/motor/speed", 4);
    const before = aws.received().length;
    await connect(tested, desk);
    await vi.waitFor(() => expect(reported(aws)).toEqual({ motor: { power: true, speed: 4 } }));
    const updates = aws
      .received()
      .slice(before)
      .filter(({ topic }) => topic.endsWith("/update"))
      .map(({ payload }) => (JSON.parse(payload.toString()) as { state: Json }).state);
    expect(updates).toEqual([{ reported: { motor: { speed: 4 } } }]);
  });

  it("take states as they come, many in one update, and acknowledge them", async () => {
    const aws = await cloud({ shadowLatencyMs: 30 });
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), new TestDesk());
    const states = Array.from({ length: 40 }, (_, index) =>
      message(`s${index}`, { class: "state", name: `motor/m${index % 10}`, value: index }),
    );
    const outcomes = await connection.publish(states);
    expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["acknowledged"]));
    expect(reported(aws)).toEqual({
      motor: Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`m${at}`, 30 + at])),
    });
    const updates = aws
      .received()
      .filter(({ topic }) => topic === "$aws/things/farm--pump/shadow/name/farm/update");
    expect(updates.length).toBeLessThanOrEqual(2);
  });

  it("bring wishes, which are carried out once, reported, and taken back", async () => {
    const aws = await cloud();
    const tested = provider(aws, aws.enroll("farm", [guidePolicy()]));
    const desk = new TestDesk();
    desk.states.set("pump/motor/power", false);
    const connection = await connect(tested, desk);
    await vi.waitFor(() => expect(reported(aws)).toEqual({ motor: { power: false } }));
    aws.shadows.update("farm--pump", { state: { desired: { motor: { power: true } } } }, "farm");
    await vi.waitFor(() => expect(desk.commands).toHaveLength(1));
    const [command] = desk.commands;
    if (command === undefined) return;
    expect(command).toMatchObject({ thing: "pump", target: { property: "motor/power" }, value: true });
    expect(command.id.length).toBeLessThanOrEqual(100);
    desk.states.set("pump/motor/power", true);
    const [state, end] = await connection.publish([
      message("now", { class: "state" }),
      reply(command, "confirmed"),
    ]);
    expect([state?.outcome, end?.outcome]).toEqual(["acknowledged", "acknowledged"]);
    expect(aws.shadows.get("farm--pump", "farm")).toMatchObject({
      reported: { motor: { power: true } },
      desired: { motor: {} },
    });
    await aws.cut();
    await connection.closed;
    await connect(tested, desk);
    await vi.waitFor(() => expect(aws.connected).toEqual(["farm"]));
    expect(desk.commands).toHaveLength(1);
  });

  it("of a wish that is refused say so, and it does not come again", async () => {
    const aws = await cloud();
    const who = aws.enroll("farm", [guidePolicy()]);
    const desk = new TestDesk();
    desk.answer = () => ({ outcome: "refused", code: "forbidden", reason: "this cloud may command nothing" });
    aws.shadows.update("farm--pump", { state: { desired: { motor: { power: true } } } }, "farm");
    await connect(provider(aws, who), desk);
    await vi.waitFor(() => expect(aws.shadows.get("farm--pump", "farm")?.desired).toEqual({ motor: {} }));
    const told = aws.received().find(({ topic }) => topic === "tram/farm/reply/pump/motor/power");
    expect(JSON.parse(told?.payload.toString() ?? "{}")).toMatchObject({
      id: expect.stringMatching(/^shadow:/),
      state: "refused",
      value: true,
      code: "forbidden",
      reason: "this cloud may command nothing",
    });
    await connect(provider(aws, who), desk);
    expect(desk.asked).toHaveLength(1);
  });

  it("may be classic ones, of as many Things as there are subscriptions for", async () => {
    const aws = await cloud();
    const policy = guidePolicy();
    const more: PolicyDocument = {
      Version: "2012-10-17",
      Statement: ["iot:Publish", "iot:Receive", "iot:Subscribe"].map((Action) => ({
        Effect: "Allow" as const,
        Action,
        Resource: `arn:aws:iot:*:*:${Action === "iot:Subscribe" ? "topicfilter" : "topic"}/$aws/things/farm--*`,
      })),
    };
    const ids = Array.from({ length: 20 }, (_, index) => `t${index}`);
    const desk = new TestDesk(ids);
    for (const id of ids) desk.states.set(`${id}/a/b`, 1);
    const tested = provider(aws, aws.enroll("farm", [policy, more]), { childShadows: "classic" });
    const connection = await connect(tested, desk);
    await vi.waitFor(() => expect(classic(aws, "farm--t12")).toEqual({ a: { b: 1 } }), 5_000);
    expect(classic(aws, "farm--t13")).toBeNull();
    const [outcome] = await connection.publish([
      message("x", { class: "state", thing: "t13", name: "a/b", value: 2 }),
    ]);
    expect(outcome?.outcome).toBe("acknowledged");
    expect(aws.received().at(-1)?.topic).toBe("tram/farm/state/t13/a/b");
    expect(aws.incidents).toEqual([]);
  });
});

describe("jobs", () => {
  const document = { tram: 1, operation: "command", thing: "pump", property: "motor/power", value: true };

  it("become commands, and end with them", async () => {
    const aws = await cloud();
    const desk = new TestDesk();
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    aws.jobs.create({ jobId: "one", document, things: ["farm"] });
    aws.jobs.create({ jobId: "two", document, things: ["farm"] });
    await vi.waitFor(() => expect(desk.commands).toHaveLength(1));
    expect(desk.commands[0]).toMatchObject({ id: "job:one:1", thing: "pump", value: true });
    if (desk.commands[0] === undefined) return;
    await connection.publish([reply(desk.commands[0], "confirmed")]);
    expect(aws.jobs.get("one", "farm")).toMatchObject({ status: "SUCCEEDED" });
    await vi.waitFor(() => expect(desk.commands).toHaveLength(2));
    if (desk.commands[1] === undefined) return;
    await connection.publish([reply(desk.commands[1], "expired", { code: "timeout" })]);
    expect(aws.jobs.get("two", "farm")).toMatchObject({
      status: "FAILED",
      statusDetails: { code: "timeout" },
    });
  });

  it("that were begun before a restart go on under the same name", async () => {
    const aws = await cloud();
    const who = aws.enroll("farm", [guidePolicy()]);
    const desk = new TestDesk();
    aws.jobs.create({ jobId: "one", document, things: ["farm"] });
    const first = await connect(provider(aws, who), desk);
    await vi.waitFor(() => expect(desk.commands).toHaveLength(1));
    await first[Symbol.asyncDispose]();
    const second = await connect(provider(aws, who), desk);
    await vi.waitFor(() => expect(desk.commands).toHaveLength(2));
    expect(new Set(desk.commands.map(({ id }) => id)).size).toBe(1);
    if (desk.commands[1] === undefined) return;
    await second.publish([reply(desk.commands[1], "confirmed")]);
    expect(aws.jobs.get("one", "farm")).toMatchObject({ status: "SUCCEEDED", executionNumber: 1 });
  });

  it("whose address has expired give a fresh one", async () => {
    const aws = await cloud();
    const desk = new TestDesk();
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    let signed = 0;
    aws.jobs.create({
      jobId: "image",
      things: ["farm"],
      document: () => ({
        tram: 1,
        operation: "firmware",
        version: "2",
        url: `https://bucket/image?signed=${++signed}`,
      }),
    });
    await vi.waitFor(() => expect(desk.asked).toHaveLength(1));
    const [request] = desk.asked;
    if (request?.kind !== "firmware" || request.context === undefined) throw new Error("no firmware");
    const fresh = await connection.firmwareUrl(request.context);
    expect(fresh).toMatch(/^https:\/\/bucket\/image\?signed=\d+$/);
    expect(fresh).not.toBe(request.url);
    expect(await connection.firmwareUrl({ via: "job", job: "other", execution: 1 })).toBeUndefined();
  });
});

describe("a hostile cloud", () => {
  it("may send malformed jobs: each is rejected with its reason, and good ones are done", async () => {
    const aws = await cloud();
    const desk = new TestDesk();
    const documents: Json[] = [
      null,
      "x",
      { tram: 1 },
      { tram: 1, operation: "command", thing: "../..", value: 1 },
    ];
    for (const [index, document] of documents.entries())
      aws.jobs.create({ jobId: `bad${index}`, document, things: ["farm"] });
    aws.jobs.create({
      jobId: "good",
      things: ["farm"],
      document: { tram: 1, operation: "command", thing: "pump", property: "motor/power", value: true },
    });
    await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    await vi.waitFor(() => expect(desk.asked.map(({ id }) => id)).toEqual(["job:good:1"]), 5_000);
    for (const index of documents.keys()) {
      const job = aws.jobs.get(`bad${index}`, "farm");
      expect([job?.status, job?.statusDetails.reason]).toEqual([
        "REJECTED",
        expect.stringMatching(/expected/),
      ]);
    }
  });

  it.each([
    ["ten times too large", 1_500],
    ["too large to be read at all", 5_000],
  ])("may have a shadow that is %s: states take their topic", async (_name, nodes) => {
    const aws = await cloud({ limits: BOUNDLESS });
    const huge = Object.fromEntries(
      Array.from({ length: nodes }, (_, index) => [`n${index}`, { p: "x".repeat(20) }]),
    );
    aws.shadows.plant(
      "farm--pump",
      { desired: huge, reported: {}, desiredAt: {}, reportedAt: {}, version: 7 },
      "farm",
    );
    const desk = new TestDesk();
    desk.answer = () => ({ outcome: "refused", code: "busy", reason: "busy" });
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    const [state, telemetry] = await connection.publish([message("s", { class: "state" }), message("t")]);
    expect([state?.outcome, telemetry?.outcome]).toEqual(["acknowledged", "acknowledged"]);
    expect(aws.received().map(({ topic }) => topic)).toContain("tram/farm/state/pump/motor/power");
    expect(desk.asked.length).toBeLessThan(20);
  });

  it("may change its mind 10,000 times: the house hears the last word, few before it, and everything else goes on", async () => {
    const aws = await cloud({ limits: BOUNDLESS });
    const desk = new TestDesk();
    desk.states.set("pump/motor/speed", 0);
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    await vi.waitFor(() => expect(reported(aws)).toEqual({ motor: { speed: 0 } }));
    for (let speed = 1; speed <= 10_000; speed++) {
      aws.shadows.update("farm--pump", { state: { desired: { motor: { speed } } } }, "farm");
    }
    const [outcome] = await connection.publish([message("meanwhile")]);
    expect(outcome?.outcome).toBe("acknowledged");
    await vi.waitFor(() => expect(desk.commands.at(-1)?.value).toBe(10_000), 10_000);
    expect(desk.commands.length).toBeLessThan(100);
  }, 30_000);

  it("may flood any topic that we hear: nothing grows, and messages go on", async () => {
    const aws = await cloud({ limits: BOUNDLESS });
    const desk = new TestDesk();
    const connection = await connect(provider(aws, aws.enroll("farm", [guidePolicy()])), desk);
    const junk = Buffer.from(`{"version":${"9".repeat(400)},"state":${"[".repeat(2_000)}`);
    const topics = [
      "$aws/things/farm/shadow/get/accepted",
      "$aws/things/farm--pump/shadow/name/farm/update/delta",
      "$aws/things/farm--nobody/shadow/name/farm/update/delta",
      "$aws/things/farm/jobs/notify-next",
      "$aws/things/farm/jobs/start-next/accepted",
      "$aws/things/farm/jobs/x/update/rejected",
    ];
    for (let round = 0; round < 500; round++) {
      for (const topic of topics) {
        aws.publish(topic, junk);
        aws.publish(topic, {
          clientToken: `t${round}`,
          execution: { jobId: "../x", versionNumber: "1" },
          state: { delta: 1 },
          version: 1e308,
        });
      }
    }
    const outcomes = await connection.publish(Array.from({ length: 20 }, (_, index) => message(`m${index}`)));
    expect(outcomes.every(({ outcome }) => outcome === "acknowledged")).toBe(true);
    expect(desk.asked.filter((request) => isJsonObject(request) && request.kind !== "command")).toEqual([]);
  }, 30_000);
});
