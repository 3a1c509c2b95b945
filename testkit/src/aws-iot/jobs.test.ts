import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { AwsIot } from "./aws-iot.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY, policy, statement } from "./testing/policies.ts";

const JOBS = "$aws/things/gw/jobs";

let aws: AwsIot;
let device: Device;
beforeEach(async () => {
  aws = await AwsIot.open({ clock: new VirtualClock() });
  device = await Device.open(aws, aws.enroll("gw", [OPEN_POLICY]));
  await device.subscribe([`${JOBS}/notify`, `${JOBS}/notify-next`]);
});
afterEach(async () => {
  await device[Symbol.asyncDispose]();
  await aws[Symbol.asyncDispose]();
});

/** Makes a job; the next one is a second younger. */
function create(jobId: string, more: { readonly inProgressTimeoutInMinutes?: number } = {}): void {
  aws.jobs.create({ jobId, things: ["gw"], document: { operation: jobId }, ...more });
  aws.clock.skip(1_000);
}

/** What is in the list, as the last notification says. */
function list(): unknown {
  const last = device.on(`${JOBS}/notify`).at(-1) as
    | { jobs: Record<string, { jobId: string }[]> }
    | undefined;
  return Object.fromEntries(
    Object.entries(last?.jobs ?? {}).map(([status, jobs]) => [status, jobs.map(({ jobId }) => jobId)]),
  );
}

const next = (): unknown => device.on(`${JOBS}/notify-next`).at(-1);
const counts = (): readonly number[] => [
  device.on(`${JOBS}/notify`).length,
  device.on(`${JOBS}/notify-next`).length,
];
const update = (jobId: string, body: Parameters<Device["ask"]>[1]) =>
  device.ask(`${JOBS}/${jobId}/update`, body);

describe("notifications", () => {
  // The very sequence of "Jobs notifications".
  test("come when the list changes, and when its head does", async () => {
    create("job1");
    await expect.poll(counts).toEqual([1, 1]);
    expect(next()).toMatchObject({
      execution: { jobId: "job1", status: "QUEUED", versionNumber: 1, jobDocument: { operation: "job1" } },
    });
    create("job2");
    await expect.poll(counts).toEqual([2, 1]);
    await device.ask(`${JOBS}/start-next`);
    expect(counts()).toEqual([2, 1]);
    create("job3");
    await expect.poll(counts).toEqual([3, 1]);
    expect(list()).toEqual({ IN_PROGRESS: ["job1"], QUEUED: ["job2", "job3"] });
    await update("job1", { status: "SUCCEEDED" });
    await expect.poll(counts).toEqual([4, 2]);
    expect(next()).toMatchObject({ execution: { jobId: "job2", status: "QUEUED" } });
    // Out of turn, which is not recommended.
    await update("job3", { status: "IN_PROGRESS" });
    await expect.poll(counts).toEqual([4, 3]);
    expect(next()).toMatchObject({ execution: { jobId: "job3", status: "IN_PROGRESS", versionNumber: 2 } });
    await update("job2", { status: "REJECTED" });
    await expect.poll(counts).toEqual([5, 3]);
    expect(list()).toEqual({ IN_PROGRESS: ["job3"] });
    aws.jobs.delete("job3", "gw");
    await expect.poll(counts).toEqual([6, 4]);
    expect(list()).toEqual({});
    expect(next()).toEqual({ timestamp: expect.any(Number) });
  });

  test("list no more than ten jobs", async () => {
    for (let index = 10; index < 22; index++) create(`job${index}`);
    await expect.poll(counts).toEqual([12, 1]);
    expect(list()).toEqual({ QUEUED: Array.from({ length: 10 }, (_, index) => `job${index + 10}`) });
  });
});

describe("a device", () => {
  test("asks for its jobs", async () => {
    create("job1");
    create("job2");
    await device.ask(`${JOBS}/start-next`);
    const { body } = await device.ask(`${JOBS}/get`, { clientToken: "mine" });
    expect(body).toMatchObject({
      inProgressJobs: [
        { jobId: "job1", versionNumber: 2, executionNumber: 1, startedAt: expect.any(Number) },
      ],
      queuedJobs: [{ jobId: "job2", versionNumber: 1 }],
      clientToken: "mine",
      timestamp: aws.clock.seconds(),
    });
  });

  test("starts the next one; one in progress comes again, with its details", async () => {
    create("job1");
    create("job2");
    const first = await device.ask(`${JOBS}/start-next`, { statusDetails: { step: "download" } });
    expect(first).toMatchObject({
      accepted: true,
      body: {
        execution: {
          jobId: "job1",
          status: "IN_PROGRESS",
          thingName: "gw",
          statusDetails: { step: "download" },
          versionNumber: 2,
        },
      },
    });
    const again = await device.ask(`${JOBS}/start-next`, { statusDetails: { step: "from the beginning" } });
    expect(again.body).toMatchObject({
      execution: { jobId: "job1", statusDetails: { step: "download" }, versionNumber: 2 },
    });
  });

  test("is told when there is nothing to start", async () => {
    expect(await device.ask(`${JOBS}/start-next`)).toEqual({
      accepted: true,
      body: { timestamp: aws.clock.seconds() },
    });
    expect(await device.ask(`${JOBS}/$next/get`)).toEqual({
      accepted: true,
      body: { timestamp: aws.clock.seconds() },
    });
  });

  test("describes a job, and gets a document that is made anew each time", async () => {
    aws.jobs.create({
      jobId: "job1",
      things: ["gw"],
      document: (at) => ({ url: `https://images.example/?at=${at}` }),
    });
    const first = await device.ask(`${JOBS}/job1/get`);
    aws.clock.skip(60_000);
    const second = await device.ask(`${JOBS}/$next/get`);
    const without = await device.ask(`${JOBS}/job1/get`, { includeJobDocument: false });
    const url = ({ body }: typeof first): unknown =>
      (body as { execution: { jobDocument?: { url: string } } }).execution.jobDocument?.url;
    expect(url(first)).toMatch(/^https:/);
    expect(url(second)).not.toBe(url(first));
    expect(url(without)).toBeUndefined();
  });

  test("updates a job and may have its state and document back", async () => {
    create("job1");
    await device.ask(`${JOBS}/start-next`);
    expect(
      await update("job1", { status: "IN_PROGRESS", statusDetails: { at: "50 %" }, clientToken: "c" }),
    ).toEqual({
      accepted: true,
      body: { timestamp: aws.clock.seconds(), clientToken: "c" },
    });
    const last = await update("job1", {
      status: "SUCCEEDED",
      expectedVersion: 3,
      includeJobExecutionState: true,
      includeJobDocument: true,
    });
    expect(last.body).toMatchObject({
      executionState: { status: "SUCCEEDED", statusDetails: { at: "50 %" }, versionNumber: 4 },
      jobDocument: { operation: "job1" },
    });
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "SUCCEEDED" });
  });

  test("hears of another version, with the state as it is", async () => {
    create("job1");
    await device.ask(`${JOBS}/start-next`, { statusDetails: { step: "one" } });
    expect(await update("job1", { status: "SUCCEEDED", expectedVersion: 1 })).toMatchObject({
      accepted: false,
      body: {
        code: "VersionMismatch",
        executionState: { status: "IN_PROGRESS", statusDetails: { step: "one" }, versionNumber: 2 },
      },
    });
  });

  test.each<[string, string, Parameters<Device["ask"]>[1], string]>([
    ["a job that there is not", `${JOBS}/other/update`, { status: "FAILED" }, "ResourceNotFound"],
    ["a description of it", `${JOBS}/other/get`, {}, "ResourceNotFound"],
    ["a topic that there is not", `${JOBS}/job1/burn`, {}, "InvalidTopic"],
    ["no JSON", `${JOBS}/job1/update`, Buffer.from("{"), "InvalidJson"],
    ["a status that is not its to set", `${JOBS}/job1/update`, { status: "QUEUED" }, "InvalidRequest"],
    ["details that are no texts", `${JOBS}/start-next`, { statusDetails: { a: 1 } }, "InvalidRequest"],
    ["a step of no time", `${JOBS}/start-next`, { stepTimeoutInMinutes: 0 }, "InvalidRequest"],
  ])("is refused %s", async (_name, topic, body, code) => {
    create("job1");
    expect(await device.ask(topic, body)).toMatchObject({ accepted: false, body: { code } });
    expect(device.closed).toBe(false);
  });

  test("cannot change what is over, nor have it described", async () => {
    create("job1");
    await update("job1", { status: "FAILED" });
    expect(await update("job1", { status: "IN_PROGRESS" })).toMatchObject({
      body: { code: "InvalidStateTransition", executionState: { status: "FAILED" } },
    });
    expect(await device.ask(`${JOBS}/job1/get`)).toMatchObject({ body: { code: "TerminalStateReached" } });
  });

  test("is not answered where its policy does not let it receive that", async () => {
    const may = policy(
      statement("Allow", "iot:Connect", "client/*"),
      statement("Allow", "iot:Publish", `topic/${JOBS}/*`, "topic/settled"),
      statement("Allow", "iot:Subscribe", `topicfilter/${JOBS}/*`),
    );
    await using deaf = await Device.open(aws, aws.enroll("deaf", [may]));
    await deaf.subscribe(`${JOBS}/get/+`);
    deaf.send(`${JOBS}/get`, {});
    await deaf.client.publishAsync("settled", "0", { qos: 1 });
    expect(deaf.messages).toEqual([]);
    expect(aws.incidents).toMatchObject([{ code: "receive-not-authorized", topic: `${JOBS}/get/accepted` }]);
  });

  test("is answered alone", async () => {
    await using other = await Device.open(aws, aws.enroll("other", [OPEN_POLICY]));
    await other.subscribe(`${JOBS}/#`);
    await device.ask(`${JOBS}/start-next`);
    await other.client.publishAsync("settled", "0", { qos: 1 });
    expect(other.messages).toEqual([]);
  });
});

describe("time runs out", () => {
  test("for a step, unless it is set anew", async () => {
    create("job1");
    await device.ask(`${JOBS}/start-next`, { stepTimeoutInMinutes: 10 });
    aws.clock.skip(9 * 60_000);
    await update("job1", { status: "IN_PROGRESS", stepTimeoutInMinutes: 10 });
    aws.clock.skip(9 * 60_000);
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "IN_PROGRESS" });
    aws.clock.skip(60_000);
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "TIMED_OUT", version: 4 });
    await expect.poll(next).toEqual({ timestamp: expect.any(Number) });
  });

  test("for the whole job, however often a step is set anew", async () => {
    create("job1", { inProgressTimeoutInMinutes: 12 });
    await device.ask(`${JOBS}/start-next`, { stepTimeoutInMinutes: 10 });
    aws.clock.skip(9 * 60_000);
    await update("job1", { status: "IN_PROGRESS", stepTimeoutInMinutes: 10 });
    aws.clock.skip(3 * 60_000);
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "TIMED_OUT" });
  });

  test("never for one that is over", async () => {
    create("job1");
    await device.ask(`${JOBS}/start-next`, { stepTimeoutInMinutes: 10 });
    await update("job1", { status: "SUCCEEDED" });
    aws.clock.skip(60 * 60_000);
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "SUCCEEDED" });
  });
});

describe("the cloud", () => {
  test("cancels what is queued, and what is in progress only with force", async () => {
    create("job1");
    create("job2");
    await device.ask(`${JOBS}/start-next`);
    expect(aws.jobs.cancel("job2", "gw")).toBe(true);
    expect(aws.jobs.cancel("job1", "gw")).toBe(false);
    expect(aws.jobs.cancel("job1", "gw", { force: true })).toBe(true);
    expect(aws.jobs.get("job1", "gw")).toMatchObject({ status: "CANCELED" });
    await expect.poll(next).toEqual({ timestamp: expect.any(Number) });
  });
});
