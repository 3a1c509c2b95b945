import { type MessageClass, type Store, Unit } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import {
  DEFAULT_LIMITS,
  type Draft,
  type Flight,
  type Outbox,
  type OutboxOptions,
  openOutbox,
} from "../outbox.ts";
import { QuietLog } from "./quiet-log.ts";

export const ACKNOWLEDGED = { outcome: "acknowledged" } as const;
export const RETRY = { outcome: "retry", reason: "not now" } as const;

let openings = 0;

/** A queue over a store, with usual options; each opening has ids of its own. */
export async function openQueue(
  store: Store,
  more: Partial<OutboxOptions> = {},
): Promise<{ readonly outbox: Outbox; readonly log: QuietLog }> {
  const log = new QuietLog();
  const outbox = await openOutbox(store, {
    bridge: "up",
    idPrefix: `gw-${++openings}`,
    limits: DEFAULT_LIMITS,
    window: 1,
    clock: new VirtualClock(),
    log,
    ...more,
  });
  return { outbox, log };
}

/** Queues messages in one unit. @throws {StoreError} when it is not kept. */
export async function keep(
  store: Store,
  outbox: Outbox,
  ...drafts: readonly Draft[]
): Promise<readonly string[]> {
  const unit = new Unit(store, (error) => {
    throw error;
  });
  const ids = drafts.map((draft) => outbox.enqueue(draft, unit));
  await unit.commit();
  return ids;
}

export function draftOf(
  group: string,
  value: number | boolean | string,
  more: Partial<Draft> & { readonly class?: MessageClass } = {},
): Draft {
  return { class: "telemetry", group, thing: group, name: "a/b", time: 0, value, quality: "good", ...more };
}

/** Takes and acknowledges until nothing may leave any more. */
export async function drainAll(outbox: Outbox, limit = 50): Promise<readonly Flight[]> {
  const all: Flight[] = [];
  for (let flights = await outbox.take(limit); flights.length > 0; flights = await outbox.take(limit)) {
    for (const flight of flights) outbox.settle(flight, ACKNOWLEDGED);
    all.push(...flights);
  }
  await outbox.flush();
  return all;
}

export const valuesOf = (flights: readonly Flight[]): readonly unknown[] =>
  flights.map(({ message }) => message.value);
