import { HttpClientFactory } from "@node-wot/binding-http";
import { MqttClientFactory } from "@node-wot/binding-mqtt";
import { Servient } from "@node-wot/core";

type WoT = Awaited<ReturnType<Servient["start"]>>;
export type ConsumedThing = Awaited<ReturnType<WoT["consume"]>>;
type ThingDescription = Parameters<WoT["consume"]>[0];

/** A WoT consumer of others: node-wot, with what it needs to come in. It knows nothing of this gateway but its address. */
export class WotConsumer implements AsyncDisposable {
  readonly #servient: Servient;
  readonly #wot: WoT;

  private constructor(servient: Servient, wot: WoT) {
    this.#servient = servient;
    this.#wot = wot;
  }

  static async start(): Promise<WotConsumer> {
    const servient = new Servient();
    servient.addClientFactory(new HttpClientFactory(null));
    servient.addClientFactory(new MqttClientFactory());
    return new WotConsumer(servient, await servient.start());
  }

  /** Asks an address for a Thing Description; node-wot checks it against the JSON Schema of TD 1.1. */
  introduce(url: string): Promise<ThingDescription> {
    return this.#wot.requestThingDescription(url);
  }

  /** Reads the list of a directory; each description that is not valid is an error. */
  async explore(url: string, credentials: object): Promise<readonly ThingDescription[]> {
    const directory = await this.introduce(url);
    this.#servient.addCredentials({ [directory.id ?? ""]: credentials });
    const process = await this.#wot.exploreDirectory(url);
    const found: ThingDescription[] = [];
    for await (const description of process) found.push(description);
    if (process.error !== undefined) throw process.error;
    return found;
  }

  consume(description: ThingDescription, credentials: object): Promise<ConsumedThing> {
    this.#servient.addCredentials({ [description.id ?? ""]: credentials });
    return this.#wot.consume(description);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#servient.shutdown();
  }
}
