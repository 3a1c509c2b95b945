import { type ChildProcess, fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import {
  type ExecuteResult,
  HostError,
  type ModuleCommand,
  type ModuleHost,
  type Session,
} from "@tram/module-sdk";
import { MODULE_OF } from "./orphans.ts";
import { CHILD_CLOSE_MS, CHILD_PULSE, type FromChild, type HostRequest, type ToChild } from "./wire.ts";

/** Heap of a module's process, in MB: a leak ends the module, not the router. */
const HEAP_MB = 64;

/** The gateway's end of a module in a child process. */
export class ChildSession {
  readonly #process: ChildProcess;
  readonly #exited: Promise<string>;
  readonly #calls = new Map<number, (outcome: Extract<FromChild, { kind: "executed" }>) => void>();
  readonly #ended = Promise.withResolvers<void>();
  #onMessage: (message: FromChild) => void = () => undefined;
  #lastCall = 0;
  /** When the child last said something, on the monotonic clock. */
  #heardAt = 0;
  #stderr = "";

  /** @param data the data folder of the gateway, for the next one to know whose child this was. */
  constructor(use: string, data: string) {
    this.#process = fork(childEntry(), [], {
      serialization: "advanced",
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { PATH: process.env.PATH, TZ: process.env.TZ, [MODULE_OF]: data },
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // The last lines say why a process died; the rest is not ours to keep.
      this.#stderr = (this.#stderr + text).slice(-2_000);
    });
    this.#exited = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(error.message));
      this.#process.once("exit", (code, signal) => resolve(this.#epitaph(code, signal)));
    });
    this.#process.on("message", (message: FromChild) => this.#onMessage(message));
    // A module that spins may have the time that nobody else wants.
    if (this.#process.pid !== undefined)
      setPriority(this.#process.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    this.#send({ kind: "load", use });
  }

  /** Waits until the child has the code and finds the configuration valid. Kills the child when the signal aborts. */
  async load(config: unknown, signal: AbortSignal): Promise<{ name: string; version: string }> {
    // Until it is open there is nothing to close in order: a child that hangs is killed.
    signal.addEventListener("abort", this.#kill, { once: true });
    if (signal.aborted) this.#kill();
    const loaded = new Promise<{ name: string; version: string }>((resolve, reject) => {
      this.#onMessage = (message) => {
        if (message.kind === "loaded") resolve({ name: message.name, version: message.version });
        if (message.kind === "failed") reject(new Error(message.reason));
      };
      this.#send({ kind: "configure", config });
    });
    return this.#orExit(loaded);
  }

  async open(host: ModuleHost<unknown>, signal: AbortSignal): Promise<Session> {
    const opened = new Promise<void>((resolve, reject) => {
      this.#onMessage = (message) => {
        if (message.kind === "opened") resolve();
        else if (message.kind === "failed") reject(new Error(message.reason));
        else this.#dispatch(message, host);
      };
    });
    this.#send({ kind: "open", clock: { trust: host.clock.trust } });
    void this.#exited.then((reason) => this.#ended.reject(new Error(reason)));
    this.#ended.promise.catch(() => undefined); // Nobody may be waiting when it ends.
    await this.#orExit(opened);
    signal.removeEventListener("abort", this.#kill);
    this.#heardAt = host.clock.monotonic();
    const clock = host.clock.every(CHILD_PULSE.everyMs, () => {
      if (host.clock.monotonic() - this.#heardAt > CHILD_PULSE.silentMs) {
        this.#ended.reject(new Error(`its process did not answer for ${CHILD_PULSE.silentMs / 1_000} s`));
        this.#kill();
      }
      this.#send({ kind: "clock", clock: { trust: host.clock.trust } });
    });
    signal.addEventListener("abort", () => clock[Symbol.dispose](), { once: true });
    return {
      closed: this.#ended.promise,
      execute: (command) => this.#execute(command),
      [Symbol.asyncDispose]: () => this.#close(clock),
    };
  }

  #execute(command: ModuleCommand): Promise<ExecuteResult> {
    const call = ++this.#lastCall;
    const answered = new Promise<ExecuteResult>((resolve, reject) => {
      this.#calls.set(call, (outcome) => {
        if ("result" in outcome) resolve(outcome.result);
        else reject(new Error(outcome.failure));
      });
    });
    this.#send({ kind: "execute", call, command });
    return this.#orExit(answered).finally(() => this.#calls.delete(call));
  }

  #dispatch(message: FromChild, host: ModuleHost<unknown>): void {
    this.#heardAt = host.clock.monotonic();
    switch (message.kind) {
      case "host":
        void this.#answer(message.call, message.request, host);
        break;
      case "executed":
        this.#calls.get(message.call)?.(message);
        break;
      case "health":
        host.health(message.health);
        break;
      case "log":
        host.log[message.level](message.fields, message.text);
        break;
      case "ended":
        if (message.reason === undefined) this.#ended.resolve();
        else this.#ended.reject(new Error(message.reason));
        break;
      case "alive":
      case "loaded":
      case "opened":
      case "failed":
        break;
    }
  }

  async #answer(call: number, request: HostRequest, host: ModuleHost<unknown>): Promise<void> {
    try {
      this.#send({ kind: "answer", call, ok: true, value: await callHost(host, request) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof HostError ? { code: error.code } : {};
      this.#send({ kind: "answer", call, ok: false, error: { message, ...code } });
    }
  }

  async #close(clock: Disposable): Promise<void> {
    clock[Symbol.dispose]();
    this.#send({ kind: "close" });
    const patience = setTimeout(this.#kill, CHILD_CLOSE_MS);
    await this.#exited;
    clearTimeout(patience);
  }

  readonly #kill = (): void => {
    this.#process.kill("SIGKILL");
  };

  #orExit<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([
      promise,
      this.#exited.then((reason): never => {
        throw new Error(reason);
      }),
    ]);
  }

  #send(message: ToChild): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #epitaph(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const why = /^(?:\w*Error\b.*|FATAL ERROR.*)$/m.exec(this.#stderr)?.[0];
    return `the module's process ${how}${why === undefined ? "" : `: ${why.slice(0, 300)}`}`;
  }
}

async function callHost(host: ModuleHost<unknown>, request: HostRequest): Promise<unknown> {
  switch (request.method) {
    case "announce":
      return host.announce(request.thing);
    case "retire":
      return host.retire(request.thing);
    case "availability":
      return host.availability(request.thing, request.availability);
    case "report":
      return host.report(request.readings);
    case "emit":
      return host.emit(request.event);
    case "store-entries":
      return host.store.entries();
    case "store-put":
      return host.store.put(request.key, request.value);
    case "store-delete":
      return host.store.delete(request.key);
  }
}

/** The child's program lies beside this one, in the sources as in the build and in the bundle. */
function childEntry(): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./module-child.${extension}`, import.meta.url);
}
