import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Broker, type BrokerHooks, Bus, Commands, type Log, Registry, Transactions } from "@tram/core";
import { AuditLog } from "../../gateway/daemon/src/audit/audit-log.ts";
import { SystemClock } from "../../gateway/daemon/src/clock/system-clock.ts";
import { Identity } from "../../gateway/daemon/src/mqtt/identity/identity.ts";
import { mqttHooks } from "../../gateway/daemon/src/mqtt/mqtt-adapter.ts";
import type { BrokerParts } from "../../gateway/daemon/src/mqtt/open-broker.ts";
import { openSqliteStore } from "../../gateway/daemon/src/store/sqlite-store.ts";
import { ACCOUNT, ROOT } from "./account.ts";
import type { HostOptions } from "./host-options.ts";

export interface BenchHouse {
  readonly hooks: BrokerHooks;
  readonly parts: BrokerParts;
  /** Clients are let in from now on. */
  attach(broker: Broker): void;
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, text) => console.error(text, fields),
  error: (fields, text) => console.error(text, fields),
};

/** What the gateway puts behind its broker: accounts and their rights, the store, Homie. No device, no rule, no cloud. */
export async function openBenchHouse({ folder, journal, strict }: HostOptions): Promise<BenchHouse> {
  const clock = new SystemClock(() => "synced");
  const store = await openSqliteStore(join(folder, "bench.db"), { strict, journalFolder: journal });
  const transactions = new Transactions(store, log, () => undefined);
  const bus = new Bus((error) => console.error(error));
  const registry = new Registry({ clock, bus });
  const commands = new Commands({
    clock,
    bus,
    registry,
    deliver: async () => ({ outcome: "sent" }),
    record: transactions.record,
    newId: randomUUID,
  });
  const audit = new AuditLog({ clock, log, store, transactions });
  await audit.restore();
  const identity = new Identity({
    clock,
    log,
    transactions,
    registry,
    audit,
    accounts: [{ ...ACCOUNT, role: "device", topics: [ROOT] }],
    anonymous: false,
    gateway: "house",
  });
  await identity.restore(store);
  return {
    hooks: mqttHooks({ identity, durable: [], registry, commands, transactions, log }),
    parts: { clock, log, store, transactions },
    attach: (broker) => identity.attach(broker),
  };
}
