import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, freePort } from "./child-processes.ts";
import type { FromLoad, LoadResult, ToLoad } from "./load-protocol.ts";
import { cpuMs, type Memory, memory } from "./process-usage.ts";
import type { System } from "./system.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Entering, and what else should take seconds, may take this long. In milliseconds. */
const PATIENCE_MS = 60_000;

export interface RoundPlan {
  /** Readings of all Things together. */
  readonly perSecond: number;
  /** How long everybody is connected and silent before the memory is read. */
  readonly idleMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Round {
  readonly system: string;
  /** Readings that were planned. */
  readonly perSecond: number;
  readonly idle: Memory;
  /** Memory at the end of the load. */
  readonly loaded: Memory;
  /** CPU time of the system in the window. */
  readonly cpuMs: number;
  readonly load: LoadResult;
}

/** The load process, seen from here. */
class LoadProcess {
  readonly #child = new Child(process.execPath, [join(import.meta.dirname, "load.ts")], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });

  /** Gives an order and waits `withinMs` for one kind of message; `on` sees the others. */
  async order<Kind extends FromLoad["kind"]>(
    order: ToLoad,
    until: Kind,
    withinMs: number,
    on: (message: FromLoad) => void = () => undefined,
  ): Promise<Extract<FromLoad, { kind: Kind }>> {
    const { process: load } = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(deadline);
        load.off("message", onMessage);
        load.off("exit", onExit);
        act();
      };
      const onExit = (): void => settle(() => reject(new Error("the load process ended")));
      const onMessage = (message: FromLoad): void => {
        if (message.kind === "failed") settle(() => reject(new Error(`load: ${message.reason}`)));
        else if (message.kind === until) settle(() => resolve(message as Extract<FromLoad, { kind: Kind }>));
        else on(message);
      };
      const deadline = setTimeout(
        () => settle(() => reject(new Error(`the load waited in vain to be ${until}`))),
        withinMs,
      );
      load.on("message", onMessage);
      load.on("exit", onExit);
      load.send(order);
    });
  }

  async end(): Promise<void> {
    if (this.#child.process.connected) this.#child.process.send({ kind: "leave" } satisfies ToLoad);
    await this.#child.end();
  }
}

/** Starts a system on an empty folder, lets everybody enter, reads the idle memory, then loads it. */
export async function runRound(system: System, plan: RoundPlan): Promise<Round> {
  using folder = temporaryFolder("bench-round");
  const port = await freePort();
  await system.prepare(folder.path, port);
  const launched = system.launch(folder.path);
  const load = new LoadProcess();
  try {
    await launched.ready;
    await load.order({ kind: "enter", port }, "entered", PATIENCE_MS);
    await sleep(plan.idleMs);
    const idle = memory(launched.pids);
    let [opened, closed] = [0, 0];
    const { result } = await load.order(
      { kind: "report", ...plan },
      "result",
      plan.warmUpMs + plan.measureMs + PATIENCE_MS,
      ({ kind }) => {
        if (kind === "window-opens") opened = cpuMs(launched.pids);
        if (kind === "window-closes") closed = cpuMs(launched.pids);
      },
    );
    return {
      system: system.name,
      perSecond: plan.perSecond,
      idle,
      loaded: memory(launched.pids),
      cpuMs: closed - opened,
      load: result,
    };
  } catch (error) {
    throw new Error(`${system.name}: ${(error as Error).message}\n${launched.output()}`, { cause: error });
  } finally {
    await load.end();
    await launched.end();
  }
}

/** Starts a system that has all devices, so that its folder holds what a house has. */
export async function furnish(system: System, folder: string, port: number): Promise<void> {
  await system.prepare(folder, port);
  const launched = system.launch(folder);
  const load = new LoadProcess();
  try {
    await launched.ready;
    await load.order({ kind: "enter", port }, "entered", PATIENCE_MS);
  } finally {
    await load.end();
    await launched.end();
  }
}
