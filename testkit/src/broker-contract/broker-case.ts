import type { Broker, BrokerCapabilities, MqttMessage } from "@tram/core";
import { ContractClient, type ContractClientOptions } from "./contract-client.ts";
import type { ContractHouse } from "./contract-house.ts";

/** An engine that is open. */
export interface OpenedBroker {
  readonly broker: Broker;
  /** Where clients reach it on 127.0.0.1, with MQTT over TCP. */
  readonly port: number;
  /** Stops it as the gateway does. */
  close(): Promise<void>;
}

/** An engine to be tried. */
export interface BrokerHarness extends AsyncDisposable {
  /**
   * Opens it with what the house's store holds; called again after `close` it is a restart of the gateway. The house hears
   * at least what is under `homie/5/`.
   */
  open(house: ContractHouse): Promise<OpenedBroker>;
}

/** What a rule tries the engine with. */
export class BrokerRoom {
  readonly house: ContractHouse;
  readonly supports: BrokerCapabilities;
  /** Version of the clients. */
  readonly version: 4 | 5;
  readonly #harness: BrokerHarness;
  readonly #clients: ContractClient[] = [];
  #opened: OpenedBroker | undefined;

  constructor(
    house: ContractHouse,
    harness: BrokerHarness,
    { supports, version }: { readonly supports: BrokerCapabilities; readonly version: 4 | 5 },
  ) {
    this.house = house;
    this.supports = supports;
    this.version = version;
    this.#harness = harness;
  }

  get broker(): Broker {
    if (this.#opened === undefined) throw new Error("the engine is not open");
    return this.#opened.broker;
  }

  async open(): Promise<void> {
    this.#opened = await this.#harness.open(this.house);
  }

  /** Stops the engine; clients see how that goes. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  async connect(options: ContractClientOptions = {}, version = this.version): Promise<ContractClient> {
    if (this.#opened === undefined) throw new Error("the engine is not open");
    const client = await ContractClient.connect(this.#opened.port, version, options);
    this.#clients.push(client);
    return client;
  }

  /** Ends everything, whatever state it is in. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.cut();
    await this.close();
    await this.#harness[Symbol.asyncDispose]();
  }
}

/** One rule, and who must keep to it. */
export interface BrokerRule {
  readonly name: string;
  /** For engines that have this; for all where it is left out. */
  readonly needs?: keyof BrokerCapabilities;
  readonly try: (room: BrokerRoom) => Promise<void>;
}

/** Below what every engine lets the house hear. */
export const BASE = "homie/5/contract";

export function message(
  topic: string,
  payload: string,
  options: Partial<Pick<MqttMessage, "qos" | "retain">> = {},
): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: false, ...options };
}

export function textOf({ payload }: MqttMessage): string {
  return Buffer.from(payload).toString();
}
