import { Bus, Commands, Registry, Transactions } from "@tram/core";
import type { Availability, Json, PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import type { FeatureMeter } from "../../write-meter/write-meter.ts";
import { EventJournal, type JournalSettings } from "../event-journal.ts";
import type { EventQuery } from "../event-pass.ts";
import type { JournalEvent } from "../journal-event.ts";
import { knownHouse } from "../open-event-journal.ts";

export const MODULE = "module:sim";
export const LEVEL = "tank/level" as PropertyKey;
export const VALVE = "tank/valve" as PropertyKey;
export const OKAY: FeatureMeter = { wrote: () => undefined, verdict: "ok" };

/** Remarkably small: whatever does not fit in a room shows. */
export const SETTINGS: JournalSettings = {
  memoryBytes: 1_048_576,
  diskBytes: 0,
  keepMs: 48 * 3_600_000,
  folder: "/nowhere",
};

export function tank(id: string, title = id): Thing {
  return {
    id,
    title,
    properties: { [LEVEL]: { type: "number", readOnly: true }, [VALVE]: { type: "boolean" } },
    actions: {},
    events: {},
  };
}

/** A core without a disk, whose devices do at once what they are told, and its journal. */
export function journalHouse(
  parts: {
    clock?: VirtualClock;
    store?: MemoryStore;
    settings?: Partial<JournalSettings>;
    meter?: FeatureMeter;
  } = {},
) {
  const clock = parts.clock ?? new VirtualClock();
  const store = parts.store ?? new MemoryStore();
  const fail = (error: unknown): never => {
    throw error;
  };
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const bus = new Bus(fail);
  const health: (string | undefined)[] = [];
  const journal: EventJournal = new EventJournal({
    clock,
    settings: { ...SETTINGS, ...parts.settings },
    meter: parts.meter ?? OKAY,
    onHealth: () => health.push(journal.failure),
  });
  journal.listen(bus);
  const transactions = new Transactions(store, quiet, () => {});
  const registry = new Registry({ clock, bus });
  let commandNumber = 0;
  const commands = new Commands({
    clock,
    bus,
    registry,
    deliver: async ({ thing, target, value }) => {
      if ("property" in target) void report(thing, target.property, value);
      return { outcome: "sent" };
    },
    record: transactions.record,
    newId: () => `command-${++commandNumber}`,
  });
  const { transact } = transactions;
  const report = (thing: string, property: PropertyKey, value: Json): Promise<void> =>
    transact((unit) => {
      const observation = { thing: thing as ThingId, property, value };
      registry.report([observation], { source: MODULE, origin: "device" }, unit);
    });
  return {
    clock,
    store,
    bus,
    journal,
    registry,
    commands,
    health,
    start: () => journal.start("1.0", () => knownHouse(registry)),
    report,
    announce: (thing: Thing) => transact((unit) => void registry.announce(thing, MODULE, unit)),
    retire: (id: string) => transact((unit) => void registry.retire(id as ThingId, MODULE, unit)),
    become: (id: string, availability: Availability) =>
      transact((unit) => registry.setAvailability(id as ThingId, availability, unit)),
    command: (thing: string, property: PropertyKey, value: Json) =>
      transact((unit) => {
        const target = { property };
        commands.submit({ thing: thing as ThingId, target, value, origin: "api:minh" }, unit);
      }),
    read: (query: EventQuery = {}) => all(journal.read(query)),
  };
}

export async function all(events: AsyncIterable<JournalEvent>): Promise<JournalEvent[]> {
  const found: JournalEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

/** An event in a line. */
export function line(event: JournalEvent): string {
  switch (event.kind) {
    case "start":
      return "start";
    case "clock":
      return `clock ${event.what.stepMs} ${event.what.trust}`;
    case "thing":
    case "known-thing":
      return `${event.kind} ${event.what.thing.id} ${event.what.availability}`;
    case "retired":
      return `retired ${event.what.id}`;
    case "availability":
      return `${event.what.id} ${event.what.previous} → ${event.what.availability}`;
    case "reading":
    case "quality":
    case "repaired":
    case "known-reading": {
      const { thing, property, value, quality, cause } = event.what;
      return `${event.kind} ${thing}/${property} ${JSON.stringify(value)} ${quality}${cause === undefined ? "" : ` by ${cause.commandId}`}`;
    }
    case "event":
      return `event ${event.what.thing}/${event.what.event} ${JSON.stringify(event.what.data)}`;
    case "command":
      return `command ${event.what.id} ${event.what.state}`;
    case "notification":
      return `notification ${event.what.text}`;
    case "gap":
      return `gap ${event.what.missing}`;
  }
}
