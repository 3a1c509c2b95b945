import {
  Bus,
  type CloudAnswer,
  type CloudCommand,
  Commands,
  type Deliver,
  Registry,
  Transactions,
} from "@tram/core";
import type { Command, PropertyKey, Thing, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import type { AuditEntry } from "../../audit/audit-log.ts";
import { RepeatFilter } from "../../audit/repeat-filter.ts";
import { CloudDesk, type CloudRights } from "../cloud-desk.ts";
import type { CloudManager } from "../cloud-manager.ts";
import { RequestContexts } from "../request-contexts.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const PUMP: Thing = {
  id: "pump",
  title: "Pump",
  properties: {
    "motor/on": { type: "boolean" },
    "motor/speed": { type: "integer", minimum: 0, maximum: 10 },
    "motor/hours": { type: "integer", readOnly: true },
  },
  actions: { rinse: {} },
};

/** A house with one pump, and a cloud called `up` that may do what `rights` say. */
export async function cloudHouse(
  rights: CloudRights,
  parts: { store?: MemoryStore; clock?: VirtualClock; manager?: Partial<CloudManager> } = {},
) {
  const { store = new MemoryStore(), clock = new VirtualClock() } = parts;
  const bus = new Bus((error) => {
    throw error;
  });
  const registry = new Registry({ clock, bus });
  const transactions = new Transactions(store, silent, () => undefined);
  const delivered: Command[] = [];
  const deliver: Deliver = async (command) => {
    delivered.push(command);
    return { outcome: "sent" };
  };
  const run = crypto.randomUUID().slice(0, 4);
  let ids = 0;
  const { record, transact } = transactions;
  const commands = new Commands({ clock, bus, registry, deliver, record, newId: () => `c${++ids}-${run}` });
  await registry.restore(store);
  const contexts = new RequestContexts();
  await contexts.restore(store);
  const ended: { readonly command: Command; readonly context: unknown }[] = [];
  bus.on("command", (command, unit) => {
    if (command.endedAt === undefined || command.state === "refused") return;
    ended.push({ command, context: contexts.take(command, unit) });
  });
  if (registry.thing("pump" as ThingId) === undefined) {
    await transact((unit) => {
      registry.announce(PUMP, "module:sim", unit);
      registry.setAvailability("pump" as ThingId, "ready", unit);
    });
  }
  const audited: AuditEntry[] = [];
  const desk = new CloudDesk({ bridge: "up", rights, clock, commands, transactions, contexts, log: silent });
  const open = (): void =>
    desk.open({
      manager: { manage: async () => ({ outcome: "done", value: null }), ...parts.manager } as CloudManager,
      repeats: new RepeatFilter({ clock, audit: (entry) => audited.push(entry) }),
    });
  const ask = (request: Partial<CloudCommand> = {}): Promise<CloudAnswer> =>
    desk.ask({
      kind: "command",
      id: "r-1",
      thing: "pump",
      target: { property: "motor/on" as PropertyKey },
      value: true,
      ...request,
    });
  return {
    store,
    clock,
    commands,
    contexts,
    delivered,
    ended,
    audited,
    desk,
    open,
    ask,
    settle: () => clock.advance(0),
    /** The pump is heard, as after a restart. */
    wake: async () => {
      await transact((unit) => registry.setAvailability("pump" as ThingId, "ready", unit));
      await clock.advance(0);
    },
    report: (value: boolean) =>
      transact(
        (unit) =>
          void registry.report(
            [{ thing: "pump" as ThingId, property: "motor/on" as PropertyKey, value }],
            { source: "module:sim", origin: "module:sim" },
            unit,
          ),
      ),
  };
}
