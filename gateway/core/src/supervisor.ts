import type { ExecuteResult, Isolation, ModuleHealth, ModuleHost, Session } from "@tram/module-sdk";
import type { Command, EpochMs, ModuleId, Ms } from "@tram/protocol";
import { abandonable } from "./abandonable.ts";
import { type BackoffLimits, backoffMs } from "./backoff.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";

export type ModuleState = "stopped" | "opening" | "up" | "degraded" | "closing" | "failed";

export interface ModuleStatus {
  readonly id: ModuleId;
  /** What the configuration names. */
  readonly use: string;
  readonly name?: string;
  readonly version?: string;
  readonly isolation: Isolation;
  readonly state: ModuleState;
  readonly reason?: string;
  readonly since: EpochMs;
  /** Attempts after the first. */
  readonly restarts: number;
  readonly nextAttempt?: EpochMs;
}

/** A module that can be opened, wherever it runs. */
export interface ModuleRunner {
  readonly id: ModuleId;
  readonly use: string;
  /** How long `load` and `open` may take together, where that is not what modules take. */
  readonly openMs?: Ms;
  /** Loads the code and checks the configuration. Rejects with a reason for people. */
  load(signal: AbortSignal): Promise<{ name: string; version: string; isolation: Isolation }>;
  open(host: ModuleHost<unknown>, signal: AbortSignal): Promise<Session>;
}

export const SUPERVISION = {
  backoff: { firstMs: 1_000, longestMs: 60_000 } satisfies BackoffLimits,
  /** How long `load` and `open` may take together. */
  openMs: 30_000,
  /** How long a session may take to let go of its hardware. */
  closeMs: 5_000,
  /** Up for this long, and earlier failures are forgotten. */
  healthyMs: 60_000,
  /** Failures in a row after which the breaker opens … */
  breakerFailures: 10,
  /** … and the module is tried only this often. */
  breakerMs: 600_000,
} as const;

export interface SupervisorParts {
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly hostFor: (
    runner: ModuleRunner,
    listeners: { onHealth: (health: ModuleHealth) => void; onAbuse: (reason: string) => void },
    signal: AbortSignal,
  ) => ModuleHost<unknown>;
  /** Called when a session has ended, for whatever reason: its Things are not heard any more. */
  readonly onDown: (id: ModuleId) => void;
  readonly onChange: (status: ModuleStatus) => void;
}

type Limits = {
  readonly [Name in keyof typeof SUPERVISION]: (typeof SUPERVISION)[Name] extends number
    ? number
    : BackoffLimits;
};

/** Owns the life of one module: opens it, watches it, gives it up and tries again with back-off. */
class SupervisedModule {
  readonly #runner: ModuleRunner;
  readonly #parts: SupervisorParts;
  readonly #limits: Limits;
  readonly #stop = new AbortController();
  #status: ModuleStatus;
  #session: Session | undefined;
  #failures = 0;
  /** Since when the latest session has been up, on the monotonic clock. */
  #upAt: Ms | undefined;
  readonly #watchers = new Set<() => void>();
  #done: Promise<void> = Promise.resolve();

  constructor(runner: ModuleRunner, parts: SupervisorParts, limits: Limits) {
    this.#runner = runner;
    this.#parts = parts;
    this.#limits = runner.openMs === undefined ? limits : { ...limits, openMs: runner.openMs };
    this.#status = {
      id: runner.id,
      use: runner.use,
      isolation: "in-process",
      state: "stopped",
      since: parts.clock.now(),
      restarts: 0,
    };
  }

  get status(): ModuleStatus {
    return this.#status;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the gateway stops"));
    await this.#done;
  }

  async execute(command: Command, timeoutMs: Ms, signal: AbortSignal): Promise<ExecuteResult> {
    // Right after a start the session is a moment away.
    if (this.#status.state === "opening") await this.#settled(timeoutMs, signal);
    const session = this.#session;
    if (session === undefined) throw new Error(`the module ${this.#runner.id} is ${this.#status.state}`);
    if (session.execute === undefined) {
      return { outcome: "rejected", reason: `the module ${this.#runner.id} takes no commands` };
    }
    const { id, thing, target, value } = command;
    return session.execute({ id, thing, target, value, timeoutMs }, signal);
  }

  /** Waits for the end of `opening`, but no longer than `timeoutMs`. */
  async #settled(timeoutMs: Ms, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const listener = (): void => {
      if (this.#status.state !== "opening") done.abort();
    };
    this.#watchers.add(listener);
    try {
      await this.#parts.clock.sleep(timeoutMs, AbortSignal.any([signal, done.signal]));
    } catch {
      // Aborted: opened, failed, or the gateway stops. The caller looks at the session.
    } finally {
      this.#watchers.delete(listener);
    }
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#upAt = undefined;
      const reason = await this.#live();
      if (this.#stop.signal.aborted) break;
      const upMs = this.#upAt === undefined ? 0 : this.#parts.clock.monotonic() - this.#upAt;
      this.#failures = upMs >= this.#limits.healthyMs ? 1 : this.#failures + 1;
      const tripped = this.#failures >= this.#limits.breakerFailures;
      const waitMs = tripped
        ? this.#limits.breakerMs
        : backoffMs(this.#failures, this.#limits.backoff, this.#parts.random());
      this.#set("failed", reason, this.#parts.clock.now() + waitMs);
      this.#parts.log.warn({ module: this.#runner.id, reason, waitMs, tripped }, "module failed");
      try {
        await this.#parts.clock.sleep(waitMs, this.#stop.signal);
      } catch {
        break; // Only the stop ends the wait early.
      }
      this.#status = { ...this.#status, restarts: this.#status.restarts + 1 };
    }
    this.#set("stopped");
  }

  /** One session from load to end. Never rejects: returns why it ended. */
  async #live(): Promise<string> {
    const life = new AbortController();
    const end = (reason: string): void => life.abort(new Error(reason));
    const onStop = (): void => end("the gateway stops");
    this.#stop.signal.addEventListener("abort", onStop, { once: true });
    try {
      // Why it failed the last time stays visible until it is up.
      this.#set("opening", this.#status.reason);
      const session = await this.#open(life);
      this.#session = session;
      this.#upAt = this.#parts.clock.monotonic();
      this.#set("up");
      this.#parts.log.info({ module: this.#runner.id, version: this.#status.version }, "module up");
      const reason = await this.#ended(session, life.signal);
      this.#session = undefined;
      this.#set("closing", this.#status.reason);
      end(reason);
      await this.#dispose(session);
      return reason;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#session = undefined;
      end("the session has ended");
      this.#stop.signal.removeEventListener("abort", onStop);
      this.#parts.onDown(this.#runner.id);
    }
  }

  async #open(life: AbortController): Promise<Session> {
    using _deadline = this.#parts.clock.after(this.#limits.openMs, () =>
      life.abort(new Error(`did not open within ${this.#limits.openMs / 1_000} s`)),
    );
    const loaded = await abandonable(this.#runner.load(life.signal), life.signal);
    this.#status = { ...this.#status, ...loaded };
    const host = this.#parts.hostFor(
      this.#runner,
      { onHealth: (health) => this.#onHealth(health), onAbuse: (reason) => life.abort(new Error(reason)) },
      life.signal,
    );
    // Awaited here, or the deadline would be disposed before the module has opened.
    return await abandonable(
      this.#runner.open(host, life.signal),
      life.signal,
      (late) => void this.#disposeLate(late),
    );
  }

  /** A session that nobody waits for any more: it is closed at once, and how it ends is of no interest. */
  async #disposeLate(session: Session): Promise<void> {
    session.closed.catch(() => undefined);
    await this.#dispose(session);
  }

  /** Waits for the session's own end or for its abort. */
  async #ended(session: Session, signal: AbortSignal): Promise<string> {
    try {
      await abandonable(session.closed, signal);
      return "the module closed its session";
    } catch (error) {
      return messageOf(error);
    }
  }

  async #dispose(session: Session): Promise<void> {
    const patience = new AbortController();
    using _deadline = this.#parts.clock.after(this.#limits.closeMs, () =>
      patience.abort(new Error(`did not close within ${this.#limits.closeMs / 1_000} s`)),
    );
    try {
      await abandonable(session[Symbol.asyncDispose](), patience.signal);
    } catch (error) {
      this.#parts.log.warn(
        { module: this.#runner.id, reason: messageOf(error) },
        "module did not close cleanly",
      );
    }
  }

  #onHealth(health: ModuleHealth): void {
    const { state } = this.#status;
    if (state !== "up" && state !== "degraded") return;
    const [next, reason] = health.state === "up" ? (["up"] as const) : (["degraded", health.reason] as const);
    if (state === next && reason === this.#status.reason) return; // Edges only.
    this.#set(next, reason);
  }

  #set(state: ModuleState, reason?: string, nextAttempt?: EpochMs): void {
    const { reason: _reason, nextAttempt: _next, ...rest } = this.#status;
    this.#status = {
      ...rest,
      state,
      since: this.#parts.clock.now(),
      ...(reason === undefined ? {} : { reason }),
      ...(nextAttempt === undefined ? {} : { nextAttempt }),
    };
    this.#parts.onChange(this.#status);
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Runs all modules, each for itself: one that fails stays visible with its reason and disturbs nobody. */
export class Supervisor {
  readonly #modules = new Map<ModuleId, SupervisedModule>();
  readonly #parts: SupervisorParts;
  readonly #limits: Limits;

  constructor(parts: SupervisorParts, limits: Partial<Limits> = {}) {
    this.#parts = parts;
    this.#limits = { ...SUPERVISION, ...limits };
  }

  /** Starts a module. Returns at once; its state tells how it goes. */
  start(runner: ModuleRunner): void {
    if (this.#modules.has(runner.id)) throw new Error(`the module ${runner.id} is started already`);
    const module = new SupervisedModule(runner, this.#parts, this.#limits);
    this.#modules.set(runner.id, module);
    module.start();
  }

  status(): readonly ModuleStatus[] {
    return [...this.#modules.values()].map((module) => module.status);
  }

  /** Hands a command to the session of a module. Rejects when there is none. */
  async execute(id: ModuleId, command: Command, timeoutMs: Ms, signal: AbortSignal): Promise<ExecuteResult> {
    const module = this.#modules.get(id);
    if (module === undefined) throw new Error(`there is no module ${id}`);
    return module.execute(command, timeoutMs, signal);
  }

  /** Ends all sessions; those that do not let go in time are abandoned. */
  async stop(): Promise<void> {
    await Promise.all([...this.#modules.values()].map((module) => module.stop()));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
