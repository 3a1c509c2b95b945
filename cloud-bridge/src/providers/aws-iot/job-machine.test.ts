import type { CloudRequest, PublishOutcome } from "@tram/core";
import type { Json, JsonObject } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedDetails, type JobEffect, type JobEnding, JobMachine } from "./job-machine.ts";

type Status = "QUEUED" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "REJECTED" | "TIMED_OUT";

interface Execution {
  readonly job: string;
  status: Status;
  version: number;
  readonly document: Json;
  details: Json;
}

const COMMAND = { tram: 1, operation: "command", thing: "pump", property: "motor/power", value: true };
const DONE: JobEnding = { status: "SUCCEEDED", details: { state: "confirmed" } };

/** The Jobs service as its reference describes it, for one Thing; requests wait until the test lets them through. */
class World {
  readonly executions: Execution[] = [];
  readonly asked: CloudRequest[] = [];
  readonly settled = new Map<number, PublishOutcome["outcome"]>();
  readonly requests: (JobEffect<number> & { do: "start" | "describe" | "update" })[] = [];
  readonly told: Json[] = [];
  readonly turned: string[] = [];
  waits = 0;
  tickets = 0;
  #tokens = 0;
  machine = new JobMachine<number>(() => `t${this.#tokens++}`);

  restart(): void {
    this.requests.length = 0;
    this.machine = new JobMachine<number>(() => `t${this.#tokens++}`);
  }

  do(effects: readonly JobEffect<number>[]): void {
    for (const effect of effects) {
      if (effect.do === "ask") this.asked.push(effect.request);
      else if (effect.do === "later") this.waits++;
      else if (effect.do === "turn-away") this.turned.push(effect.job);
      else if (effect.do === "tell") this.told.push(effect.value);
      else if (effect.do === "settle") {
        for (const ticket of effect.tickets) {
          if (this.settled.has(ticket)) throw new Error(`ticket ${ticket} was settled twice`);
          this.settled.set(ticket, effect.outcome.outcome);
        }
      } else this.requests.push(effect);
    }
    if (this.requests.length > 1) throw new Error("two requests at once");
  }

  /** Somebody creates a job. */
  queue(job: string, document: Json = COMMAND): void {
    this.#change(() => this.executions.push({ job, status: "QUEUED", version: 1, document, details: {} }));
  }

  /** Somebody, or time, ends it. */
  end(job: string, status: Status): void {
    this.#change(() => {
      const execution = this.#find(job);
      if (execution !== undefined && isOpen(execution))
        Object.assign(execution, { status, version: execution.version + 1 });
    });
  }

  serve(fault?: "throttled" | "silence"): boolean {
    const request = this.requests.shift();
    if (request === undefined) return false;
    const { token: clientToken } = request;
    if (fault === "silence") this.do(this.machine.unanswered(clientToken));
    else if (fault === "throttled") this.do(this.machine.rejected({ clientToken, code: "RequestThrottled" }));
    else if (request.do === "start") this.#start(clientToken);
    else if (request.do === "describe") this.#describe(clientToken, request.job);
    else this.#update(clientToken, request);
    return true;
  }

  quiet(): void {
    for (let round = 0; round < 300; round++) {
      if (this.serve()) continue;
      if (this.waits === 0) return;
      this.waits = 0;
      this.do(this.machine.wake());
    }
    throw new Error("it never comes to rest");
  }

  ended(job: string, ending: JobEnding = DONE): number {
    const ticket = this.tickets++;
    this.do(this.machine.ended({ job, execution: 1 }, ending, ticket));
    return ticket;
  }

  statuses(): readonly string[] {
    return this.executions.map(({ job, status }) => `${job} ${status}`);
  }

  #start(clientToken: string): void {
    const next = this.#next();
    if (next !== undefined && next.status === "QUEUED") {
      Object.assign(next, { status: "IN_PROGRESS", version: next.version + 1 });
    }
    this.do(this.machine.accepted({ clientToken, ...(next === undefined ? {} : { execution: told(next) }) }));
  }

  #describe(clientToken: string, job: string): void {
    const execution = this.#find(job);
    if (execution === undefined) this.do(this.machine.rejected({ clientToken, code: "ResourceNotFound" }));
    else if (!isOpen(execution))
      this.do(this.machine.rejected({ clientToken, code: "TerminalStateReached" }));
    else this.do(this.machine.accepted({ clientToken, execution: told(execution) }));
  }

  #update(clientToken: string, { job, body }: { job: string; body: JsonObject }): void {
    const execution = this.#find(job);
    if (execution === undefined) {
      this.do(this.machine.rejected({ clientToken, code: "ResourceNotFound" }));
      return;
    }
    const { version, status } = execution;
    const executionState = { status, versionNumber: version };
    if (!isOpen(execution)) {
      this.do(this.machine.rejected({ clientToken, code: "InvalidStateTransition", executionState }));
    } else if (body.expectedVersion !== String(version)) {
      this.do(this.machine.rejected({ clientToken, code: "VersionMismatch", executionState }));
    } else {
      Object.assign(execution, { status: body.status, version: version + 1, details: body.statusDetails });
      this.do(this.machine.accepted({ clientToken }));
      this.#notify(job);
    }
  }

  #change(change: () => unknown): void {
    const before = this.#next()?.job;
    change();
    this.#notify(before);
  }

  #notify(before: string | undefined): void {
    const next = this.#next();
    if (next?.job === before) return;
    this.do(this.machine.notified(next === undefined ? {} : { execution: told(next) }));
  }

  #next(): Execution | undefined {
    return (
      this.executions.find(({ status }) => status === "IN_PROGRESS") ??
      this.executions.find(({ status }) => status === "QUEUED")
    );
  }

  #find(job: string): Execution | undefined {
    return this.executions.find((execution) => execution.job === job);
  }
}

function isOpen({ status }: Execution): boolean {
  return status === "QUEUED" || status === "IN_PROGRESS";
}

function told({ job, status, version, document }: Execution): JsonObject {
  return { jobId: job, status, versionNumber: version, executionNumber: 1, jobDocument: document };
}

const accepted = { outcome: "accepted" } as const;

describe("jobs", () => {
  it("that wait are begun at the connect, one after the other, and end with their commands", () => {
    const world = new World();
    world.queue("a");
    world.queue("b");
    world.do(world.machine.connected());
    world.quiet();
    expect(world.asked).toMatchObject([{ kind: "command", id: "job:a:1", thing: "pump" }]);
    world.do(world.machine.answered("job:a:1", accepted));
    const first = world.ended("a");
    world.quiet();
    world.do(world.machine.answered("job:b:1", accepted));
    const second = world.ended("b", { status: "FAILED", details: { code: "timeout" } });
    world.quiet();
    expect(world.statuses()).toEqual(["a SUCCEEDED", "b FAILED"]);
    expect([world.settled.get(first), world.settled.get(second)]).toEqual(["acknowledged", "acknowledged"]);
    expect(world.executions[1]?.details).toEqual({ code: "timeout" });
  });

  it("are begun when they are told of", () => {
    const world = new World();
    world.do(world.machine.connected());
    world.quiet();
    world.queue("a");
    world.quiet();
    expect(world.asked).toHaveLength(1);
    world.queue("b");
    world.quiet();
    expect(world.asked).toHaveLength(1);
  });

  it("in progress are resumed after a restart under the same name, and before the others", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.quiet();
    world.do(world.machine.answered("job:a:1", accepted));
    world.queue("b");
    world.do(world.machine.lost("cut"));
    world.restart();
    world.do(world.machine.connected());
    world.quiet();
    expect(world.asked.map(({ id }) => id)).toEqual(["job:a:1", "job:a:1"]);
  });

  it("in progress are not asked again after a mere cut", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.quiet();
    world.do(world.machine.answered("job:a:1", accepted));
    world.do(world.machine.lost("cut"));
    world.do(world.machine.connected());
    world.quiet();
    expect(world.asked).toHaveLength(1);
    world.ended("a");
    world.quiet();
    expect(world.statuses()).toEqual(["a SUCCEEDED"]);
  });

  it("that are malformed are rejected with the reason, and the next one is begun", () => {
    const world = new World();
    world.queue("a", { tram: 1, operation: "dance" });
    world.queue("b");
    world.do(world.machine.connected());
    world.quiet();
    expect(world.statuses()).toEqual(["a REJECTED", "b IN_PROGRESS"]);
    expect(world.turned).toEqual(["a"]);
    expect(world.executions[0]?.details).toMatchObject({
      code: "malformed",
      reason: expect.stringMatching(/dance/),
    });
  });

  it("that the house refuses are rejected; while it is busy they are asked again", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.serve();
    world.do(world.machine.answered("job:a:1", { outcome: "refused", code: "busy", reason: "busy" }));
    world.quiet();
    expect(world.asked).toHaveLength(2);
    world.do(
      world.machine.answered("job:a:1", { outcome: "refused", code: "forbidden", reason: "no cloud may" }),
    );
    world.quiet();
    expect(world.statuses()).toEqual(["a REJECTED"]);
    expect(world.executions[0]?.details).toEqual({ code: "forbidden", reason: "no cloud may" });
  });

  it("that are done at once succeed with the answer, or with where it is", () => {
    const world = new World();
    const list = { tram: 1, operation: "rules", action: "get" };
    world.queue("a", list);
    world.queue("b", list);
    world.do(world.machine.connected());
    world.quiet();
    world.do(world.machine.answered("job:a:1", { outcome: "done", value: ["x"] }));
    world.quiet();
    world.do(world.machine.answered("job:b:1", { outcome: "done", value: "y".repeat(2_000) }));
    world.quiet();
    expect(world.executions.map(({ details }) => details)).toEqual([
      { result: '["x"]' },
      { result: "published" },
    ]);
    expect(world.told).toHaveLength(1);
  });

  it("whose command has ended before a restart end as it did", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.quiet();
    const value = { command: "c", state: "failed", code: "timeout", reason: "no answer", value: true };
    world.do(world.machine.answered("job:a:1", { outcome: "done", value }));
    world.quiet();
    expect(world.statuses()).toEqual(["a FAILED"]);
    expect(world.executions[0]?.details).toMatchObject({ code: "timeout" });
  });

  it("whose version somebody has changed are written with the new one", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.quiet();
    const [execution] = world.executions;
    if (execution !== undefined) execution.version += 5;
    world.do(world.machine.answered("job:a:1", accepted));
    world.ended("a");
    world.quiet();
    expect(world.statuses()).toEqual(["a SUCCEEDED"]);
  });

  it("whose time was over are not waited for, and their late end is no trouble", () => {
    const world = new World();
    world.queue("a");
    world.do(world.machine.connected());
    world.quiet();
    world.do(world.machine.answered("job:a:1", accepted));
    world.queue("b");
    world.end("a", "TIMED_OUT");
    world.quiet();
    expect(world.asked.map(({ id }) => id)).toEqual(["job:a:1", "job:b:1"]);
    const late = world.ended("a");
    world.quiet();
    expect([world.settled.get(late), ...world.statuses()]).toEqual([
      "acknowledged",
      "a TIMED_OUT",
      "b IN_PROGRESS",
    ]);
  });

  it("keep their details short and printable", () => {
    expect(boundedDetails({ reason: `a\u0000b${"x".repeat(2_000)}`, empty: "" })).toEqual({
      reason: `a b${"x".repeat(1_021)}`,
      empty: "-",
    });
  });
});

describe("whatever happens", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("queue" as const),
      document: fc.constantFrom<Json>(COMMAND, { tram: 9 }, null),
    }),
    fc.record({ kind: fc.constant("serve" as const) }),
    fc.record({
      kind: fc.constant("fault" as const),
      fault: fc.constantFrom("throttled" as const, "silence" as const),
    }),
    fc.record({ kind: fc.constant("answer" as const), refuse: fc.boolean() }),
    fc.record({ kind: fc.constant("ended" as const) }),
    fc.record({ kind: fc.constant("timeout" as const) }),
    fc.record({ kind: fc.constant("cut" as const), restart: fc.boolean() }),
  );

  it("every job comes to an end, every reply is settled once, and one job is worked on at a time", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const world = new World();
        world.do(world.machine.connected());
        /** What the house has accepted, and whether it has ended: one command each, however often it is asked. */
        const house = new Map<string, "running" | "ended">();
        let answered = 0;
        let jobs = 0;
        const answer = (refuse: boolean): boolean => {
          const request = world.asked[answered];
          if (request === undefined) return false;
          answered++;
          if (refuse && !house.has(request.id)) {
            world.do(
              world.machine.answered(request.id, { outcome: "refused", code: "forbidden", reason: "no" }),
            );
            return true;
          }
          if (!house.has(request.id)) house.set(request.id, "running");
          world.do(world.machine.answered(request.id, accepted));
          return true;
        };
        /** The outbox sends the end of a command until it is acknowledged. */
        const owed = new Map<string, number>();
        const end = (): void => {
          for (const [id, state] of house) {
            if (state === "running") {
              house.set(id, "ended");
              owed.set(id, -1);
              break;
            }
          }
          for (const [id, ticket] of owed) {
            const outcome = world.settled.get(ticket);
            if (outcome === "acknowledged") owed.delete(id);
            else if (ticket === -1 || outcome === "retry") owed.set(id, world.ended(id.split(":")[1] ?? ""));
          }
        };
        for (const action of steps) {
          if (action.kind === "queue") world.queue(`j${jobs++}`, action.document);
          else if (action.kind === "serve") world.serve();
          else if (action.kind === "fault") world.serve(action.fault);
          else if (action.kind === "answer") answer(action.refuse);
          else if (action.kind === "ended") end();
          else if (action.kind === "timeout") world.end(`j${jobs - 1}`, "TIMED_OUT");
          else {
            world.do(world.machine.lost("cut"));
            world.requests.length = 0;
            if (action.restart) world.restart();
            world.do(world.machine.connected());
          }
          expect(
            world.executions.filter(({ status }) => status === "IN_PROGRESS").length,
          ).toBeLessThanOrEqual(1);
        }
        for (let round = 0; round < 200; round++) {
          world.quiet();
          if (!answer(false)) end();
        }
        expect(world.executions.filter(isOpen)).toEqual([]);
        expect(owed.size).toBe(0);
        expect(world.settled.size).toBe(world.tickets);
      }),
      { numRuns: 300 },
    );
  });
});
