import type { CloudAnswer, CloudRequest, PublishOutcome } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, show } from "@tram/protocol";
import { readJobDocument } from "./job-document.ts";
import { AWS_LIMITS } from "./limits.ts";
import { section } from "./shadow-document.ts";

/** Which execution of which job. */
export interface JobRef {
  readonly job: string;
  readonly execution: number;
}

/** How a job has ended, in the words of AWS IoT. */
export interface JobEnding {
  readonly status: "SUCCEEDED" | "FAILED" | "REJECTED";
  readonly details: Readonly<Record<string, string>>;
}

/** What has to be done for the jobs of a gateway. */
export type JobEffect<Ticket> =
  | { readonly do: "start"; readonly token: string }
  | { readonly do: "describe"; readonly token: string; readonly job: string }
  | { readonly do: "update"; readonly token: string; readonly job: string; readonly body: JsonObject }
  | { readonly do: "ask"; readonly request: CloudRequest }
  /** What the house has answered is too long for the details of a job. */
  | { readonly do: "tell"; readonly ref: JobRef; readonly value: Json }
  | { readonly do: "settle"; readonly tickets: readonly Ticket[]; readonly outcome: PublishOutcome }
  /** What it asked for could not be understood. */
  | { readonly do: "turn-away"; readonly job: string; readonly reason: string }
  /** Nothing goes on before `wake` is called, after a while. */
  | { readonly do: "later"; readonly reason: string };

/**
 * `asking`: the house has not answered. `due`: it was busy. `working`: it is carried out. `ending`: its end is being
 * written.
 */
interface Current extends JobRef {
  readonly request: CloudRequest | undefined;
  version: number | undefined;
  phase: "due" | "asking" | "working" | "ending";
}

interface Report<Ticket> extends JobRef {
  readonly ending: JobEnding;
  readonly tickets: readonly Ticket[];
  version: number | undefined;
  mismatches: number;
}

type Flight = { readonly token: string } & (
  | { readonly kind: "start" }
  | { readonly kind: "describe" | "update"; readonly job: string }
);

/** The reference of UpdateJobExecution: what a job may be called. */
const JOB_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const OVER = new Set(["SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"]);
const GONE = new Set(["TerminalStateReached", "ResourceNotFound"]);
/** Endings that wait to be written. */
const MOST_REPORTS = 64;
const MOST_MISMATCHES = 3;

/**
 * The jobs of one gateway, one after the other in the order of AWS IoT: what is in progress first. It does nothing
 * itself; each call returns what has to be done.
 */
export class JobMachine<Ticket> {
  readonly #token: () => string;
  readonly #reports = new Map<string, Report<Ticket>>();
  #online = false;
  #waiting = false;
  #flight: Flight | undefined;
  #current: Current | undefined;
  #startWanted = false;

  /** @param token gives client tokens that this connection has not used. */
  constructor(token: () => string) {
    this.#token = token;
  }

  connected(): JobEffect<Ticket>[] {
    this.#online = true;
    this.#waiting = false;
    this.#flight = undefined;
    // A notification of the meantime may be lost: the queue is looked at in any case.
    this.#startWanted = true;
    return this.#next();
  }

  lost(reason: string): JobEffect<Ticket>[] {
    this.#online = false;
    this.#flight = undefined;
    const tickets = [...this.#reports.values()].flatMap((report) => report.tickets);
    this.#reports.clear();
    // What was refused without a command is asked again: its execution is still in progress.
    if (this.#current?.phase === "ending" || this.#current?.phase === "due") this.#current = undefined;
    return settle(tickets, { outcome: "retry", reason });
  }

  /** The head of the queue has changed. */
  notified(message: JsonObject): JobEffect<Ticket>[] {
    const { execution } = message;
    const head = isJsonObject(execution) ? execution.jobId : undefined;
    const current = this.#current;
    if (head === current?.job) return [];
    // Somebody has ended what we work on, or its time is over.
    if (current !== undefined && current.phase !== "asking") this.#current = undefined;
    this.#startWanted = head !== undefined;
    return this.#next();
  }

  /** The answer to `start` or `describe`. */
  accepted(message: JsonObject): JobEffect<Ticket>[] {
    const flight = this.#take(message.clientToken);
    if (flight === undefined) return [];
    if (flight.kind === "start") return this.#started(message.execution);
    const report = this.#reports.get(flight.job);
    if (flight.kind === "update") return report === undefined ? this.#next() : this.#finish(report);
    if (report === undefined) return this.#next();
    const execution = section(message.execution);
    const { versionNumber: version, status, executionNumber: number } = execution;
    const another = typeof number === "number" && number !== report.execution;
    if (another || typeof version !== "number" || OVER.has(String(status))) return this.#finish(report);
    report.version = version;
    return this.#next();
  }

  /** @param code of the error, as the Jobs reference lists them. */
  rejected(message: JsonObject): JobEffect<Ticket>[] {
    const flight = this.#take(message.clientToken);
    if (flight === undefined) return [];
    const code = String(message.code);
    const reason = `AWS IoT refused a job request: ${show(message.message)} (${code.slice(0, 40)})`;
    if (flight.kind === "start") {
      this.#startWanted = true;
      return this.#pause(reason);
    }
    const report = this.#reports.get(flight.job);
    if (report === undefined) return this.#next();
    if (code === "InternalError" || code === "RequestThrottled") return this.#pause(reason);
    if (code === "VersionMismatch") return this.#mismatch(report, section(message.executionState), reason);
    const { status } = section(message.executionState);
    // It was ended without us, or is gone: nothing is left to do.
    if (GONE.has(code) || OVER.has(String(status))) return this.#finish(report);
    report.version = undefined;
    return this.#pause(reason);
  }

  unanswered(token: string): JobEffect<Ticket>[] {
    const flight = this.#take(token);
    if (flight === undefined) return [];
    if (flight.kind === "start") this.#startWanted = true;
    else {
      const report = this.#reports.get(flight.job);
      // It may have been written.
      if (report !== undefined) report.version = undefined;
    }
    return this.#pause("AWS IoT did not answer a job request");
  }

  /** The house has answered what a job asks. */
  answered(id: string, answer: CloudAnswer): JobEffect<Ticket>[] {
    const current = this.#current;
    if (current?.request?.id !== id || current.phase !== "asking") return [];
    if (answer.outcome === "accepted") {
      current.phase = "working";
      return [];
    }
    if (answer.outcome === "done") {
      const { value } = answer;
      // It was asked before, and its command has ended since.
      if (current.request.kind === "command" && isJsonObject(value))
        return this.#report(current, endingOf(value), []);
      const text = JSON.stringify(value);
      const long = text.length > AWS_LIMITS.jobDetailCharacters;
      const result = value === null ? {} : { result: long ? "published" : text };
      const effects = this.#report(current, { status: "SUCCEEDED", details: result }, []);
      return [...(long ? [{ do: "tell" as const, ref: refOf(current), value }] : []), ...effects];
    }
    const { code, reason } = answer;
    if (code === "busy") {
      current.phase = "due";
      return this.#pause(reason);
    }
    return this.#report(current, { status: "REJECTED", details: { code, reason } }, []);
  }

  /** What a job asked for has ended. @param ticket is settled when AWS IoT knows. */
  ended(ref: JobRef, ending: JobEnding, ticket: Ticket): JobEffect<Ticket>[] {
    if (!this.#online) return settle([ticket], { outcome: "retry", reason: "not connected" });
    const known = this.#reports.get(ref.job);
    if (known === undefined && this.#reports.size >= MOST_REPORTS) {
      return settle([ticket], { outcome: "retry", reason: "too many jobs have ended at once" });
    }
    return this.#report(ref, ending, [...(known?.tickets ?? []), ticket]);
  }

  /** Goes on after `later`. */
  wake(): JobEffect<Ticket>[] {
    this.#waiting = false;
    return this.#next();
  }

  #started(execution: Json | undefined): JobEffect<Ticket>[] {
    const { jobId: job, executionNumber, versionNumber, jobDocument } = section(execution);
    const known = this.#current;
    if (typeof job !== "string" || !JOB_ID.test(job)) {
      if (known?.phase === "working") this.#current = undefined;
      return this.#next();
    }
    const ref: JobRef = { job, execution: typeof executionNumber === "number" ? executionNumber : 1 };
    const version = typeof versionNumber === "number" ? versionNumber : undefined;
    if (known !== undefined && isSame(known, ref)) {
      // Still at work on it, through a lost connection.
      known.version = version;
      return this.#next();
    }
    const id = `job:${job}:${ref.execution}`;
    const context = { via: "job", job, execution: ref.execution };
    const read = readJobDocument(jobDocument, id, context);
    if ("malformed" in read) {
      this.#current = { ...ref, request: undefined, version, phase: "ending" };
      const details = { code: "malformed", reason: read.malformed };
      const effects = this.#report(ref, { status: "REJECTED", details }, []);
      return [{ do: "turn-away", job, reason: read.malformed }, ...effects];
    }
    this.#current = { ...ref, request: read.request, version, phase: "due" };
    return this.#next();
  }

  #report(ref: JobRef, ending: JobEnding, tickets: readonly Ticket[]): JobEffect<Ticket>[] {
    const { job, execution } = ref;
    const current = this.#current !== undefined && isSame(this.#current, ref) ? this.#current : undefined;
    if (current !== undefined) current.phase = "ending";
    this.#reports.set(job, { job, execution, ending, tickets, version: current?.version, mismatches: 0 });
    return this.#next();
  }

  /** Somebody else has changed the execution since. */
  #mismatch(report: Report<Ticket>, state: JsonObject, reason: string): JobEffect<Ticket>[] {
    const { versionNumber: version, status } = state;
    if (OVER.has(String(status))) return this.#finish(report);
    report.version = typeof version === "number" ? version : undefined;
    report.mismatches++;
    return report.mismatches > MOST_MISMATCHES ? this.#pause(reason) : this.#next();
  }

  #finish(report: Report<Ticket>): JobEffect<Ticket>[] {
    this.#reports.delete(report.job);
    if (this.#current !== undefined && isSame(this.#current, report)) this.#current = undefined;
    this.#startWanted = true;
    return [...settle(report.tickets, { outcome: "acknowledged" }), ...this.#next()];
  }

  #next(): JobEffect<Ticket>[] {
    if (!this.#online || this.#waiting || this.#flight !== undefined) return [];
    const current = this.#current;
    if (current?.phase === "due" && current.request !== undefined) {
      current.phase = "asking";
      return [{ do: "ask", request: current.request }, ...this.#next()];
    }
    const [report] = this.#reports.values();
    if (report !== undefined) return [this.#write(report)];
    if (!this.#startWanted) return [];
    this.#startWanted = false;
    const token = this.#token();
    this.#flight = { kind: "start", token };
    return [{ do: "start", token }];
  }

  #write({ job, execution, ending, version }: Report<Ticket>): JobEffect<Ticket> {
    const token = this.#token();
    if (version === undefined) {
      this.#flight = { kind: "describe", token, job };
      return { do: "describe", token, job };
    }
    this.#flight = { kind: "update", token, job };
    const body: JsonObject = {
      status: ending.status,
      statusDetails: boundedDetails(ending.details),
      expectedVersion: String(version),
      executionNumber: execution,
      clientToken: token,
    };
    return { do: "update", token, job, body };
  }

  #take(token: Json | undefined): Flight | undefined {
    const flight = this.#flight;
    if (flight === undefined || flight.token !== token) return undefined;
    this.#flight = undefined;
    return flight;
  }

  #pause(reason: string): JobEffect<Ticket>[] {
    this.#waiting = true;
    const tickets = [...this.#reports.values()].flatMap((report) => report.tickets);
    for (const [job, report] of this.#reports) {
      // Whoever waits for a ticket comes again; what has none is written after the pause.
      if (report.tickets.length > 0) this.#reports.delete(job);
    }
    return [...settle(tickets, { outcome: "retry", reason }), { do: "later", reason }];
  }
}

/** How the end of a command reads in a job. */
export function endingOf({ state, code, reason, value, command }: JsonObject): JobEnding {
  const succeeded = state === "confirmed" || state === "sent" || state === "done";
  const text = (given: Json | undefined): string =>
    typeof given === "string" ? given : given === undefined ? "" : JSON.stringify(given);
  const details = Object.entries({ state, code, reason, value, command })
    .map(([key, given]) => [key, text(given)] as const)
    .filter(([, given]) => given !== "");
  return { status: succeeded ? "SUCCEEDED" : "FAILED", details: Object.fromEntries(details) };
}

/** The reference of UpdateJobExecution: no control characters, and not too long. */
export function boundedDetails(details: JobEnding["details"]): JsonObject {
  return Object.fromEntries(
    Object.entries(details)
      .slice(0, 10)
      .map(([key, text]) => [
        key,
        text.replace(/\p{C}/gu, " ").slice(0, AWS_LIMITS.jobDetailCharacters) || "-",
      ]),
  );
}

function settle<Ticket>(tickets: readonly Ticket[], outcome: PublishOutcome): JobEffect<Ticket>[] {
  return tickets.length === 0 ? [] : [{ do: "settle", tickets, outcome }];
}

function refOf({ job, execution }: JobRef): JobRef {
  return { job, execution };
}

function isSame(one: JobRef, other: JobRef): boolean {
  return one.job === other.job && one.execution === other.execution;
}
