import { describe, expect, test } from "vitest";
import {
  ended,
  inOrder,
  isJobFault,
  type JobExecution,
  type JobStatus,
  queued,
  readJobUpdate,
  updated,
} from "./job-execution.ts";

const MINUTE_MS = 60_000;

/** A job that a device has begun. */
function begun(): JobExecution {
  const job = updated(queued("j", "gw", 1_000), { status: "IN_PROGRESS", stepTimeoutInMinutes: 5 }, 2_000);
  if (isJobFault(job)) throw new Error(job.message);
  return job;
}

describe("a job", () => {
  test("begins, goes on and ends, and counts its versions", () => {
    const first = begun();
    expect(first).toMatchObject({
      status: "IN_PROGRESS",
      version: 2,
      startedAt: 2_000,
      stepEndsAt: 2_000 + 5 * MINUTE_MS,
    });
    const second = updated(
      first,
      { status: "IN_PROGRESS", statusDetails: { step: "two" } },
      3_000,
    ) as JobExecution;
    expect(second).toMatchObject({ version: 3, startedAt: 2_000, statusDetails: { step: "two" } });
    const last = updated(second, { status: "SUCCEEDED" }, 4_000) as JobExecution;
    expect(last).toMatchObject({ status: "SUCCEEDED", version: 4, statusDetails: { step: "two" } });
    expect(last.stepEndsAt).toBeUndefined();
  });

  test("an update keeps the step timer, sets it anew, or takes it away", () => {
    const job = begun();
    const end = (minutes?: number): number | undefined =>
      (
        updated(
          job,
          { status: "IN_PROGRESS", ...(minutes === undefined ? {} : { stepTimeoutInMinutes: minutes }) },
          9_000,
        ) as JobExecution
      ).stepEndsAt;
    expect([end(), end(1), end(-1)]).toEqual([2_000 + 5 * MINUTE_MS, 9_000 + MINUTE_MS, undefined]);
  });

  test.each<JobStatus>(["SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED"])(
    "that is %s does not change any more",
    (status) => {
      const over: JobExecution = { ...begun(), status };
      expect(updated(over, { status: "IN_PROGRESS" }, 5_000)).toMatchObject({
        code: "InvalidStateTransition",
      });
    },
  );

  test("is not changed by who expects another version", () => {
    expect(updated(begun(), { status: "SUCCEEDED", expectedVersion: 1 }, 5_000)).toMatchObject({
      code: "VersionMismatch",
    });
    expect(updated(begun(), { status: "SUCCEEDED", expectedVersion: 2 }, 5_000)).toMatchObject({
      version: 3,
    });
  });

  test("waits behind those in progress, then by its age; what is over is out of the list", () => {
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id, index) => queued(id, "gw", index)) as [
      JobExecution,
      JobExecution,
      JobExecution,
      JobExecution,
    ];
    const running = updated(c, { status: "IN_PROGRESS" }, 9) as JobExecution;
    expect(inOrder([b, a, ended(d, "CANCELED", 9), running]).map(({ jobId }) => jobId)).toEqual([
      "c",
      "a",
      "b",
    ]);
  });
});

describe("an update of a device", () => {
  test.each<[string, Parameters<typeof readJobUpdate>[0]]>([
    ["without a status", {}],
    ["with a status that is not its to set", { status: "CANCELED" }],
    ["with details that are no texts", { status: "FAILED", statusDetails: { at: 1 } }],
    [
      "with eleven details",
      {
        status: "FAILED",
        statusDetails: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, "v"])),
      },
    ],
    ["with a detail of 1,025 characters", { status: "FAILED", statusDetails: { k: "v".repeat(1_025) } }],
    ["with a version that is none", { status: "FAILED", expectedVersion: "new" }],
    ["with a step of no time", { status: "IN_PROGRESS", stepTimeoutInMinutes: 0 }],
    ["with a step of more than a week", { status: "IN_PROGRESS", stepTimeoutInMinutes: 10_081 }],
  ])("%s is refused", (_name, body) => {
    expect(readJobUpdate(body)).toMatchObject({ code: "InvalidRequest" });
  });

  test("takes a version as a number or as a text", () => {
    expect(readJobUpdate({ status: "FAILED", expectedVersion: 3 })).toMatchObject({ expectedVersion: 3 });
    expect(readJobUpdate({ status: "FAILED", expectedVersion: "3" })).toMatchObject({ expectedVersion: 3 });
  });
});
