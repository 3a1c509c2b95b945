import { afterEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot, type AwsIotOptions, type Enrollment } from "./aws-iot.ts";
import type { IncidentCode } from "./incident.ts";
import type { PolicyDocument } from "./policy.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY, policy, statement } from "./testing/policies.ts";

/** What AWS IoT Core does not allow, and what it does then. Time stands still unless a test moves it. */
let aws: AwsIot;
let device: Device;
let enrolled: Enrollment;
afterEach(async () => {
  await device?.[Symbol.asyncDispose]();
  await aws?.[Symbol.asyncDispose]();
});

async function open(
  options: AwsIotOptions & { readonly policy?: PolicyDocument; readonly thing?: string } = {},
): Promise<void> {
  aws = await AwsIot.open({ clock: new VirtualClock(), shadowLatencyMs: 0, ...options });
  enrolled = aws.enroll(options.thing ?? "gw", [options.policy ?? OPEN_POLICY]);
  device = await Device.open(aws, enrolled);
}

const codes = (): readonly IncidentCode[] => aws.incidents.map(({ code }) => code);
const topics = (): readonly string[] => aws.received().map(({ topic }) => topic);
const filters = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `f/${from + index}`);
const long = (bytes: number): string => "x".repeat(bytes);

/** Resolves when the double has taken what was sent before. */
async function settled(): Promise<void> {
  await device.client.publishAsync("settled", "0", { qos: 1 });
}

const ALLOW_CONNECT = statement("Allow", "iot:Connect", "client/gw");

describe("what ends the connection", () => {
  test.each<[string, IncidentCode, (one: Device) => unknown]>([
    ["a payload of more than 128 kB", "payload-too-large", (one) => one.send("t", Buffer.alloc(131_073))],
    ["a topic of 257 bytes", "topic", (one) => one.send(long(257), 1)],
    ["a topic with eight slashes", "topic", (one) => one.send("1/2/3/4/5/6/7/8/9", 1)],
    ["QoS 2", "qos-2", (one) => one.send("t", 1, { qos: 2 })],
    ["a subscription with QoS 2", "qos-2", (one) => one.subscribe("t", 2)],
    ["nine filters at once", "too-many-filters", (one) => one.subscribe(filters(9))],
    ["a filter with eight slashes", "topic", (one) => one.subscribe("1/2/3/4/5/6/7/8/#")],
    [
      "a reserved topic that there is not",
      "reserved-topic",
      (one) => one.send("$aws/things/gw/shadow/get/accepted", 1),
    ],
    ["any other topic with $", "reserved-topic", (one) => one.send("$SYS/x", 1)],
    [
      "a retained message on a reserved topic",
      "reserved-topic",
      (one) => one.send("$aws/things/gw/shadow/get", 1, { retain: true }),
    ],
  ])("%s", async (_name, code, act) => {
    await open();
    void act(device);
    await device.ended;
    expect(codes()).toEqual([code]);
    expect(topics()).toEqual([]);
  });

  test.each<[string, IncidentCode, PolicyDocument, (one: Device) => unknown]>([
    [
      "publishing without the right to",
      "publish-not-authorized",
      policy(ALLOW_CONNECT),
      (one) => one.send("t", 1),
    ],
    [
      "retaining with the right to publish alone",
      "retain-not-authorized",
      policy(ALLOW_CONNECT, statement("Allow", "iot:Publish", "topic/t")),
      (one) => one.send("t", 1, { retain: true }),
    ],
  ])("%s", async (_name, code, document, act) => {
    await open({ policy: document });
    void act(device);
    await device.ended;
    expect(codes()).toEqual([code]);
    expect(topics()).toEqual([]);
  });

  test("a subscription without the right to, which is refused before", async () => {
    await open({ policy: policy(ALLOW_CONNECT, statement("Allow", "iot:Subscribe", "topicfilter/mine")) });
    expect(await device.subscribe("mine")).toEqual([1]);
    expect(await device.subscribe(["mine", "other"])).toEqual([1, 128]);
    await device.ended;
    expect(codes()).toEqual(["subscribe-not-authorized"]);
  });

  test("the 51st subscription", async () => {
    await open();
    for (let from = 0; from < 48; from += 8) await device.subscribe(filters(8, from));
    expect(await device.subscribe(filters(2, 48))).toEqual([1, 1]);
    // The same once more is none more.
    expect(await device.subscribe("f/0")).toEqual([1]);
    expect(await device.subscribe("f/50")).toEqual([128]);
    await device.ended;
    expect(codes()).toEqual(["too-many-subscriptions"]);
  });

  test("another one with the same client id", async () => {
    await open();
    await using second = await Device.open(aws, enrolled);
    await device.ended;
    expect(codes()).toEqual(["taken-over"]);
    expect(second.closed).toBe(false);
    expect(aws.connected).toEqual(["gw"]);
  });

  test("a certificate that is not active any more", async () => {
    await open();
    aws.registry.certificates.setStatus(enrolled.certificateId, "INACTIVE");
    await device.ended;
    expect(codes()).toEqual(["certificate-not-active"]);
  });
});

describe("what is within the limits", () => {
  test("passes", async () => {
    await open();
    device.send("t", Buffer.from(JSON.stringify(long(131_070))));
    device.send(long(256), 1);
    device.send("1/2/3/4/5/6/7/8", 1);
    device.send("$aws/rules/mine/1/2/3/4/5/6/7/8", 1);
    expect(await device.subscribe(filters(8))).toEqual(Array(8).fill(1));
    await settled();
    expect(topics()).toEqual([
      "t",
      long(256),
      "1/2/3/4/5/6/7/8",
      "$aws/rules/mine/1/2/3/4/5/6/7/8",
      "settled",
    ]);
    expect(codes()).toEqual([]);
  });

  test("a client id of 128 bytes, and not of 129", async () => {
    const thing = long(128);
    await open({ thing });
    const who = aws.enroll(long(129), [OPEN_POLICY]);
    await expect(Device.open(aws, who)).rejects.toMatchObject({ code: 2 });
    expect(codes()).toEqual(["client-id"]);
  });
});

describe("what is thrown away", () => {
  test("more than 100 messages in a second are, without PUBACK, and the connection stays", async () => {
    await open();
    for (let index = 0; index < 120; index++) device.send(`t/${index}`, index);
    await expect.poll(() => codes().length).toBe(20);
    expect(new Set(codes())).toEqual(new Set(["publish-throttled"]));
    expect(topics()).toEqual(Array.from({ length: 100 }, (_, index) => `t/${index}`));
    await expect.poll(() => device.pubacks.length).toBe(100);
    aws.clock.skip(1_000);
    await settled();
    expect(device.pubacks.length).toBe(101);
    expect(device.closed).toBe(false);
  });

  test("more than 100 without PUBACK are", async () => {
    await open({ limits: { publishesPerS: 1_000 } });
    aws.faults.pubackDelayMs = 5_000;
    for (let index = 0; index < 120; index++) device.send(`t/${index}`, index);
    await expect.poll(() => codes().length).toBe(20);
    expect(new Set(codes())).toEqual(new Set(["unacknowledged-limit"]));
    expect(device.pubacks).toEqual([]);
    aws.clock.skip(5_000);
    await expect.poll(() => device.pubacks.length).toBe(100);
  });

  test("more than 100 messages in a second to a device: QoS 0 is, QoS 1 comes later", async () => {
    await open();
    await device.subscribe(["zero", "one"]);
    for (let index = 0; index < 105; index++) aws.publish("zero", index, { qos: 0 });
    expect(codes()).toEqual(Array(5).fill("outbound-throttled"));
    aws.publish("one", 1);
    await expect.poll(() => device.messages.length).toBe(100);
    aws.clock.skip(1_000);
    await expect.poll(() => device.on("one")).toEqual([1]);
  });

  test("what a device may not receive", async () => {
    const mine = [
      ALLOW_CONNECT,
      statement("Allow", "iot:Subscribe", "topicfilter/*"),
      statement("Allow", "iot:Receive", "topic/mine"),
    ];
    await open({ policy: policy(...mine) });
    await device.subscribe("#");
    aws.publish("other", 1);
    aws.publish("mine", 2);
    await expect.poll(() => device.messages.length).toBe(1);
    expect(device.on("mine")).toEqual([2]);
    expect(codes()).toEqual(["receive-not-authorized"]);
  });
});

describe("what has to wait", () => {
  test("more than 512 kB in a second", async () => {
    await open();
    const sent = 8;
    for (let index = 0; index < sent; index++) device.send(`t/${index}`, Buffer.alloc(100 * 1_024));
    await expect.poll(() => topics().length).toBeGreaterThanOrEqual(4);
    // Whatever comes in one piece is looked at together, so the last one may be late by a piece.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(topics().length).toBeLessThanOrEqual(6);
    expect(new Set(codes())).toEqual(new Set(["inbound-delayed"]));
    await expect
      .poll(() => {
        aws.clock.skip(500);
        return topics().length;
      })
      .toBe(sent);
  });

  test("more than 512 kB in a second to a device", async () => {
    await open();
    await device.subscribe("t");
    const sent = 8;
    for (let index = 0; index < sent; index++) aws.publish("t", long(100 * 1_024));
    await expect.poll(() => device.messages.length).toBe(5);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(device.messages.length).toBe(5);
    await expect
      .poll(() => {
        aws.clock.skip(500);
        return device.messages.length;
      })
      .toBe(sent);
  });
});

describe("a keep-alive", () => {
  test.each([
    ["of 5 s counts as 30", 5, 45],
    ["of 60 s is taken", 60, 90],
    ["of 5,000 s counts as 1,200", 5_000, 1_800],
    ["of 0 counts as 1,200", 0, 1_800],
  ])("%s: the end comes after one and a half times as long", async (_name, keepalive, endS) => {
    await open();
    await using quiet = await Device.open(aws, aws.enroll("quiet", [OPEN_POLICY]), { keepalive });
    aws.clock.skip((endS - 1) * 1_000);
    expect(aws.connected).toContain("quiet");
    aws.clock.skip(1_000);
    await quiet.ended;
    expect(aws.incidents).toContainEqual(expect.objectContaining({ code: "keepalive", clientId: "quiet" }));
  });

  test("is kept alive by any packet", async () => {
    await open();
    await using lively = await Device.open(aws, aws.enroll("lively", [OPEN_POLICY]), { keepalive: 30 });
    for (let round = 0; round < 3; round++) {
      aws.clock.skip(40_000);
      await lively.client.publishAsync("t", "0", { qos: 1 });
    }
    expect(lively.closed).toBe(false);
  });
});
