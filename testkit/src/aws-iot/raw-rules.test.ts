import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot } from "./aws-iot.ts";
import { OPEN_POLICY } from "./testing/policies.ts";
import { RawDevice } from "./testing/raw-device.ts";

/** What no client library does, and a broken one might. */
let aws: AwsIot;
let device: RawDevice;
beforeEach(async () => {
  aws = await AwsIot.open({ clock: new VirtualClock(), limits: { publishesPerS: 1_000 } });
  device = await RawDevice.open(aws, aws.enroll("gw", [OPEN_POLICY]));
});
afterEach(async () => {
  await device[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

const codes = (): readonly string[] => aws.incidents.map(({ code }) => code);

describe("the connection ends for", () => {
  test.each<[string, Buffer, string]>([
    ["a packet before CONNECT", Buffer.from([0xc0, 0x00]), "protocol"],
    ["what is not MQTT", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "protocol"],
  ])("%s", async (_name, bytes, code) => {
    device.send(bytes);
    await device.ended;
    expect(codes()).toEqual([code]);
  });

  test("a second CONNECT", async () => {
    device.hello("gw");
    device.hello("gw");
    await device.ended;
    expect(codes()).toEqual(["protocol"]);
  });

  test("no client id", async () => {
    device.hello("");
    await device.ended;
    expect(device.packets).toMatchObject([{ cmd: "connack", returnCode: 2 }]);
    expect(codes()).toEqual(["client-id"]);
  });

  test("the receipt of a QoS 2 message", async () => {
    device.hello("gw");
    device.send({ cmd: "pubrel", messageId: 1 });
    await device.ended;
    expect(codes()).toEqual(["protocol"]);
  });

  test("a packet that is larger than any may be, before it is whole", async () => {
    device.hello("gw");
    // PUBLISH, with a remaining length of 200 MB.
    device.send(Buffer.from([0x30, 0x80, 0x80, 0xb0, 0x60]));
    for (let sent = 0; sent < 300_000; sent += 50_000) {
      device.send(Buffer.alloc(50_000));
    }
    await device.ended;
    expect(codes()).toEqual(["payload-too-large"]);
  });
});

describe("a device that does not acknowledge", () => {
  test("gets 100 messages, and the next when it does", async () => {
    device.hello("gw");
    device.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
    await expect.poll(() => device.count("suback")).toBe(1);
    for (let index = 0; index < 120; index++) aws.publish("t", index);
    await expect.poll(() => device.count("publish")).toBe(100);
    // Ten stored messages a second come after as many are acknowledged.
    aws.clock.skip(1_000);
    device.send({ cmd: "pingreq" });
    await expect.poll(() => device.count("pingresp")).toBe(1);
    expect(device.count("publish")).toBe(100);
    for (const packet of device.packets.slice()) {
      if (packet.cmd === "publish") device.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
    }
    device.send({ cmd: "pingreq" });
    await expect.poll(() => device.count("pingresp")).toBe(2);
    aws.clock.skip(1_000);
    await expect.poll(() => device.count("publish")).toBe(110);
  });
});
