import type { BrokerHooks, Commands, Log, MqttClient, MqttMessage, Registry, Transactions } from "@tram/core";
import type { Accounts } from "./accounts.ts";
import { HomieIn } from "./homie-in.ts";
import type { Retained } from "./retained.ts";

/** What the broker asks of the house: who may enter, what they may say, and keeping it before it is acknowledged. */
export function mqttHooks(parts: {
  accounts: Accounts;
  registry: Registry;
  commands: Commands;
  retained: Retained;
  transactions: Transactions;
  log: Log;
}): BrokerHooks {
  const { accounts, retained, transactions, log } = parts;
  const homie = new HomieIn(parts);
  return {
    authenticate: async (username, password) => accounts.authenticate(username, password),
    mayPublish: (client, topic) => accounts.mayPublish(client, topic),
    maySubscribe: (client, filter) => {
      const allowed = accounts.maySubscribe(client, filter);
      if (!allowed) log.warn({ username: client.username, filter }, "a subscription was refused");
      return allowed;
    },
    accept: async (client: MqttClient, message: MqttMessage) => {
      let route = true;
      let room = true;
      const kept = transactions.transact((unit) => {
        route = homie.take(client, message, unit);
        if (route && message.retain) room = retained.keep(message, unit);
      });
      if (!room) {
        await kept.catch(() => undefined); // Refused in any case.
        throw new Error(`no room for another retained message (${message.topic.slice(0, 200)})`);
      }
      await kept;
      return route;
    },
    connected: (client) => log.debug({ ...shown(client) }, "client connected"),
    disconnected: (client, reason) => log.debug({ ...shown(client), reason }, "client disconnected"),
  };
}

function shown(client: MqttClient): { client: string; username: string; address: string } {
  return { client: client.id, username: client.username, address: client.address };
}
