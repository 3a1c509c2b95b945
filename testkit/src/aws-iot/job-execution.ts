import type { EpochMs, Json, JsonObject } from "@tram/protocol";

/** "Jobs and job execution states". */
export const JOB_STATUSES = [
  "QUEUED",
  "IN_PROGRESS",
  "SUCCEEDED",
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "REMOVED",
  "CANCELED",
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What a device may say of a job. */
const DEVICE_STATUSES: readonly JobStatus[] = ["IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"];

/** One job on one Thing. */
export interface JobExecution {
  readonly jobId: string;
  readonly thing: string;
  readonly status: JobStatus;
  readonly statusDetails: Readonly<Record<string, string>>;
  readonly queuedAt: EpochMs;
  readonly startedAt?: EpochMs;
  readonly lastUpdatedAt: EpochMs;
  /** Goes up by one with every change. */
  readonly version: number;
  readonly executionNumber: number;
  /** When it is too late. Left out: nobody has set a timer. */
  readonly stepEndsAt?: EpochMs;
  readonly jobEndsAt?: EpochMs;
}

/** "ErrorResponse" of the Jobs APIs. */
export interface JobFault {
  readonly code:
    | "InvalidTopic"
    | "InvalidJson"
    | "InvalidRequest"
    | "InvalidStateTransition"
    | "ResourceNotFound"
    | "VersionMismatch"
    | "TerminalStateReached";
  readonly message: string;
}

/** What a device asks to change. */
export interface JobUpdate {
  readonly status: JobStatus;
  readonly statusDetails?: Readonly<Record<string, string>>;
  readonly expectedVersion?: number;
  /** Minutes; -1 takes the timer away. */
  readonly stepTimeoutInMinutes?: number;
}

const MINUTE_MS = 60_000;
/** "UpdateJobExecution", stepTimeoutInMinutes: one minute to seven days. */
const MAX_STEP_MINUTES = 10_080;
/** "AWS IoT Device Management quotas", jobs: name-value pairs of `statusDetails`. */
const MAX_DETAILS = 10;
const MAX_DETAIL_NAME = 128;
const MAX_DETAIL_VALUE = 1_024;

export function isPending({ status }: JobExecution): boolean {
  return status === "QUEUED" || status === "IN_PROGRESS";
}

export function queued(jobId: string, thing: string, at: EpochMs, executionNumber = 1): JobExecution {
  return {
    jobId,
    thing,
    status: "QUEUED",
    statusDetails: {},
    queuedAt: at,
    lastUpdatedAt: at,
    version: 1,
    executionNumber,
  };
}

/** In the order in which they are worked off: those in progress first, then by the time when they were queued. */
export function inOrder(executions: Iterable<JobExecution>): readonly JobExecution[] {
  const rank = ({ status }: JobExecution): number => (status === "IN_PROGRESS" ? 0 : 1);
  return [...executions].filter(isPending).sort((a, b) => rank(a) - rank(b) || a.queuedAt - b.queuedAt);
}

/** What a device's update makes of a job, or why it is refused. */
export function updated(job: JobExecution, update: JobUpdate, at: EpochMs): JobExecution | JobFault {
  const { status, statusDetails, expectedVersion, stepTimeoutInMinutes } = update;
  if (expectedVersion !== undefined && expectedVersion !== job.version)
    return {
      code: "VersionMismatch",
      message: `expected version ${expectedVersion}, and it is ${job.version}`,
    };
  if (!isPending(job))
    return {
      code: "InvalidStateTransition",
      message: `a job that is ${job.status} does not become ${status}`,
    };
  const { stepEndsAt: _before, ...rest } = job;
  const stepEndsAt = nextStepEnd(job, status, stepTimeoutInMinutes, at);
  return {
    ...rest,
    status,
    statusDetails: statusDetails ?? job.statusDetails,
    ...(status === "IN_PROGRESS" && job.startedAt === undefined ? { startedAt: at } : {}),
    ...(stepEndsAt === undefined ? {} : { stepEndsAt }),
    lastUpdatedAt: at,
    version: job.version + 1,
  };
}

/** What the service itself makes of a job: time ran out, somebody canceled it, the Thing was removed from it. */
export function ended(
  job: JobExecution,
  status: "TIMED_OUT" | "CANCELED" | "REMOVED",
  at: EpochMs,
): JobExecution {
  const { stepEndsAt: _step, jobEndsAt: _job, ...rest } = job;
  return { ...rest, status, lastUpdatedAt: at, version: job.version + 1 };
}

/** Reads what a device has sent, or says what is wrong with it. */
export function readJobUpdate(body: JsonObject): JobUpdate | JobFault {
  const { status, statusDetails, expectedVersion, stepTimeoutInMinutes } = body;
  const known = DEVICE_STATUSES.find((one) => one === status);
  if (known === undefined) return invalid("status");
  if (!isDetails(statusDetails)) return invalid("statusDetails");
  // An SDK of AWS sends a number; the documentation has a string.
  const version = typeof expectedVersion === "string" ? Number(expectedVersion) : expectedVersion;
  if (version !== undefined && !Number.isSafeInteger(version)) return invalid("expectedVersion");
  if (!isStepTimeout(stepTimeoutInMinutes)) return invalid("stepTimeoutInMinutes");
  return {
    status: known,
    ...(statusDetails === undefined ? {} : { statusDetails }),
    ...(typeof version === "number" ? { expectedVersion: version } : {}),
    ...(stepTimeoutInMinutes === undefined ? {} : { stepTimeoutInMinutes }),
  };
}

/** "JobExecution", with the document if it is wanted. */
export function describe(job: JobExecution, document: Json | undefined): JsonObject {
  const { jobId, thing, status, statusDetails } = job;
  return {
    ...summary(job),
    jobId,
    thingName: thing,
    status,
    ...(Object.keys(statusDetails).length === 0 ? {} : { statusDetails }),
    ...(document === undefined ? {} : { jobDocument: document }),
  };
}

/** "JobExecutionSummary". */
export function summary(job: JobExecution): JsonObject {
  return {
    jobId: job.jobId,
    queuedAt: seconds(job.queuedAt),
    ...(job.startedAt === undefined ? {} : { startedAt: seconds(job.startedAt) }),
    lastUpdatedAt: seconds(job.lastUpdatedAt),
    versionNumber: job.version,
    executionNumber: job.executionNumber,
  };
}

/** "JobExecutionState". */
export function executionState({ status, statusDetails, version }: JobExecution): JsonObject {
  return { status, statusDetails, versionNumber: version };
}

export function isJobFault(outcome: object): outcome is JobFault {
  return "code" in outcome;
}

export function isDetails(value: Json | undefined): value is Readonly<Record<string, string>> | undefined {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const pairs = Object.entries(value);
  return (
    pairs.length <= MAX_DETAILS &&
    pairs.every(
      ([name, text]) =>
        name.length <= MAX_DETAIL_NAME && typeof text === "string" && text.length <= MAX_DETAIL_VALUE,
    )
  );
}

export function isStepTimeout(value: Json | undefined): value is number | undefined {
  if (value === undefined || value === -1) return true;
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_STEP_MINUTES;
}

function nextStepEnd(
  job: JobExecution,
  status: JobStatus,
  minutes: number | undefined,
  at: EpochMs,
): EpochMs | undefined {
  if (status !== "IN_PROGRESS" || minutes === -1) return undefined;
  return minutes === undefined ? job.stepEndsAt : at + minutes * MINUTE_MS;
}

function invalid(what: string): JobFault {
  return { code: "InvalidRequest", message: `invalid ${what}` };
}

function seconds(at: EpochMs): number {
  return Math.floor(at / 1_000);
}
