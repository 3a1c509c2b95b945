import { type ChildProcess, fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import { MODULE_OF } from "../modules/orphans.ts";
import type { FromNodeRed, NodeRedStart, ToNodeRed } from "./wire.ts";
import { NODE_RED_CLOSE_MS } from "./wire.ts";

const MB = 1_048_576;

/** The program lies beside this one, in the sources as in the build and in the bundle. */
const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";
const RUNNER = new URL(`./node-red-runner.${EXTENSION}`, import.meta.url);
const ON_SOURCES = EXTENSION === "ts" ? ["--conditions=source"] : [];

/**
 * Heap for Node-RED on a machine, in MB: a flow that leaks ends Node-RED, not the router.
 * @param memoryBytes memory of the machine.
 */
export function nodeRedHeapMb(memoryBytes: number): number {
  return Math.round(Math.min(512, Math.max(128, memoryBytes / MB / 4)));
}

/** The gateway's end of the process that Node-RED runs in. */
export class NodeRedProcess {
  /** Why it ended. Never rejects. */
  readonly exited: Promise<string>;
  readonly #process: ChildProcess;
  readonly #onMessage: (message: FromNodeRed) => void;
  #stderr = "";

  /**
   * @param options `data`: folder of the gateway, for the next one to know whose child this was; `home`: where npm
   *     and nodes keep their caches.
   */
  constructor(
    options: { data: string; home: string; heapMb: number },
    onMessage: (message: FromNodeRed) => void,
  ) {
    this.#onMessage = onMessage;
    this.#process = fork(RUNNER, [], {
      execArgv: [`--max-old-space-size=${options.heapMb}`, ...ON_SOURCES],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Nothing of the gateway's own environment is for flows to read.
      env: {
        PATH: process.env.PATH,
        TZ: process.env.TZ,
        HOME: options.home,
        [MODULE_OF]: options.data,
      },
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      // The last lines say why a process died; the rest is not ours to keep.
      this.#stderr = (this.#stderr + text).slice(-4_000);
    });
    this.exited = new Promise((resolve) => {
      this.#process.once("error", (error) => resolve(error.message));
      this.#process.once("exit", (code, signal) => resolve(this.#epitaph(code, signal)));
    });
    this.#process.on("message", (message: FromNodeRed) => this.#onMessage(message));
    // Flows may have the time that the gateway does not want.
    if (this.#process.pid !== undefined)
      setPriority(this.#process.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  }

  start(start: NodeRedStart): void {
    this.send({ kind: "start", start });
  }

  send(message: ToNodeRed): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  readonly kill = (): void => {
    this.#process.kill("SIGKILL");
  };

  /** Stops the flows in order, and sees to it. */
  async close(): Promise<void> {
    this.send({ kind: "close" });
    const patience = setTimeout(this.kill, NODE_RED_CLOSE_MS);
    await this.exited;
    clearTimeout(patience);
  }

  #epitaph(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const why = /^(?:\w*Error\b.*|FATAL ERROR.*)$/m.exec(this.#stderr)?.[0];
    return `Node-RED ${how}${why === undefined ? "" : `: ${why.slice(0, 300)}`}`;
  }
}
