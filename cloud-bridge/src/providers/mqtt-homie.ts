import type { CloudDesk, CloudMessage } from "@tram/core";
import {
  decodeHomieValue,
  deviceTopic,
  encodeHomieValue,
  type Json,
  type PropertyAffordance,
  parseHomieTopic,
  type Thing,
  type ThingId,
  valueTopic,
} from "@tram/protocol";
import type { MqttConnection, MqttOutgoing } from "./mqtt-connection.ts";
import type { Heard, HeardMessage, MqttDialect } from "./mqtt-dialect.ts";
import { HomieVoice } from "./mqtt-homie-voice.ts";

export interface HomieDialectOptions {
  /** Id of the gateway: the root device. */
  readonly gateway: string;
  /** How a Thing describes itself. */
  readonly describe: (thing: string) => Thing | undefined;
  readonly newId: () => string;
}

/**
 * Homie 5 as the gateway's own broker has it: the gateway is the root, its Things are the children, values are retained.
 * Values go through the queue like everywhere; what a Thing is and how it is ($description, $state) is said anew at each
 * connection and when it changes, for only the latest of it is of any use.
 */
export class HomieDialect implements MqttDialect {
  readonly filters = ["homie/5/+/+/+/set"];
  readonly maxBytes = 16_384;
  readonly will: NonNullable<MqttDialect["will"]>;
  readonly #options: HomieDialectOptions;

  constructor(options: HomieDialectOptions) {
    this.#options = options;
    const topic = deviceTopic(options.gateway as ThingId, "state");
    this.will = { topic, payload: "lost", qos: 1, retain: true };
  }

  encode(message: CloudMessage): MqttOutgoing | { readonly unfit: string } {
    const affordance = this.#affordance(message.thing, message.name);
    if (affordance === undefined) return { unfit: "nobody describes this property any more" };
    return valueMessage(message, affordance);
  }

  read(heard: HeardMessage): Heard | undefined {
    const topic = parseHomieTopic(heard.topic);
    if (topic?.kind !== "set") return undefined;
    const where = heard.topic;
    if (heard.retain) {
      const reason = "a retained message is no command: it would come again and again";
      return { turnedAway: { where, code: "retained", reason } };
    }
    const affordance = this.#affordance(topic.device, topic.property);
    const decoded = affordance && decodeHomieValue(affordance, heard.payload.toString("utf8"));
    if (decoded?.ok === false) return { turnedAway: { where, code: "malformed", reason: decoded.problem } };
    return {
      request: {
        kind: "command",
        id: this.#options.newId(),
        thing: topic.device,
        target: { property: topic.property },
        // Of what is not known the house says so itself.
        value: decoded?.value ?? null,
        ...(heard.expiryS === undefined ? {} : { ttlMs: heard.expiryS * 1_000 }),
      },
    };
  }

  greet(connection: Pick<MqttConnection, "send" | "sessionPresent">, desk: CloudDesk): Promise<Disposable> {
    return HomieVoice.begin({ connection, desk, root: this.#options.gateway as ThingId, dialect: this });
  }

  /** The last value of a property, where it is one that is kept. */
  retained(reading: Pick<CloudMessage, "thing" | "name" | "value">): MqttOutgoing | undefined {
    const affordance = this.#affordance(reading.thing, reading.name);
    if (affordance === undefined || affordance.momentary === true || reading.value === null) return undefined;
    return valueMessage(reading, affordance);
  }

  #affordance(thing: string, property: string): PropertyAffordance | undefined {
    const properties = this.#options.describe(thing)?.properties;
    return properties !== undefined && Object.hasOwn(properties, property) ? properties[property] : undefined;
  }
}

function valueMessage(
  { thing, name, value }: { readonly thing: string; readonly name: string; readonly value: Json },
  affordance: PropertyAffordance,
): MqttOutgoing {
  return {
    topic: valueTopic(thing as ThingId, name as Parameters<typeof valueTopic>[1]),
    payload: encodeHomieValue(affordance, value),
    // Homie 5.0 "QoS and retained messages".
    retain: affordance.momentary !== true,
  };
}
