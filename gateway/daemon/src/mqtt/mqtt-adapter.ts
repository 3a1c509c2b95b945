import { matches, parseTopicFilter, type TopicName } from "@tram/broker";
import type { BrokerHooks, Commands, Log, MqttClient, Registry, Transactions } from "@tram/core";
import type { Accounts } from "./accounts.ts";
import { HomieIn } from "./homie-in.ts";

/** What the broker asks of the house: who may enter, what they may say, and keeping it before it is acknowledged. */
export function mqttHooks(parts: {
  accounts: Accounts;
  /** Filters of topics that must survive a power cut. */
  durable: readonly string[];
  registry: Registry;
  commands: Commands;
  transactions: Transactions;
  log: Log;
}): BrokerHooks {
  const { accounts, transactions, log } = parts;
  const homie = new HomieIn(parts);
  const durable = parts.durable.flatMap((text) => {
    const parsed = parseTopicFilter(text);
    return parsed.ok ? [parsed.filter] : [];
  });
  return {
    authenticate: async ({ username, password }) => {
      const account = accounts.authenticate(username, password);
      return account === undefined ? { refused: "bad-credentials" } : { account };
    },
    mayPublish: (client, topic) => accounts.mayPublish(client, topic),
    maySubscribe: (client, filter) => {
      const allowed = accounts.maySubscribe(client, filter);
      if (!allowed) log.warn({ username: client.username, filter }, "a subscription was refused");
      return allowed;
    },
    accept: (client, message, enlist) => {
      const unit = transactions.open();
      const route = homie.take(client, message, unit);
      if (route) enlist(unit);
      if (message.qos > 0 && durable.some((filter) => matches(filter, message.topic as TopicName))) {
        unit.require("power");
      }
      const kept = unit.settle();
      return kept === undefined ? route : kept.then(() => route);
    },
    connected: (client) => log.debug({ ...shown(client) }, "client connected"),
    disconnected: (client, reason) => log.debug({ ...shown(client), reason }, "client disconnected"),
  };
}

function shown(client: MqttClient): { client: string; username: string; address: string } {
  return { client: client.id, username: client.username, address: client.address };
}
