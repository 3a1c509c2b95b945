import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot } from "./aws-iot.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY } from "./testing/policies.ts";

const CLASSIC = "$aws/things/gw/shadow";
const NAMED = `${CLASSIC}/name/pump`;

let aws: AwsIot;
let device: Device;
beforeEach(async () => {
  aws = await AwsIot.open({ clock: new VirtualClock({ wall: 1_767_592_800_000 }), shadowLatencyMs: 0 });
  device = await Device.open(aws, aws.enroll("gw", [OPEN_POLICY]));
  await device.subscribe(
    [CLASSIC, NAMED].flatMap((prefix) => [`${prefix}/get/+`, `${prefix}/update/+`, `${prefix}/delete/+`]),
  );
});
afterEach(async () => {
  await device[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

const TIMESTAMP = 1_767_592_800;

describe.each([
  ["the classic shadow", CLASSIC],
  ["a named shadow", NAMED],
])("%s", (_name, prefix) => {
  test("is not there at first", async () => {
    expect(await device.ask(`${prefix}/get`)).toEqual({
      accepted: false,
      body: {
        code: 404,
        message: `No shadow exists with name: '${prefix === CLASSIC ? "gw" : "pump"}'`,
        timestamp: TIMESTAMP,
      },
    });
    expect(await device.ask(`${prefix}/delete`)).toMatchObject({ accepted: false, body: { code: 404 } });
  });

  test("is made, read, changed and deleted", async () => {
    const made = await device.ask(`${prefix}/update`, {
      state: { reported: { on: false } },
      clientToken: "t1",
    });
    expect(made).toEqual({
      accepted: true,
      body: {
        state: { reported: { on: false } },
        metadata: { reported: { on: { timestamp: TIMESTAMP } } },
        version: 1,
        timestamp: TIMESTAMP,
        clientToken: "t1",
      },
    });
    await device.ask(`${prefix}/update`, { state: { desired: { on: true } } });
    expect(await device.ask(`${prefix}/get`, { clientToken: "t2" })).toEqual({
      accepted: true,
      body: {
        state: { desired: { on: true }, reported: { on: false }, delta: { on: true } },
        metadata: { desired: { on: { timestamp: TIMESTAMP } }, reported: { on: { timestamp: TIMESTAMP } } },
        version: 2,
        timestamp: TIMESTAMP,
        clientToken: "t2",
      },
    });
    expect(await device.ask(`${prefix}/delete`)).toEqual({
      accepted: true,
      body: { version: 2, timestamp: TIMESTAMP },
    });
    expect(await device.ask(`${prefix}/update`, { state: { reported: {} } })).toMatchObject({
      body: { version: 3 },
    });
  });

  test("tells of every change, and of what is not done yet", async () => {
    await device.ask(`${prefix}/update`, { state: { desired: { on: true, speed: 2 } } });
    await device.ask(`${prefix}/update`, { state: { reported: { on: true } } });
    await device.ask(`${prefix}/update`, { state: { reported: { speed: 2 } } });
    // Whatever the last update has caused comes before this answer.
    await device.ask(`${prefix}/get`);
    expect(device.on(`${prefix}/update/delta`)).toEqual([
      {
        version: 1,
        state: { on: true, speed: 2 },
        metadata: { on: { timestamp: TIMESTAMP }, speed: { timestamp: TIMESTAMP } },
        timestamp: TIMESTAMP,
      },
      {
        version: 2,
        state: { speed: 2 },
        metadata: { speed: { timestamp: TIMESTAMP } },
        timestamp: TIMESTAMP,
      },
    ]);
    const documents = device.on(`${prefix}/update/documents`);
    expect(documents.length).toBe(3);
    expect(documents[1]).toMatchObject({
      previous: { state: { desired: { on: true, speed: 2 } }, version: 1 },
      current: { state: { desired: { on: true, speed: 2 }, reported: { on: true } }, version: 2 },
    });
  });

  test("refuses a version that is not its own", async () => {
    await device.ask(`${prefix}/update`, { state: { reported: { a: 1 } } });
    const late = { state: { reported: { a: 2 } }, version: 7, clientToken: "late" };
    expect(await device.ask(`${prefix}/update`, late)).toEqual({
      accepted: false,
      body: { code: 409, message: "Version conflict", timestamp: TIMESTAMP, clientToken: "late" },
    });
    expect(await device.ask(`${prefix}/update`, { ...late, version: 1 })).toMatchObject({ accepted: true });
  });

  test.each<[string, Parameters<Device["ask"]>[1], number]>([
    ["no JSON", Buffer.from("{"), 400],
    ["more than 8 kB", { state: { reported: { a: "x".repeat(8_192) } } }, 413],
  ])("refuses %s", async (_what, body, code) => {
    expect(await device.ask(`${prefix}/update`, body)).toMatchObject({ accepted: false, body: { code } });
    expect(device.closed).toBe(false);
  });
});

describe("the service", () => {
  test("keeps shadows apart", async () => {
    await device.ask(`${CLASSIC}/update`, { state: { reported: { a: 1 } } });
    await device.ask(`${NAMED}/update`, { state: { reported: { b: 1 } } });
    expect(aws.shadows.get("gw")).toMatchObject({ reported: { a: 1 }, version: 1 });
    expect(aws.shadows.get("gw", "pump")).toMatchObject({ reported: { b: 1 }, version: 1 });
  });

  test("forgets the version of a deleted shadow after 48 hours", async () => {
    await device.ask(`${CLASSIC}/update`, { state: { reported: { a: 1 } } });
    await device.ask(`${CLASSIC}/delete`);
    aws.clock.step(48 * 3_600_000 + 1);
    expect(await device.ask(`${CLASSIC}/update`, { state: {} })).toMatchObject({ body: { version: 1 } });
  });

  test("takes a shadow name of 64 bytes, and not of 65", async () => {
    for (const [length, accepted] of [
      [64, true],
      [65, false],
    ] as const) {
      const prefix = `${CLASSIC}/name/${"n".repeat(length)}`;
      await device.subscribe(`${prefix}/update/+`);
      expect(await device.ask(`${prefix}/update`, { state: {} })).toMatchObject({ accepted });
    }
  });

  test("lets an app change what a device wants to know", async () => {
    expect(aws.shadows.update("gw", { state: { desired: { on: true } } }, "pump")).toBeUndefined();
    await expect.poll(() => device.on(`${NAMED}/update/delta`).length).toBe(1);
    expect(aws.shadows.update("gw", { state: {}, version: 9 }, "pump")).toMatchObject({ code: 409 });
  });
});

describe("a service that takes its time", () => {
  test("refuses the eleventh request of a Thing", async () => {
    await using slow = await AwsIot.open({ clock: new VirtualClock(), shadowLatencyMs: 50 });
    await using one = await Device.open(slow, slow.enroll("gw", [OPEN_POLICY]));
    await one.subscribe([`${CLASSIC}/update/+`, "$aws/things/other/shadow/update/+"]);
    for (let index = 0; index < 11; index++)
      one.send(`${CLASSIC}/update`, { state: { reported: { index } } });
    one.send("$aws/things/other/shadow/update", { state: {} });
    await expect
      .poll(() => one.on(`${CLASSIC}/update/rejected`))
      .toEqual([expect.objectContaining({ code: 429 })]);
    expect(one.on(`${CLASSIC}/update/accepted`)).toEqual([]);
    await expect.poll(() => slow.received().length).toBe(12);
    slow.clock.skip(50);
    await expect.poll(() => one.on(`${CLASSIC}/update/accepted`).length).toBe(10);
    await expect.poll(() => one.on("$aws/things/other/shadow/update/accepted").length).toBe(1);
    one.send(`${CLASSIC}/update`, { state: {} });
    await expect.poll(() => slow.received().length).toBe(13);
    slow.clock.skip(50);
    await expect.poll(() => one.on(`${CLASSIC}/update/accepted`).length).toBe(11);
  });
});
