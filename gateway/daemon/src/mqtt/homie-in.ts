import type {
  Commands,
  Log,
  MqttClient,
  MqttMessage,
  Observation,
  Registry,
  Source,
  ThingRecord,
  Unit,
} from "@tram/core";
import {
  type CommandRequest,
  checkValue,
  DESCRIPTION_LIMIT_BYTES,
  decodeHomieValue,
  type HomieTopic,
  type Origin,
  type PropertyKey,
  parseHomieDescription,
  parseHomieState,
  parseHomieTopic,
  type ThingId,
} from "@tram/protocol";

/** What a device said before it described itself, bounded: it counts once the description is there. */
const EARLY = { devices: 64, values: 512 } as const;

interface Early {
  state?: string;
  readonly values: Map<PropertyKey, string>;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Homie 5 inward: whatever client describes itself becomes a Thing, and what it publishes becomes readings.
 * Runs before a message is acknowledged and adds to its unit.
 */
export class HomieIn {
  readonly #registry: Registry;
  readonly #commands: Commands;
  readonly #log: Log;
  readonly #early = new Map<ThingId, Early>();

  constructor(parts: { registry: Registry; commands: Commands; log: Log }) {
    this.#registry = parts.registry;
    this.#commands = parts.commands;
    this.#log = parts.log;
  }

  /** @returns false when subscribers must not see the message. */
  take(client: MqttClient, message: MqttMessage, unit: Unit): boolean {
    const topic = parseHomieTopic(message.topic);
    if (topic === undefined || topic.kind === "broadcast" || topic.kind === "target") return true;
    if (topic.kind === "set") return this.#takeCommand(client, message, topic, unit);
    const speaker = this.#registry.speaker(topic.device);
    if (speaker !== undefined && !speaker.startsWith("mqtt:")) {
      this.#log.warn(
        { username: client.username, topic: message.topic },
        "a client speaks for a Thing that is not on Homie; dropped",
      );
      return false;
    }
    // Somebody with the rights to another account's topics speaks for its Thing, and does not take it over.
    const source: Source = speaker ?? `mqtt:${client.username}`;
    if (topic.kind === "attribute") this.#takeAttribute(topic, message, source, unit);
    else this.#takeValue(topic, message, source, unit);
    return true;
  }

  #takeAttribute(
    topic: Extract<HomieTopic, { kind: "attribute" }>,
    message: MqttMessage,
    source: Source,
    unit: Unit,
  ): void {
    const payload = textOf(message);
    if (topic.attribute === "description") this.#describe(topic.device, message, payload, source, unit);
    if (topic.attribute === "state") this.#changeState(topic.device, payload, source, unit);
  }

  #describe(
    device: ThingId,
    message: MqttMessage,
    payload: string | undefined,
    source: Source,
    unit: Unit,
  ): void {
    if (payload === "") {
      this.#retire(device, source, unit);
      return;
    }
    const result =
      payload === undefined
        ? ({ ok: false, path: "$description", problem: "expected UTF-8" } as const)
        : message.payload.length > DESCRIPTION_LIMIT_BYTES
          ? ({
              ok: false,
              path: "$description",
              problem: `expected at most ${DESCRIPTION_LIMIT_BYTES} bytes, found ${message.payload.length}`,
            } as const)
          : parseHomieDescription(device, payload);
    const announced = result.ok ? this.#registry.announce(result.thing, source, unit) : result;
    if (!announced.ok) {
      const problem = `${announced.path}: ${announced.problem}`;
      this.#log.warn({ thing: device, source, problem }, "the description of a device was refused");
      this.#registry.noteProblem(device, `$description: ${problem}`, unit);
      return;
    }
    const early = this.#early.get(device);
    this.#early.delete(device);
    for (const [property, value] of early?.values ?? []) this.#observe(device, property, value, source, unit);
    if (early?.state !== undefined) this.#changeState(device, early.state, source, unit);
  }

  #changeState(device: ThingId, payload: string | undefined, source: Source, unit: Unit): void {
    if (payload === "") {
      this.#retire(device, source, unit);
      return;
    }
    if (this.#recordOf(device) === undefined) {
      const early = this.#earlyOf(device);
      if (early !== undefined && payload !== undefined) early.state = payload;
      return;
    }
    const state = payload === undefined ? undefined : parseHomieState(payload);
    if (state === undefined) {
      this.#registry.noteProblem(
        device,
        `$state: expected init, ready, disconnected, sleeping or lost, found ${JSON.stringify(payload ?? "bytes that are not UTF-8")}`,
        unit,
      );
      return;
    }
    this.#registry.setAvailability(device, state, unit);
  }

  #takeValue(
    topic: Extract<HomieTopic, { kind: "value" }>,
    message: MqttMessage,
    source: Source,
    unit: Unit,
  ): void {
    const { device, property } = topic;
    const payload = textOf(message);
    if (payload === "" && message.retain) return; // The topic is cleared: no news about the property.
    if (this.#recordOf(device) === undefined) {
      const early = this.#earlyOf(device);
      if (early !== undefined && payload !== undefined && early.values.size < EARLY.values) {
        early.values.set(property, payload);
      }
      return;
    }
    this.#observe(device, property, payload, source, unit);
  }

  #observe(
    device: ThingId,
    property: PropertyKey,
    payload: string | undefined,
    source: Source,
    unit: Unit,
  ): void {
    const affordance = this.#recordOf(device)?.thing.properties[property];
    if (affordance === undefined) return; // Not in the description: plain MQTT, for subscribers only.
    const decoded =
      payload === undefined
        ? ({ ok: false, problem: "expected UTF-8" } as const)
        : decodeHomieValue(affordance, payload);
    const observation: Observation = decoded.ok
      ? { thing: device, property, value: decoded.value }
      : { thing: device, property, value: null, problem: decoded.problem };
    this.#registry.report([observation], { source, origin: "device" }, unit);
  }

  #takeCommand(
    client: MqttClient,
    message: MqttMessage,
    topic: Extract<HomieTopic, { kind: "set" }>,
    unit: Unit,
  ): boolean {
    const { device, property } = topic;
    const record = this.#recordOf(device);
    const refuse = (reason: string): false => {
      this.#log.warn({ username: client.username, topic: message.topic, reason }, "a command was refused");
      return false;
    };
    // Homie 5.0: controllers set with non-retained messages; a retained one would be carried out at each reconnection.
    if (message.retain) return refuse("a command must not be retained");
    const affordance = record?.thing.properties[property];
    if (record === undefined || affordance === undefined) return true;
    const payload = textOf(message);
    const decoded =
      payload === undefined
        ? ({ ok: false, problem: "expected UTF-8" } as const)
        : decodeHomieValue(affordance, payload);
    const origin: Origin = `mqtt:${client.username}`;
    const request = (value: CommandRequest["value"]): CommandRequest => ({
      thing: this.#registry.resolve(device),
      target: { property },
      value,
      origin,
    });
    if (this.#registry.speaker(device)?.startsWith("mqtt:") !== true) {
      if (!decoded.ok) return refuse(decoded.problem);
      const command = this.#commands.submit(request(decoded.value), unit);
      return command.state === "refused" ? refuse(command.reason ?? "refused") : true;
    }
    // The receiver is on MQTT itself: the message is routed as it is, and only written down.
    if (!decoded.ok || !checkValue(affordance, decoded.value).ok) return true;
    const refusal = this.#commands.refusal(request(decoded.value));
    if (refusal !== undefined) return refuse(refusal.reason);
    this.#commands.note(request(decoded.value), unit);
    return true;
  }

  /** The Thing of a device, whatever it is called in the house. */
  #recordOf(device: ThingId): ThingRecord | undefined {
    return this.#registry.get(this.#registry.resolve(device));
  }

  #retire(device: ThingId, source: Source, unit: Unit): void {
    this.#early.delete(device);
    this.#registry.retire(device, source, unit);
  }

  #earlyOf(device: ThingId): Early | undefined {
    const known = this.#early.get(device);
    if (known !== undefined) return known;
    if (this.#early.size >= EARLY.devices) {
      const [oldest] = this.#early.keys();
      if (oldest !== undefined) this.#early.delete(oldest);
    }
    const early: Early = { values: new Map() };
    this.#early.set(device, early);
    return early;
  }
}

/**
 * The gateway speaks for it in Homie: it is a module's, speaks MQTT in its own way, or its device has another name there.
 */
export function isOurs({ links, source, thing }: Pick<ThingRecord, "links" | "source" | "thing">): boolean {
  return !source.startsWith("mqtt:") || (links !== undefined && links[0]?.id !== thing.id);
}

function textOf(message: MqttMessage): string | undefined {
  try {
    return utf8.decode(message.payload);
  } catch {
    return undefined; // Not UTF-8: the caller says so where it matters.
  }
}
