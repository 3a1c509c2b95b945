import { mkdirSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import type { ModuleRunner } from "@tram/core";
import type { ModuleHost, Session } from "@tram/module-sdk";
import type { Ms } from "@tram/protocol";
import type { NodeRedInstall } from "./install.ts";
import { NodeRedProcess, nodeRedHeapMb } from "./node-red-process.ts";
import { NODE_RED_ID } from "./path.ts";
import { ensureSecret } from "./secret.ts";
import { NODE_RED_OPEN_MS, NODE_RED_PULSE } from "./wire.ts";

/** Ended so often in a row, each time within `soonMs` of its start: then the flows are left out the next time. */
const SAFE_MODE = { ends: 3, soonMs: 60_000 as Ms } as const;

export interface NodeRedOptions {
  readonly install: NodeRedInstall;
  /** Data folder of the gateway: flows, credentials and their key are in it. */
  readonly data: string;
  /** The Unix socket that Node-RED listens on. */
  readonly socket: string;
  readonly palette: boolean;
  readonly title: string;
}

/**
 * Node-RED as something that the supervisor can open, watch and open again. A flow that blocks or crashes the process
 * each time would keep the editor, and with it the cure, out of reach: after a few such ends it starts in Node-RED's
 * safe mode, without flows, until somebody deploys.
 */
export function createNodeRed(options: NodeRedOptions): ModuleRunner {
  const { install, data, socket } = options;
  const userDir = join(data, "node-red");
  const secretFile = join(data, "node-red.secret");
  let soonEnds = 0;

  return {
    id: NODE_RED_ID,
    use: install.dir,
    openMs: NODE_RED_OPEN_MS,
    load: async () => {
      if (install.problem !== undefined) throw new Error(install.problem);
      mkdirSync(userDir, { recursive: true, mode: 0o700 });
      ensureSecret(secretFile);
      return { name: "Node-RED", version: install.version, isolation: "child-process" };
    },
    open: async (host: ModuleHost<unknown>, signal): Promise<Session> => {
      const safeMode = soonEnds >= SAFE_MODE.ends;
      const ended = Promise.withResolvers<never>();
      ended.promise.catch(() => undefined); // Nobody may be waiting when it ends.
      let heardAt = host.clock.monotonic();
      let upAt: Ms | undefined;
      let asked = false;
      const child = new NodeRedProcess(
        { data, home: userDir, heapMb: nodeRedHeapMb(totalmem()) },
        (message) => {
          heardAt = host.clock.monotonic();
          switch (message.kind) {
            case "up":
              up.resolve();
              break;
            case "failed":
              ended.reject(new Error(message.reason));
              break;
            case "flows-started":
              if (upAt !== undefined) host.health({ state: "up" });
              break;
            case "log":
              host.log[message.level]({ ...message.fields }, "Node-RED says");
              break;
            case "alive":
              break;
          }
        },
      );
      const up = Promise.withResolvers<void>();
      void child.exited.then((reason) => {
        const soon = upAt === undefined || host.clock.monotonic() - upAt < SAFE_MODE.soonMs;
        if (!asked) soonEnds = soon ? soonEnds + 1 : 0;
        ended.reject(new Error(reason));
      });
      // Until it is up there is nothing to stop in order.
      signal.addEventListener("abort", child.kill, { once: true });
      if (signal.aborted) child.kill();
      const { palette, title } = options;
      child.start({ dir: install.dir, userDir, socket, secretFile, palette, safeMode, title });
      try {
        await Promise.race([up.promise, ended.promise]);
      } catch (error) {
        child.kill();
        throw error;
      }
      signal.removeEventListener("abort", child.kill);
      upAt = host.clock.monotonic();

      const pulse = host.clock.every(NODE_RED_PULSE.everyMs, () => {
        if (host.clock.monotonic() - heardAt > NODE_RED_PULSE.silentMs) {
          ended.reject(new Error(`Node-RED did not answer for ${NODE_RED_PULSE.silentMs / 1_000} s`));
          child.kill();
        }
        child.send({ kind: "alive?" });
      });
      if (safeMode) {
        const reason = `it ended ${soonEnds} times right after its start: flows are stopped until the next deploy`;
        host.health({ state: "degraded", reason });
      }
      return {
        closed: ended.promise,
        [Symbol.asyncDispose]: async () => {
          pulse[Symbol.dispose]();
          asked = true;
          await child.close();
        },
      };
    },
  };
}
