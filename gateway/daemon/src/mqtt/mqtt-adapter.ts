import { matches, parseTopicFilter, type TopicFilter, type TopicName } from "@tram/broker";
import type { BrokerHooks, Log, MqttClient, MqttMessage, Transactions, Unit } from "@tram/core";
import type { HomieIn } from "./homie-in.ts";
import type { Identity } from "./identity/identity.ts";

/** What the broker asks of the house: who may enter, what they may say, and keeping it before it is acknowledged. */
export function mqttHooks(parts: {
  identity: Identity;
  /** Filters of topics that must survive a power cut. */
  durable: readonly string[];
  homie: Pick<HomieIn, "take">;
  transactions: Transactions;
  log: Log;
  /** Is told which accounts are there. */
  presence: { connected(account: string): void; disconnected(account: string): void };
  /** Reads what devices say in their own way; without it nobody does. */
  foreign?: { take(client: MqttClient, message: MqttMessage, unit: Unit): void };
  /** Hears what is passed on. */
  rules?: { take(message: MqttMessage, unit: Unit): void };
}): BrokerHooks {
  const { identity, homie, presence, transactions, log } = parts;
  const durable = parts.durable.map(checkedFilter);
  return {
    authenticate: (login) => identity.authenticate(login),
    mayPublish: (client, topic) => identity.mayPublish(client, topic),
    maySubscribe: (client, filter) => identity.maySubscribe(client, filter),
    accept: (client, message, enlist) => {
      // Answered here and swallowed: it holds the way to a secret.
      if (identity.isClaim(client)) return identity.claim(client, message).then(() => false);
      const unit = transactions.open();
      const route = homie.take(client, message, unit);
      parts.foreign?.take(client, message, unit);
      if (route) {
        enlist(unit);
        parts.rules?.take(message, unit);
      }
      if (message.qos > 0 && durable.some((filter) => matches(filter, message.topic as TopicName))) {
        unit.require("power");
      }
      const kept = unit.settle();
      return kept === undefined ? route : kept.then(() => route);
    },
    connected: (client) => {
      identity.connected(client);
      presence.connected(client.username);
      log.debug({ ...shown(client) }, "client connected");
    },
    disconnected: (client, reason) => {
      presence.disconnected(client.username);
      log.debug({ ...shown(client), reason }, "client disconnected");
    },
  };
}

/** The configuration was checked: anything else is a bug. */
function checkedFilter(text: string): TopicFilter {
  const parsed = parseTopicFilter(text);
  if (!parsed.ok) throw new RangeError(`${text}: ${parsed.problem}`);
  return parsed.filter;
}

function shown(client: MqttClient): { client: string; username: string; address: string } {
  return { client: client.id, username: client.username, address: client.address };
}
