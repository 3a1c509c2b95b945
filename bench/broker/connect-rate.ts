import { numbered } from "./flood.ts";
import { Link } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";
import { startStopwatch } from "./stopwatch.ts";

const AT_A_TIME = 50;
const SECOND_MS = 1_000;

/** Clients that connect, are let in and go again, some at a time. */
export async function connectRate(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "connect" }>,
): Promise<Figures> {
  await comeAndGo(port, numbered("first", task.warmUp));
  const stop = startStopwatch(pid);
  await comeAndGo(port, numbered("guest", task.connections));
  const { ms, cpuUs } = stop();
  return {
    connectionsPerSecond: (task.connections * SECOND_MS) / ms,
    cpuUsPerConnection: cpuUs / task.connections,
    lost: 0,
  };
}

async function comeAndGo(port: number, clientIds: readonly string[]): Promise<void> {
  let next = 0;
  const guest = async (): Promise<void> => {
    for (let clientId = clientIds[next++]; clientId !== undefined; clientId = clientIds[next++]) {
      await (await Link.open({ port, clientId })).leave();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, guest));
}
