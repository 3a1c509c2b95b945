import {
  type BrokerHooks,
  type Clock,
  type Log,
  type MqttAdmission,
  type MqttClient,
  type MqttLogin,
  type MqttMessage,
  Transactions,
} from "@tram/core";
import { MemoryStore } from "../memory-store.ts";
import { RealClock } from "./real-clock.ts";

export const ACCOUNT = { username: "client", password: "right" } as const;

/** What a rule of the contract lets the house say. By default `ACCOUNT` may do everything, and all is kept. */
export interface HouseRules {
  authenticate?: (login: MqttLogin) => MqttAdmission;
  mayPublish?: (client: MqttClient, topic: string) => boolean;
  maySubscribe?: (client: MqttClient, filter: string) => boolean;
  /** `false` swallows the message; a throw refuses it. */
  accept?: (client: MqttClient, message: MqttMessage) => boolean;
}

/** The gateway around an engine that is tried: what it asks, and a store that can wait and fail. */
export class ContractHouse {
  readonly clock: Clock = new RealClock();
  readonly store = new MemoryStore();
  readonly log: Log = { debug() {}, info() {}, warn() {}, error() {} };
  readonly transactions = new Transactions(this.store, this.log, () => undefined);
  readonly hooks: BrokerHooks;
  /** Messages that the house was asked about, in order. */
  readonly asked: { readonly client: MqttClient; readonly message: MqttMessage }[] = [];
  readonly connected: MqttClient[] = [];
  readonly disconnected: MqttClient[] = [];
  rules: HouseRules = {};
  #count = 0;

  constructor() {
    this.hooks = {
      authenticate: async (login) => this.rules.authenticate?.(login) ?? admitted(login),
      mayPublish: (client, topic) => this.rules.mayPublish?.(client, topic) ?? true,
      maySubscribe: (client, filter) => this.rules.maySubscribe?.(client, filter) ?? true,
      accept: (client, message, enlist) => this.#accept(client, message, enlist),
      connected: (client) => void this.connected.push(client),
      disconnected: (client) => void this.disconnected.push(client),
    };
  }

  /** Payloads of the messages that it was asked about. */
  get payloads(): string[] {
    return this.asked.map(({ message }) => Buffer.from(message.payload).toString());
  }

  #accept(...[client, message, enlist]: Parameters<BrokerHooks["accept"]>): boolean | Promise<boolean> {
    this.asked.push({ client, message });
    let route: boolean;
    try {
      route = this.rules.accept?.(client, message) ?? true;
    } catch (error) {
      return Promise.reject(error);
    }
    const unit = this.transactions.open();
    // A message always leaves something behind, so that there is something to wait for.
    unit.put("contract", String(++this.#count), message.topic);
    if (route) enlist(unit);
    const kept = unit.settle();
    return kept === undefined ? route : kept.then(() => route);
  }
}

function admitted({ username, password }: MqttLogin): MqttAdmission {
  const right = username === ACCOUNT.username && Buffer.from(password ?? []).toString() === ACCOUNT.password;
  return right ? { account: ACCOUNT.username } : { refused: "bad-credentials" };
}
