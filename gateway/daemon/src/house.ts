import { randomBytes } from "node:crypto";
import {
  type Broker,
  Bus,
  type Clock,
  Commands,
  createModuleHost,
  type Log,
  Registry,
  SafeActuators,
  StaleWatch,
  type Store,
  type StoreError,
  Supervisor,
  TimeRepair,
  Transactions,
} from "@tram/core";
import { type ModuleId, PRODUCT } from "@tram/protocol";
import type { Settings } from "./config/settings.ts";
import { createDeliver } from "./deliver.ts";
import { type EventJournal, knownHouse } from "./event-journal/index.ts";
import type { ForeignDevices } from "./foreign/foreign-devices.ts";
import { DeviceNotes } from "./mqtt/homie/device-notes.ts";
import { HousePresence } from "./presence/house-presence.ts";
import type { Teardown } from "./teardown.ts";

/** The rooms of the core, connected with each other. */
export interface House {
  readonly bus: Bus;
  readonly transactions: Transactions;
  readonly registry: Registry;
  readonly commands: Commands;
  readonly supervisor: Supervisor;
  readonly safety: SafeActuators;
  readonly presence: HousePresence;
  /** What devices say beside their values. */
  readonly notes: DeviceNotes;
}

export interface HouseParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  /** Why the store keeps nothing from the start, if it does not. */
  readonly failing: StoreError | undefined;
  readonly log: Log;
  /** The broker, once it is open: commands to devices on MQTT go through it. */
  readonly broker: () => Broker;
  readonly foreign: () => ForeignDevices;
  /** Writes down what happens; absent where nobody wants it. */
  readonly journal: Pick<EventJournal, "listen" | "start"> | undefined;
  /** Told when a module's state or the store's health changed. */
  readonly onChange: (what: { readonly module: ModuleId } | "store") => void;
}

/** Builds the core and loads what it knew. Nothing is sent and nothing is heard yet. */
export async function openHouse(parts: HouseParts, teardown: Teardown): Promise<House> {
  const { settings, clock, store, log } = parts;
  const bus = new Bus((error, event) => log.error({ event, ...describe(error) }, "a listener threw"));
  // Before anybody else: what the others make of an event must stand after it.
  parts.journal?.listen(bus);
  const transactions = new Transactions(store, log, () => parts.onChange("store"), {
    retry: { clock, random: Math.random },
    ...(parts.failing === undefined ? {} : { failing: parts.failing }),
  });
  teardown.defer(() => transactions.close());
  const registry = new Registry({ clock, bus }, { root: settings.gateway.id });
  for (const refused of await registry.restore(store)) log.warn(refused, "a stored Thing could not be read");
  parts.journal?.start(PRODUCT.version, () => knownHouse(registry));

  const { record } = transactions;
  teardown.use(new StaleWatch({ clock, registry, record }));
  teardown.use(new TimeRepair({ clock, registry, record }));

  const supervisor = new Supervisor({
    clock,
    random: Math.random,
    log,
    hostFor: (runner, listeners, signal) => {
      const config = settings.modules.find(({ id }) => id === runner.id)?.config ?? {};
      const { transact } = transactions;
      const room = { clock, registry, store, transact, log: logOf(runner.id, log), ...listeners };
      return createModuleHost(runner.id, config, room, signal);
    },
    onDown: (id) => void transactions.record((unit) => markLost(registry, id, unit)),
    onChange: ({ id }) => parts.onChange({ module: id }),
  });
  const commands = new Commands({
    clock,
    bus,
    registry,
    deliver: createDeliver({ ...parts, registry, bus, supervisor }),
    record: transactions.record,
    newId: () => randomBytes(9).toString("base64url"),
  });
  teardown.defer(() => commands.close());
  const presence = new HousePresence();
  const safety = teardown.use(new SafeActuators({ clock, bus, registry, commands, presence, record }));
  await safety.restore(store);
  const notes = teardown.use(new DeviceNotes({ clock, bus }));
  return { bus, transactions, registry, commands, supervisor, safety, presence, notes };
}

/** The Things of a module that is down are not heard any more. */
function markLost(
  registry: Registry,
  module: ModuleId,
  unit: Parameters<Registry["setAvailability"]>[2],
): void {
  for (const name of registry.namesOf(`module:${module}`)) registry.setAvailability(name, "lost", unit);
}

/** A module's log lines name their module. */
function logOf(module: ModuleId, log: Log): Log {
  return {
    debug: (fields, text) => log.debug({ module, ...fields }, text),
    info: (fields, text) => log.info({ module, ...fields }, text),
    warn: (fields, text) => log.warn({ module, ...fields }, text),
    error: (fields, text) => log.error({ module, ...fields }, text),
  };
}

function describe(error: unknown): { error: string; stack: string | undefined } {
  return { error: String(error), stack: error instanceof Error ? error.stack : undefined };
}
