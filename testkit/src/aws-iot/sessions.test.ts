import { afterEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot, type AwsIotOptions, type Enrollment, gatewayPolicy } from "./aws-iot.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY } from "./testing/policies.ts";

/** What the broker keeps while a device is away, and what it gives when it is back. Time stands still. */
let aws: AwsIot;
let gateway: Enrollment;
const devices: Device[] = [];
afterEach(async () => {
  for (const device of devices.splice(0)) await device[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

async function open(options: AwsIotOptions = {}): Promise<void> {
  aws = await AwsIot.open({ clock: new VirtualClock(), ...options });
  gateway = aws.enroll("gw", [OPEN_POLICY]);
}

async function connect(clean: boolean, options: Parameters<typeof Device.open>[2] = {}): Promise<Device> {
  const device = await Device.open(aws, gateway, { clean, ...options });
  devices.push(device);
  return device;
}

/** The device goes, and the cloud knows. */
async function gone(device: Device): Promise<void> {
  await device[Symbol.asyncDispose]();
  await expect.poll(() => aws.connected).toEqual([]);
}

/** Whatever was on its way to the device before is there now. */
async function settled(device: Device): Promise<void> {
  await device.client.publishAsync("settled", "0", { qos: 1 });
}

const MINUTE_MS = 60_000;

describe("a session that is kept", () => {
  test("has its subscriptions and its messages after 59 minutes, and neither after 60", async () => {
    await open();
    const first = await connect(false);
    expect(first.present).toBe(false);
    await first.subscribe("t");
    await gone(first);
    aws.publish("t", "while away");
    aws.publish("t", "QoS 0 is not kept", { qos: 0 });
    aws.clock.skip(59 * MINUTE_MS);
    const second = await connect(false);
    expect(second.present).toBe(true);
    aws.clock.skip(1_000);
    await settled(second);
    expect(second.on("t")).toEqual(["while away"]);
    await gone(second);
    aws.publish("t", "too late");
    aws.clock.skip(60 * MINUTE_MS);
    expect(aws.incidents).toContainEqual(
      expect.objectContaining({ code: "session-expired", clientId: "gw" }),
    );
    const third = await connect(false);
    expect(third.present).toBe(false);
    aws.publish("t", "nobody has subscribed");
    await settled(third);
    expect(third.messages).toEqual([]);
  });

  test("gets at most ten stored messages a second, and new ones in between", async () => {
    await open();
    const first = await connect(false);
    await first.subscribe("t");
    await gone(first);
    for (let index = 0; index < 25; index++) aws.publish("t", index);
    const second = await connect(false);
    await expect.poll(() => second.on("t")).toEqual([0]);
    aws.publish("t", "live");
    await expect.poll(() => second.on("t")).toEqual([0, "live"]);
    aws.clock.skip(900);
    await expect.poll(() => second.on("t").length).toBe(11);
    aws.clock.skip(1_000);
    await expect.poll(() => second.on("t").length).toBe(21);
    aws.clock.skip(500);
    const stored = second.on("t").filter((body) => body !== "live");
    await expect.poll(() => second.on("t").length).toBe(26);
    expect(stored).toEqual([...stored].sort((a, b) => Number(a) - Number(b)));
  });

  test("sends what was not acknowledged once more, and says so", async () => {
    await open();
    const first = await connect(false);
    await first.subscribe("t");
    // A device that dies before it acknowledges.
    first.client.stream.pause();
    aws.publish("t", "lost on the way");
    await gone(first);
    const second = await connect(false);
    await expect
      .poll(() => second.messages.map(({ packet }) => ("dup" in packet ? packet.dup : false)))
      .toEqual([true]);
    expect(second.on("t")).toEqual(["lost on the way"]);
  });

  test("is gone when the device connects with a clean session", async () => {
    await open();
    const first = await connect(false);
    await first.subscribe("t");
    await gone(first);
    await gone(await connect(true));
    expect((await connect(false)).present).toBe(false);
  });

  test("can be rewound: what was acknowledged comes again", async () => {
    await open();
    const device = await connect(false);
    await device.subscribe("t");
    for (let index = 0; index < 5; index++) aws.publish("t", index);
    await expect.poll(() => device.on("t").length).toBe(5);
    // The PUBACKs are in when this one is answered.
    await settled(device);
    aws.rewindSession("gw", 2);
    aws.clock.skip(1_000);
    await expect.poll(() => device.on("t")).toEqual([0, 1, 2, 3, 4, 3, 4]);
  });
});

describe("a retained message", () => {
  test("comes to who subscribes to exactly its topic", async () => {
    await open();
    const device = await connect(true);
    await device.client.publishAsync("a/b", '"kept"', { qos: 1, retain: true });
    await device.subscribe("a/#");
    await device.subscribe("a/b");
    await settled(device);
    expect(device.messages).toMatchObject([{ body: "kept", packet: { retain: true } }]);
    await device.client.publishAsync("a/b", "", { qos: 1, retain: true });
    const later = await Device.open(aws, aws.enroll("later", [OPEN_POLICY]));
    devices.push(later);
    await later.subscribe("a/b");
    await settled(later);
    expect(later.messages).toEqual([]);
  });
});

describe("a will", () => {
  const will = { topic: "last/gw", payload: Buffer.from('"gone"'), qos: 1 as const, retain: false };

  test.each([
    ["is published when the line is lost", (device: Device) => device.client.stream.destroy(), ["gone"]],
    ["is not when the device says goodbye", (device: Device) => device.client.end(), []],
  ])("%s", async (_name, leave, expected) => {
    await open();
    const watcher = await Device.open(aws, aws.enroll("watcher", [OPEN_POLICY]));
    devices.push(watcher);
    await watcher.subscribe("last/+");
    const device = await connect(true, { will });
    leave(device);
    await expect.poll(() => aws.connected).toEqual(["watcher"]);
    await settled(watcher);
    expect(watcher.on("last/gw")).toEqual(expected);
  });
});

describe("connecting", () => {
  test("MQTT 5 is not spoken here", async () => {
    await open();
    await expect(connect(true, { protocolVersion: 5 })).rejects.toMatchObject({ code: 0x84 });
    expect(aws.incidents.map(({ code }) => code)).toEqual(["protocol-version"]);
  });

  test("without the right to, the cloud hangs up", async () => {
    await open();
    const stranger = aws.enroll("stranger", [OPEN_POLICY]);
    aws.registry.certificates.detachPolicy(
      stranger.certificateId,
      `stranger-0-${stranger.certificateId.slice(0, 8)}`,
    );
    await expect(Device.open(aws, stranger)).rejects.toThrow(/closed/);
    expect(aws.incidents.map(({ code }) => code)).toEqual(["connect-not-authorized"]);
  });

  test("under the name of a Thing that the certificate is not attached to, the cloud hangs up", async () => {
    await open();
    const [mine, other] = ["mine", "other"].map((thing) => aws.enroll(thing, [gatewayPolicy()])) as [
      Enrollment,
      Enrollment,
    ];
    await expect(Device.open(aws, mine, { clientId: other.thing })).rejects.toThrow(/closed/);
    devices.push(await Device.open(aws, mine));
    expect(aws.incidents.map(({ code }) => code)).toEqual(["connect-not-authorized"]);
  });

  test("once a second with the same client id, where AWS's own limit counts", async () => {
    await open({ limits: { connectsPerS: 1 } });
    await gone(await connect(true));
    await expect(connect(true)).rejects.toThrow(/closed/);
    aws.clock.skip(1_000);
    await connect(true);
    expect(aws.incidents.map(({ code }) => code)).toEqual(["connect-throttled"]);
  });
});
