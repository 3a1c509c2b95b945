import { ModuleBudget } from "@tram/core";
import {
  HostError,
  type ModuleDefinition,
  type ModuleHost,
  type ModuleLog,
  type Session,
} from "@tram/module-sdk";
import type { ClockTrust, Json } from "@tram/protocol";
import { SystemClock } from "../clock/system-clock.ts";
import { checkModuleConfig, loadModule } from "./load-module.ts";
import type { FromChild, HostRequest, LogLevel, ToChild } from "./wire.ts";

/**
 * The program of a child process that runs one module. It ends when the gateway does: the IPC channel closes, and
 * nothing else keeps it alive.
 */
let trust: ClockTrust = "untrusted";
const clock = new SystemClock(() => trust);
const life = new AbortController();
const calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
let lastCall = 0;
let definition: ModuleDefinition<unknown> | undefined;
let loading: Promise<void> = Promise.resolve();
let config: unknown;
let session: Session | undefined;

function send(message: FromChild): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function request(body: HostRequest): Promise<unknown> {
  if (life.signal.aborted) return Promise.reject(new HostError("closed", "the session has ended"));
  const call = ++lastCall;
  return new Promise((resolve, reject) => {
    calls.set(call, { resolve, reject });
    send({ kind: "host", call, request: body });
  });
}

/** The gateway's own limits, already here: a flood must not even fill the channel. */
const budget = new ModuleBudget(
  () => clock.monotonic(),
  (reason) => {
    send({ kind: "ended", reason });
    life.abort(new Error(reason));
  },
);

function logAt(level: LogLevel): ModuleLog["info"] {
  return (fields, text) => send({ kind: "log", level, fields, text });
}

function makeHost(): ModuleHost<unknown> {
  return {
    config,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      get trust() {
        return trust;
      },
      sleep: (durationMs, signal) => clock.sleep(durationMs, signal ?? life.signal),
      every: (periodMs, tick) => clock.every(periodMs, tick),
    },
    log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") },
    store: {
      get: async (key) =>
        ((await request({ method: "store-entries" })) as ReadonlyMap<string, Json>).get(key),
      entries: async () => (await request({ method: "store-entries" })) as ReadonlyMap<string, Json>,
      put: async (key, value) => void (await counted({ method: "store-put", key, value })),
      delete: async (key) => void (await counted({ method: "store-delete", key })),
    },
    announce: async (thing) => void (await counted({ method: "announce", thing })),
    retire: async (thing) => void (await counted({ method: "retire", thing })),
    availability: async (thing, availability) =>
      void (await counted({ method: "availability", thing, availability })),
    report: (readings) =>
      budget.report(readings.length, async () => void (await request({ method: "report", readings }))),
    emit: (event) => budget.report(1, async () => void (await request({ method: "emit", event }))),
    health: (health) => send({ kind: "health", health }),
  };
}

/** Calls that cost a commit are counted here already. */
function counted(body: HostRequest): Promise<unknown> {
  budget.call();
  return request(body);
}

async function open(): Promise<void> {
  try {
    await loading;
    if (definition === undefined) throw new Error("the module was not loaded");
    session = await definition.open(makeHost(), life.signal);
    send({ kind: "opened" });
    session.closed.then(
      () => send({ kind: "ended" }),
      (error: unknown) => send({ kind: "ended", reason: messageOf(error) }),
    );
  } catch (error) {
    send({ kind: "failed", reason: messageOf(error) });
  }
}

async function execute(message: Extract<ToChild, { kind: "execute" }>): Promise<void> {
  const { call, command } = message;
  if (session?.execute === undefined) {
    send({ kind: "executed", call, result: { outcome: "rejected", reason: "the module takes no commands" } });
    return;
  }
  try {
    send({ kind: "executed", call, result: await session.execute(command, life.signal) });
  } catch (error) {
    send({ kind: "executed", call, failure: messageOf(error) });
  }
}

async function close(): Promise<void> {
  life.abort(new Error("the gateway closes the module"));
  try {
    await session?.[Symbol.asyncDispose]();
  } catch (error) {
    logAt("warn")({ reason: messageOf(error) }, "the module did not close cleanly");
  }
  process.exit(0);
}

async function load(use: string): Promise<void> {
  definition = await loadModule(use);
}

async function configure(given: unknown): Promise<void> {
  try {
    await loading;
    if (definition === undefined) throw new Error("the module was not loaded");
    config = given;
    checkModuleConfig(definition, given);
    send({ kind: "loaded", name: definition.name, version: definition.version });
  } catch (error) {
    send({ kind: "failed", reason: messageOf(error) });
  }
}

process.on("message", (message: ToChild) => {
  switch (message.kind) {
    case "load":
      loading = load(message.use);
      loading.catch(() => undefined); // `configure` tells.
      break;
    case "configure":
      void configure(message.config);
      break;
    case "open":
      trust = message.clock.trust;
      void open();
      break;
    case "clock":
      trust = message.clock.trust;
      send({ kind: "alive" });
      break;
    case "execute":
      void execute(message);
      break;
    case "answer": {
      const waiting = calls.get(message.call);
      calls.delete(message.call);
      if (message.ok) waiting?.resolve(message.value);
      else waiting?.reject(new HostError(message.error.code ?? "closed", message.error.message));
      break;
    }
    case "close":
      void close();
      break;
  }
});
process.on("disconnect", () => process.exit(0));

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
