import { type EpochMs, isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { CloudClock } from "./cloud-clock.ts";
import {
  describe,
  ended,
  executionState,
  inOrder,
  isDetails,
  isJobFault,
  isPending,
  isStepTimeout,
  type JobExecution,
  type JobFault,
  queued,
  readJobUpdate,
  summary,
  updated,
} from "./job-execution.ts";
import type { Service, ServiceRequest } from "./service.ts";

/** A job as `aws iot create-job` makes it. */
export interface NewJob {
  readonly jobId: string;
  readonly things: readonly string[];
  /**
   * What the device is to do. A function is asked each time that a device asks: a presigned URL in a document is made
   * anew each time, and lives for 60 to 3,600 s.
   */
  readonly document: Json | ((at: EpochMs) => Json);
  /** `timeoutConfig.inProgressTimeoutInMinutes`. */
  readonly inProgressTimeoutInMinutes?: number;
}

interface JobParts {
  readonly clock: CloudClock;
  /** Sends to whoever has subscribed. */
  publish(topic: string, body: Json): void;
}

/** "Reserved topics used for Jobs commands": the Thing, and what comes after it. */
const REQUEST = /^(\$aws\/things\/([^/]+)\/jobs)\/(.+)$/;
/** Answers and notifications are AWS's to write. */
const ANSWER = /(?:^|\/)(?:accepted|rejected|notify|notify-next)$/;
/** "A ListNotification contains a list of no more than 10 pending job executions." */
const MAX_LISTED = 10;
const MINUTE_MS = 60_000;

/** The Jobs service over MQTT ("Jobs device MQTT API"). */
export class Jobs implements Service {
  readonly #parts: JobParts;
  readonly #documents = new Map<string, NewJob>();
  /** By Thing, then by job. */
  readonly #executions = new Map<string, Map<string, JobExecution>>();
  readonly #timers = new Map<string, Disposable>();

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  create(job: NewJob): void {
    if (this.#documents.has(job.jobId)) throw new Error(`there is a job ${job.jobId} already`);
    this.#documents.set(job.jobId, job);
    for (const thing of job.things) {
      this.#change(thing, (jobs) => jobs.set(job.jobId, queued(job.jobId, thing, this.#parts.clock.now())));
    }
  }

  /**
   * Cancels a job on a Thing.
   * @param options.force one in progress, too.
   * @returns whether it is canceled.
   */
  cancel(jobId: string, thing: string, options: { readonly force?: boolean } = {}): boolean {
    const job = this.get(jobId, thing);
    if (job === undefined || !isPending(job)) return false;
    if (job.status === "IN_PROGRESS" && options.force !== true) return false;
    this.#set(ended(job, "CANCELED", this.#parts.clock.now()));
    return true;
  }

  /** Deletes a job on a Thing with force: the device hears that it is gone from the list. */
  delete(jobId: string, thing: string): void {
    this.#disarm(thing, jobId);
    this.#change(thing, (jobs) => jobs.delete(jobId));
  }

  get(jobId: string, thing: string): JobExecution | undefined {
    return this.#executions.get(thing)?.get(jobId);
  }

  take(request: ServiceRequest): boolean {
    const [, prefix, thing, rest] = REQUEST.exec(request.topic) ?? [];
    if (prefix === undefined || thing === undefined || rest === undefined || ANSWER.test(rest)) return false;
    const body = readBody(request.payload);
    const outcome = body === undefined ? INVALID_JSON : this.#serve(thing, rest, body);
    const token = body?.clientToken;
    const timestamp = this.#parts.clock.seconds();
    const told = { timestamp, ...(typeof token === "string" ? { clientToken: token } : {}) };
    // "The message broker will publish response messages … to the client that published the command message, whether
    // your client has subscribed to the response message topics or not."
    if (isJobFault(outcome)) {
      request.reply(
        `${request.topic}/rejected`,
        { ...outcome, ...this.#stateFor(outcome, thing, rest), ...told },
        "always",
      );
    } else {
      request.reply(`${request.topic}/accepted`, { ...outcome, ...told }, "always");
    }
    return true;
  }

  #serve(thing: string, rest: string, body: JsonObject): JsonObject | JobFault {
    if (rest === "get") return this.#pending(thing);
    if (rest === "start-next") return this.#startNext(thing, body);
    const [jobId, operation, ...more] = rest.split("/");
    if (jobId !== undefined && more.length === 0) {
      if (operation === "get") return this.#describe(thing, jobId, body);
      if (operation === "update") return this.#update(thing, jobId, body);
    }
    return { code: "InvalidTopic", message: "no API has this topic" };
  }

  #pending(thing: string): JsonObject {
    const jobs = this.#inOrder(thing);
    const listed = (status: string): Json => jobs.filter((job) => job.status === status).map(summary);
    return { inProgressJobs: listed("IN_PROGRESS"), queuedJobs: listed("QUEUED") };
  }

  #startNext(thing: string, body: JsonObject): JsonObject | JobFault {
    const { statusDetails, stepTimeoutInMinutes } = body;
    if (!isDetails(statusDetails)) return { code: "InvalidRequest", message: "invalid statusDetails" };
    if (!isStepTimeout(stepTimeoutInMinutes))
      return { code: "InvalidRequest", message: "invalid stepTimeoutInMinutes" };
    const [next] = this.#inOrder(thing);
    if (next === undefined) return {};
    if (next.status === "IN_PROGRESS") return { execution: this.#told(next) };
    const update = {
      status: "IN_PROGRESS",
      ...(statusDetails === undefined ? {} : { statusDetails }),
      ...(stepTimeoutInMinutes === undefined ? {} : { stepTimeoutInMinutes }),
    } as const;
    const started = updated(next, update, this.#parts.clock.now());
    if (isJobFault(started)) return started;
    this.#set(started);
    return { execution: this.#told(started) };
  }

  #describe(thing: string, jobId: string, body: JsonObject): JsonObject | JobFault {
    const job = jobId === "$next" ? this.#inOrder(thing)[0] : this.get(jobId, thing);
    if (job === undefined) return jobId === "$next" ? {} : NOT_FOUND;
    if (!isPending(job)) return { code: "TerminalStateReached", message: `the job is ${job.status}` };
    return { execution: this.#told(job, body.includeJobDocument !== false) };
  }

  #update(thing: string, jobId: string, body: JsonObject): JsonObject | JobFault {
    const job = this.get(jobId, thing);
    if (job === undefined) return NOT_FOUND;
    const update = readJobUpdate(body);
    if (isJobFault(update)) return update;
    const next = updated(job, update, this.#parts.clock.now());
    if (isJobFault(next)) return next;
    this.#set(next);
    return {
      ...(body.includeJobExecutionState === true ? { executionState: executionState(next) } : {}),
      ...(body.includeJobDocument === true ? { jobDocument: this.#document(jobId) } : {}),
    };
  }

  /** "This field is included only when the code field has the value InvalidStateTransition or VersionMismatch." */
  #stateFor({ code }: JobFault, thing: string, rest: string): JsonObject {
    const job = this.get(rest.split("/")[0] ?? "", thing);
    const wanted = code === "InvalidStateTransition" || code === "VersionMismatch";
    return job === undefined || !wanted ? {} : { executionState: executionState(job) };
  }

  #set(job: JobExecution): void {
    this.#disarm(job.thing, job.jobId);
    const limit = this.#documents.get(job.jobId)?.inProgressTimeoutInMinutes;
    const started = job.status === "IN_PROGRESS" ? job.startedAt : undefined;
    const jobEndsAt = limit === undefined || started === undefined ? undefined : started + limit * MINUTE_MS;
    const endsAt = Math.min(
      job.stepEndsAt ?? Number.POSITIVE_INFINITY,
      jobEndsAt ?? Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(endsAt)) {
      const timer = this.#parts.clock.after(endsAt - this.#parts.clock.now(), () =>
        this.#set(ended(job, "TIMED_OUT", this.#parts.clock.now())),
      );
      this.#timers.set(`${job.thing}/${job.jobId}`, timer);
    }
    this.#change(job.thing, (jobs) => jobs.set(job.jobId, job));
  }

  #disarm(thing: string, jobId: string): void {
    this.#timers.get(`${thing}/${jobId}`)?.[Symbol.dispose]();
    this.#timers.delete(`${thing}/${jobId}`);
  }

  /** Changes a Thing's jobs, and tells the device what is different now ("Jobs notifications"). */
  #change(thing: string, change: (jobs: Map<string, JobExecution>) => unknown): void {
    const jobs = this.#executions.get(thing) ?? new Map<string, JobExecution>();
    this.#executions.set(thing, jobs);
    const before = this.#inOrder(thing);
    change(jobs);
    const after = this.#inOrder(thing);
    const timestamp = this.#parts.clock.seconds();
    const topic = `$aws/things/${thing}/jobs`;
    if (names(before) !== names(after)) {
      this.#parts.publish(`${topic}/notify`, { timestamp, jobs: listed(after) });
    }
    const [next] = after;
    if (next?.jobId === before[0]?.jobId) return;
    const execution = next === undefined ? {} : { execution: this.#told(next) };
    this.#parts.publish(`${topic}/notify-next`, { timestamp, ...execution });
  }

  #told(job: JobExecution, withDocument = true): JsonObject {
    return describe(job, withDocument ? this.#document(job.jobId) : undefined);
  }

  #document(jobId: string): Json {
    const document = this.#documents.get(jobId)?.document ?? {};
    return typeof document === "function" ? document(this.#parts.clock.now()) : document;
  }

  #inOrder(thing: string): readonly JobExecution[] {
    return inOrder(this.#executions.get(thing)?.values() ?? []);
  }
}

const INVALID_JSON: JobFault = { code: "InvalidJson", message: "the request is no JSON object" };
const NOT_FOUND: JobFault = { code: "ResourceNotFound", message: "there is no such job" };

/** Undefined: it is no JSON object. Nothing at all counts as an empty one. */
function readBody(payload: Buffer): JsonObject | undefined {
  if (payload.length === 0) return {};
  try {
    const body: unknown = JSON.parse(payload.toString("utf8"));
    return isJsonObject(body) ? body : undefined;
  } catch {
    return undefined; // It is not even JSON.
  }
}

/** Which jobs are in the list, whatever their order. */
function names(jobs: readonly JobExecution[]): string {
  return jobs
    .map(({ jobId }) => jobId)
    .sort()
    .join(" ");
}

function listed(jobs: readonly JobExecution[]): JsonObject {
  const first = jobs.slice(0, MAX_LISTED);
  const by = (status: string): JsonObject => {
    const some = first.filter((job) => job.status === status).map(summary);
    return some.length === 0 ? {} : { [status]: some };
  };
  return { ...by("IN_PROGRESS"), ...by("QUEUED") };
}
