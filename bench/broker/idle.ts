import { setTimeout as sleep } from "node:timers/promises";
import { memory } from "../process-usage.ts";
import { ROOT } from "./account.ts";
import { numbered } from "./flood.ts";
import { type Link, leaveAll, openLinks } from "./link.ts";
import type { Figures, Order, Task } from "./order.ts";

/** Clients that come and go first: what the first ones cost is the program, not them. */
const FIRST = 100;
const KILOBYTE = 1_000;

/** Clients that are connected and silent. */
export async function idle(
  { port, pid }: Order,
  task: Extract<Task, { readonly kind: "idle" }>,
): Promise<Figures> {
  const { sessions, settleMs, steps } = task;
  await leaveAll(await enter(port, numbered("first", FIRST), false));
  await sleep(settleMs);
  const empty = memory([pid]).rss;
  const links: Link[] = [];
  const figures: Record<string, number> = { lost: 0 };
  for (const step of steps) {
    const ids = numbered("idle", step).slice(links.length);
    links.push(...(await enter(port, ids, sessions)));
    await sleep(settleMs);
    figures[`kBPerClientOf${step}`] = (memory([pid]).rss - empty) / step / KILOBYTE;
  }
  return figures;
}

async function enter(port: number, ids: readonly string[], sessions: boolean): Promise<Link[]> {
  const links = await openLinks(port, ids, { clean: !sessions });
  if (!sessions) return links;
  for (const [index, link] of links.entries()) await link.subscribe([`${ROOT}/idle/${ids[index]}/set`], 1);
  return links;
}
