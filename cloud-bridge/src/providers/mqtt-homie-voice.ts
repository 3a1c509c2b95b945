import type { CloudDesk, CloudMessage, CloudThing } from "@tram/core";
import { deviceTopic, homieDescription, type Thing, type ThingId } from "@tram/protocol";
import type { MqttConnection, MqttOutgoing } from "./mqtt-connection.ts";

export interface HomieVoiceParts {
  readonly connection: Pick<MqttConnection, "send" | "sessionPresent">;
  readonly desk: CloudDesk;
  /** Id of the gateway. */
  readonly root: ThingId;
  readonly dialect: {
    retained(reading: Pick<CloudMessage, "thing" | "name" | "value">): MqttOutgoing | undefined;
  };
}

/** So many are under way at once, while a house of many Things introduces itself. */
const PORTION = 50;

/**
 * Says what the Things are and how they are, on one connection: all of it at the beginning, and then what is new. Homie
 * 5.0 "Device Lifecycle": `init`, the description with the values, then the state; a device is removed by clearing its
 * topics, `$state` first.
 */
export class HomieVoice implements Disposable {
  readonly #parts: HomieVoiceParts;
  readonly #known = new Map<string, string>();
  #watch: Disposable | undefined;

  static async begin(parts: HomieVoiceParts): Promise<HomieVoice> {
    const voice = new HomieVoice(parts);
    try {
      await voice.#introduce();
    } catch (error) {
      voice[Symbol.dispose]();
      throw error;
    }
    return voice;
  }

  private constructor(parts: HomieVoiceParts) {
    this.#parts = parts;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  async #introduce(): Promise<void> {
    const { connection, desk, dialect, root } = this.#parts;
    // First, so that what changes meanwhile is not missed; it is said twice then.
    this.#watch = desk.onThing?.((id) => this.#onThing(id));
    await this.#sayAll([stateOf(root, "init")]);
    await this.#sayAll([...desk.things()].flatMap((thing) => this.#introduction(thing)));
    // A broker that knows us has our values.
    if (!connection.sessionPresent) {
      await this.#sayAll([...desk.snapshot()].flatMap((reading) => dialect.retained(reading) ?? []));
    }
    await this.#sayAll(this.#root());
  }

  #onThing(id: string): void {
    const { desk } = this.#parts;
    const before = this.#known.size;
    const said: MqttOutgoing[] = [];
    const thing = [...desk.things()].find((each) => each.id === id);
    if (thing !== undefined) said.push(...this.#introduction(thing));
    else if (this.#known.delete(id)) said.push(stateOf(id, ""), descriptionOf(id, ""));
    if (this.#known.size !== before) said.push(...this.#root());
    void this.#sayAll(said);
  }

  #introduction(thing: CloudThing): readonly MqttOutgoing[] {
    const { id, description } = thing;
    if (description === undefined) return [];
    const { root } = this.#parts;
    const text = versioned((version) => homieDescription(description, { version, root }));
    const state = stateOf(id, thing.state ?? (thing.available ? "ready" : "lost"));
    if (this.#known.get(id) === text) return [state];
    this.#known.set(id, text);
    return [stateOf(id, "init"), descriptionOf(id, text), state];
  }

  #root(): readonly MqttOutgoing[] {
    const { root } = this.#parts;
    const thing: Thing = { id: root, title: root, properties: {} };
    const children = [...this.#known.keys()] as ThingId[];
    const text = versioned((version) => homieDescription(thing, { version, children }));
    return [descriptionOf(root, text), stateOf(root, "ready")];
  }

  /** In order. What the broker does not take is said again at the next connection. */
  async #sayAll(messages: readonly MqttOutgoing[]): Promise<void> {
    for (let at = 0; at < messages.length; at += PORTION) {
      const portion = messages.slice(at, at + PORTION);
      await Promise.all(portion.map((message) => this.#parts.connection.send(message)));
    }
  }
}

function stateOf(id: string, payload: string): MqttOutgoing {
  return { topic: deviceTopic(id as ThingId, "state"), payload, retain: true };
}

function descriptionOf(id: string, payload: string): MqttOutgoing {
  return { topic: deviceTopic(id as ThingId, "description"), payload, retain: true };
}

/** Homie 5.0 "Device attributes": the version is another whenever anything else is; it need not grow. */
function versioned(describe: (version: number) => string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(describe(0))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return describe(hash >>> 1);
}
