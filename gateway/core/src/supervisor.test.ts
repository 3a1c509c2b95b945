import type { ExecuteResult, ModuleCommand, ModuleHealth, ModuleHost, Session } from "@tram/module-sdk";
import type { Command, CommandId, ModuleId, Ms, PropertyKey, ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { type ModuleRunner, type ModuleStatus, SUPERVISION, Supervisor } from "./supervisor.ts";

const RADIO = "radio" as ModuleId;
const COMMAND: Command = {
  id: "c1" as CommandId,
  thing: "lamp" as ThingId,
  target: { property: "light/on" as PropertyKey },
  value: true,
  origin: "api:ann",
  depth: 1,
  state: "accepted",
  submittedAt: 0,
};
const NEVER = new AbortController().signal;

/** A session whose end the test decides. */
class FakeSession implements Session {
  readonly #end = Promise.withResolvers<void>();
  readonly closed = this.#end.promise;
  readonly #disposal: Promise<void>;
  disposals = 0;
  readonly execute?: (command: ModuleCommand) => Promise<ExecuteResult>;

  constructor(
    parts: { disposal?: Promise<void>; execute?: (command: ModuleCommand) => Promise<ExecuteResult> } = {},
  ) {
    this.#disposal = parts.disposal ?? Promise.resolve();
    if (parts.execute !== undefined) this.execute = parts.execute;
  }

  finish(): void {
    this.#end.resolve();
  }

  break(reason: string): void {
    this.#end.reject(new Error(reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals++;
    await this.#disposal;
  }
}

type Open = (host: ModuleHost<unknown>, signal: AbortSignal) => Promise<Session>;

/** A supervisor with one module, of which the test says how it opens. */
function house(open: Open, parts: { load?: ModuleRunner["load"]; random?: number; openMs?: Ms } = {}) {
  const clock = new VirtualClock();
  const states: string[] = [];
  const waits: Ms[] = [];
  const listeners: { onHealth: (health: ModuleHealth) => void; onAbuse: (reason: string) => void }[] = [];
  const signals: AbortSignal[] = [];
  let downs = 0;
  const supervisor = new Supervisor({
    clock,
    random: () => parts.random ?? 0,
    log: {
      debug: () => {},
      info: () => {},
      warn: ({ waitMs }) => void (typeof waitMs === "number" && waits.push(waitMs)),
      error: () => {},
    },
    hostFor: (_runner, listener, signal) => {
      listeners.push(listener);
      signals.push(signal);
      return {} as ModuleHost<unknown>;
    },
    onDown: () => void downs++,
    onChange: (status) => states.push(describeStatus(status)),
  });
  let opened = 0;
  const runner: ModuleRunner = {
    id: RADIO,
    use: "fake",
    ...(parts.openMs === undefined ? {} : { openMs: parts.openMs }),
    load: parts.load ?? (async () => ({ name: "fake", version: "1.2.3", isolation: "in-process" })),
    open: (host, signal) => {
      opened++;
      return open(host, signal);
    },
  };
  return {
    clock,
    supervisor,
    runner,
    states,
    waits,
    listeners,
    signals,
    async start() {
      supervisor.start(runner);
      await clock.advance(0);
    },
    get status(): ModuleStatus {
      const [status] = supervisor.status();
      if (status === undefined) throw new Error("no module was started");
      return status;
    },
    get opened() {
      return opened;
    },
    get downs() {
      return downs;
    },
  };
}

function describeStatus({ state, reason }: ModuleStatus): string {
  return reason === undefined ? state : `${state}: ${reason}`;
}

const hangs: Open = () => new Promise(() => undefined);
const refuses: Open = async () => {
  throw new Error("no such port");
};

describe("a module that opens", () => {
  test("is up, with its name and version", async () => {
    const it = house(async () => new FakeSession());
    await it.start();
    expect(it.states).toEqual(["opening", "up"]);
    expect(it.status).toEqual({
      id: RADIO,
      use: "fake",
      name: "fake",
      version: "1.2.3",
      isolation: "in-process",
      state: "up",
      since: it.clock.now(),
      restarts: 0,
    });
    expect(it.clock.pending).toBe(0);
  });

  test("is degraded with its reason while it says so, told at the edges", async () => {
    const it = house(async () => new FakeSession());
    await it.start();
    const weak: ModuleHealth = { state: "degraded", reason: "weak signal" };
    for (const health of [
      weak,
      weak,
      { state: "degraded", reason: "no signal" },
      { state: "up" },
      { state: "up" },
    ] as const) {
      it.listeners[0]?.onHealth(health);
    }
    expect(it.states.slice(2)).toEqual(["degraded: weak signal", "degraded: no signal", "up"]);
  });

  test("is heard of no more when it is gone", async () => {
    const session = new FakeSession();
    const it = house(async () => session);
    await it.start();
    session.finish();
    await it.clock.advance(0);
    it.listeners[0]?.onHealth({ state: "up" });
    expect(it.status.state).toBe("failed");
  });
});

describe("a module that fails is shown with its reason", () => {
  test("when its code or its configuration is bad", async () => {
    const it = house(hangs, { load: async () => Promise.reject(new Error("config.port: is missing")) });
    await it.start();
    expect(it.states).toEqual(["opening", "failed: config.port: is missing"]);
    expect(it.opened).toBe(0);
  });

  test("when open throws", async () => {
    const it = house(refuses);
    await it.start();
    expect(it.states).toEqual(["opening", "failed: no such port"]);
    expect(it.status.nextAttempt).toBe(it.clock.now() + 500);
    expect([it.downs, it.signals[0]?.aborted]).toEqual([1, true]);
  });

  test("when open throws before it returns a promise", async () => {
    const it = house(() => {
      throw new Error("a bug");
    });
    await it.start();
    expect(it.status).toMatchObject({ state: "failed", reason: "a bug" });
  });

  test.each(["load", "open"] as const)("when %s hangs", async (what) => {
    const load: ModuleRunner["load"] = () => new Promise(() => undefined);
    const it = house(hangs, what === "load" ? { load } : {});
    await it.start();
    await it.clock.advance(SUPERVISION.openMs - 1);
    expect(it.status.state).toBe("opening");
    await it.clock.advance(1);
    expect(it.status).toMatchObject({ state: "failed", reason: "did not open within 30 s" });
    if (what === "open") expect(it.signals[0]?.aborted).toBe(true);
  });

  test("when open takes longer than it said that it needs", async () => {
    const it = house(hangs, { openMs: 180_000 });
    await it.start();
    await it.clock.advance(179_999);
    expect(it.status.state).toBe("opening");
    await it.clock.advance(1);
    expect(it.status).toMatchObject({ state: "failed", reason: "did not open within 180 s" });
  });

  test("when its session breaks: it is closed once, and its host is shut", async () => {
    const session = new FakeSession();
    const it = house(async () => session);
    await it.start();
    session.break("the stick was pulled out");
    await it.clock.advance(0);
    expect(it.states).toEqual(["opening", "up", "closing", "failed: the stick was pulled out"]);
    expect([session.disposals, it.downs, it.signals[0]?.aborted]).toEqual([1, 1, true]);
  });

  test("when its session ends by itself", async () => {
    const session = new FakeSession();
    const it = house(async () => session);
    await it.start();
    session.finish();
    await it.clock.advance(0);
    expect(it.status).toMatchObject({ state: "failed", reason: "the module closed its session" });
  });

  test("when it does what no module may", async () => {
    const session = new FakeSession();
    const it = house(async () => session);
    await it.start();
    it.listeners[0]?.onAbuse("floods");
    await it.clock.advance(0);
    expect(it.status).toMatchObject({ state: "failed", reason: "floods" });
    expect(session.disposals).toBe(1);
  });

  test("and one that does not let go is left behind in time", async () => {
    const session = new FakeSession({ disposal: new Promise(() => undefined) });
    const it = house(async () => session);
    await it.start();
    session.break("gone");
    await it.clock.advance(SUPERVISION.closeMs - 1);
    expect(it.status.state).toBe("closing");
    await it.clock.advance(1);
    expect(it.status).toMatchObject({ state: "failed", reason: "gone" });
  });

  test("and disturbs no other module", async () => {
    const it = house(refuses);
    await it.start();
    const other = { ...it.runner, id: "other" as ModuleId, open: async () => new FakeSession() };
    it.supervisor.start(other);
    await it.clock.advance(0);
    expect(it.supervisor.status().map(({ id, state }) => `${id} ${state}`)).toEqual([
      "radio failed",
      "other up",
    ]);
  });
});

describe("a module that failed is tried again", () => {
  test("with waits that double to the longest, then only as often as the breaker lets", async () => {
    const it = house(refuses);
    await it.start();
    await it.clock.advance(3 * SUPERVISION.breakerMs);
    const { breakerMs } = SUPERVISION;
    expect(it.waits).toEqual([
      ...[500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000],
      ...[breakerMs, breakerMs, breakerMs],
    ]);
    expect(it.status.restarts).toBe(11);
    expect(it.status.nextAttempt).toBeGreaterThan(it.clock.now());
  });

  test("with jitter", async () => {
    const it = house(refuses, { random: 0.5 });
    await it.start();
    await it.clock.advance(10_000);
    expect(it.waits).toEqual([750, 1_500, 3_000, 6_000]);
  });

  test("and comes up when the hardware is back", async () => {
    let plugged = false;
    const it = house(async (host, signal) => (plugged ? new FakeSession() : refuses(host, signal)));
    await it.start();
    plugged = true;
    await it.clock.advance(500);
    expect(it.status).toMatchObject({ state: "up", restarts: 1 });
    expect(it.status.reason).toBeUndefined();
    expect(it.status.nextAttempt).toBeUndefined();
  });

  test("as if for the first time, once it was up for long enough", async () => {
    let session = new FakeSession();
    let fails = 3;
    const it = house(async (host, signal) => {
      if (fails-- > 0) return refuses(host, signal);
      session = new FakeSession();
      return session;
    });
    await it.start();
    await it.clock.advance(3_500);
    expect(it.waits).toEqual([500, 1_000, 2_000]);
    await it.clock.advance(SUPERVISION.healthyMs - 1);
    session.break("too soon");
    await it.clock.advance(4_000);
    await it.clock.advance(SUPERVISION.healthyMs);
    session.break("in good health");
    await it.clock.advance(0);
    expect(it.waits.slice(3)).toEqual([4_000, 500]);
  });
});

describe("a session that comes late", () => {
  test("is closed at once, and is never up", async () => {
    const late = Promise.withResolvers<Session>();
    const session = new FakeSession();
    const it = house(() => late.promise);
    await it.start();
    await it.clock.advance(SUPERVISION.openMs);
    await it.supervisor.stop();
    late.resolve(session);
    await it.clock.advance(0);
    session.break("closed under its feet"); // Unhandled, it would fail this run.
    await it.clock.advance(0);
    expect(session.disposals).toBe(1);
    expect(it.states).toEqual(["opening", "failed: did not open within 30 s", "stopped"]);
    expect(it.clock.pending).toBe(0);
  });
});

describe("stop", () => {
  const slow = new Promise<void>(() => undefined);

  test.each<[string, (it: ReturnType<typeof house>) => Promise<void>, Open, string[]]>([
    ["while opening", async () => undefined, hangs, ["opening", "stopped"]],
    [
      "while up",
      async () => undefined,
      async () => new FakeSession(),
      ["opening", "up", "closing", "stopped"],
    ],
    [
      "while degraded",
      async (it) => it.listeners[0]?.onHealth({ state: "degraded", reason: "weak" }),
      async () => new FakeSession(),
      ["opening", "up", "degraded: weak", "closing: weak", "stopped"],
    ],
    [
      "while it waits for the next attempt",
      async () => undefined,
      refuses,
      ["opening", "failed: no such port", "stopped"],
    ],
    [
      "while closing",
      async (it) => {
        it.listeners[0]?.onAbuse("floods");
        await it.clock.advance(0);
      },
      async () => new FakeSession({ disposal: slow }),
      ["opening", "up", "closing", "stopped"],
    ],
  ])("%s settles and leaves no timer", async (_name, prepare, open, states) => {
    const it = house(open);
    await it.start();
    await prepare(it);
    let settled = false;
    void it.supervisor.stop().then(() => {
      settled = true;
    });
    await it.clock.advance(SUPERVISION.closeMs);
    expect(settled).toBe(true);
    expect(it.states).toEqual(states);
    expect(it.clock.pending).toBe(0);
    await it.clock.advance(10 * SUPERVISION.breakerMs);
    expect(it.opened).toBe(1);
  });

  test("before anything was started, and twice, is nothing", async () => {
    const it = house(hangs);
    await it.supervisor.stop();
    await it.start();
    await Promise.all([it.supervisor.stop(), it.supervisor.stop()]);
    expect(it.status.state).toBe("stopped");
  });
});

describe("execute", () => {
  const obeys = (): FakeSession => new FakeSession({ execute: async () => ({ outcome: "confirmed" }) });
  const run = (it: ReturnType<typeof house>, timeoutMs: Ms = 10_000, signal = NEVER) =>
    it.supervisor.execute(RADIO, COMMAND, timeoutMs, signal);

  test("hands the module what it needs to know, and nothing more", async () => {
    const got: ModuleCommand[] = [];
    const execute = async (command: ModuleCommand): Promise<ExecuteResult> => {
      got.push(command);
      return { outcome: "sent" };
    };
    const it = house(async () => new FakeSession({ execute }));
    await it.start();
    expect(await run(it, 7_000)).toEqual({ outcome: "sent" });
    const { id, thing, target, value } = COMMAND;
    expect(got).toEqual([{ id, thing, target, value, timeoutMs: 7_000 }]);
  });

  test("waits while the module opens", async () => {
    const opening = Promise.withResolvers<Session>();
    const it = house(() => opening.promise);
    await it.start();
    const result = run(it);
    await it.clock.advance(5_000);
    opening.resolve(obeys());
    await it.clock.advance(0);
    expect(await result).toEqual({ outcome: "confirmed" });
    expect(it.clock.pending).toBe(0);
  });

  test("does not wait longer than the command may, or than its caller wants", async () => {
    const it = house(hangs);
    await it.start();
    const gone = new AbortController();
    const patient = expect(run(it, 1_000)).rejects.toThrow("the module radio is opening");
    const hasty = expect(run(it, 60_000, gone.signal)).rejects.toThrow("the module radio is opening");
    gone.abort();
    await it.clock.advance(1_000);
    await Promise.all([patient, hasty]);
    expect(it.clock.pending).toBe(1); // The module's own deadline.
  });

  test("rejects when opening fails, and when there is no session", async () => {
    const it = house(hangs);
    await it.start();
    const waiting = expect(run(it, 60_000)).rejects.toThrow("the module radio is failed");
    await it.clock.advance(SUPERVISION.openMs);
    await waiting;
    await expect(run(it)).rejects.toThrow("the module radio is failed");
    await it.supervisor.stop();
    await expect(run(it)).rejects.toThrow("the module radio is stopped");
    const unknown = it.supervisor.execute("ghost" as ModuleId, COMMAND, 1_000, NEVER);
    await expect(unknown).rejects.toThrow("there is no module ghost");
  });

  test("is refused by a module that takes no commands", async () => {
    const it = house(async () => new FakeSession());
    await it.start();
    expect(await run(it)).toEqual({ outcome: "rejected", reason: "the module radio takes no commands" });
  });

  test("hands on a module's failure", async () => {
    const it = house(
      async () => new FakeSession({ execute: async () => Promise.reject(new Error("no ack")) }),
    );
    await it.start();
    await expect(run(it)).rejects.toThrow("no ack");
    expect(it.status.state).toBe("up");
  });
});
