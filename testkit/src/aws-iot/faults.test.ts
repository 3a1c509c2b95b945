import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot } from "./aws-iot.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY } from "./testing/policies.ts";

/** What goes wrong when a test tells it to. */
let aws: AwsIot;
let device: Device;
beforeEach(async () => {
  aws = await AwsIot.open({ clock: new VirtualClock() });
  device = await Device.open(aws, aws.enroll("gw", [OPEN_POLICY]));
});
afterEach(async () => {
  await device[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

const topics = (): readonly string[] => aws.received().map(({ topic }) => topic);

describe("a fault", () => {
  test("a PUBACK is lost: the message is there, and its sender does not know", async () => {
    aws.faults.losePubacks(2);
    for (const topic of ["a", "b", "c"]) device.send(topic, 1);
    await expect.poll(() => device.pubacks.length).toBe(1);
    expect(topics()).toEqual(["a", "b", "c"]);
  });

  test("a PUBACK is late", async () => {
    aws.faults.pubackDelayMs = 3_000;
    device.send("a", 1);
    await expect.poll(topics).toEqual(["a"]);
    aws.clock.skip(2_999);
    await device.subscribe("settled");
    expect(device.pubacks).toEqual([]);
    aws.clock.skip(1);
    await expect.poll(() => device.pubacks.length).toBe(1);
  });

  test("the line is cut", async () => {
    await aws.cut();
    await device.ended;
    await expect.poll(() => aws.connected).toEqual([]);
  });

  test("the line goes dead: nobody reads, nobody answers, nobody tells, and the cloud notices by the keep-alive", async () => {
    aws.cutSilently();
    device.send("a", 1);
    await expect(alive(device)).resolves.toBe(false);
    expect([device.closed, aws.connected, topics()]).toEqual([false, ["gw"], []]);
    aws.clock.skip(900_000);
    await expect(alive(device)).resolves.toBe(false);
    expect([device.closed, aws.connected]).toEqual([false, []]);
  });

  test("one line goes dead, and the other does not", async () => {
    await using other = await Device.open(aws, aws.enroll("other", [OPEN_POLICY]));
    aws.cutSilently("gw");
    await expect(alive(other)).resolves.toBe(true);
    await expect(alive(device)).resolves.toBe(false);
  });

  test("the cloud forgets the connection and does not tell", async () => {
    aws.forgetConnections();
    device.send("a", 1);
    await expect(alive(device)).resolves.toBe(false);
    expect([device.closed, aws.connected, topics()]).toEqual([false, [], []]);
  });

  test("connections are refused, each in its way, and then let in again", async () => {
    const who = aws.enroll("late", [OPEN_POLICY]);
    aws.faults.connects = "hang-up";
    await expect(Device.open(aws, who)).rejects.toThrow();
    aws.faults.connects = "unavailable";
    await expect(Device.open(aws, who)).rejects.toMatchObject({ code: 3 });
    aws.faults.connects = "silent";
    await expect(Device.open(aws, who, { connectTimeout: 100 })).rejects.toThrow();
    aws.faults.connects = "none";
    await using late = await Device.open(aws, who);
    expect(late.closed).toBe(false);
  });

  test("the cloud is stopped and started again: what it kept is there", async () => {
    aws.shadows.update("gw", { state: { desired: { a: 1 } } });
    await aws.stop();
    await device.ended;
    await expect(Device.open(aws, aws.enroll("late", [OPEN_POLICY]))).rejects.toThrow(/ECONNREFUSED/);
    await aws.start();
    await using late = await Device.open(aws, aws.enroll("late", [OPEN_POLICY]));
    expect(late.closed).toBe(false);
    expect(aws.shadows.get("gw")).toMatchObject({ desired: { a: 1 } });
  });
});

/** Whether a ping is answered, within a moment. */
async function alive({ client }: Device): Promise<boolean> {
  const answered = new Promise<boolean>((resolve) => {
    client.on("packetreceive", ({ cmd }) => {
      if (cmd === "pingresp") resolve(true);
    });
  });
  client.sendPing();
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 150));
  return await Promise.race([answered, late]);
}
