import { Remarks } from "@tram/broker";
import {
  type AnnounceResult,
  type Clock,
  type Commands,
  DEFAULT_MAX_THINGS,
  type Log,
  type MqttClient,
  type MqttMessage,
  type Observation,
  type Registry,
  type Source,
  type ThingRecord,
  type Transactions,
  type Unit,
} from "@tram/core";
import {
  type Availability,
  type CommandId,
  type CommandRequest,
  checkValue,
  type DescriptionProblem,
  type HomieLogLevel,
  type HomieTopic,
  isAway,
  type Origin,
  type PropertyAffordance,
  type PropertyKey,
  parseHomieState,
  parseHomieTopic,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import { AccountLog } from "./homie/account-log.ts";
import { AccountPace, DESCRIPTION_PACE, STATE_PACE } from "./homie/account-pace.ts";
import type { DeviceNotes } from "./homie/device-notes.ts";
import { EarlyMessages } from "./homie/early-messages.ts";
import { Family, linkOf } from "./homie/family.ts";
import { decode, describedIn, textOf } from "./homie/payload.ts";

/** A topic that a device speaks at. */
type DeviceTopic = Exclude<HomieTopic, { kind: "broadcast" } | { kind: "set" }>;

/** Who says something. */
interface Speaker {
  readonly account: string;
  /** As which it counts: that of the account which described the device. */
  readonly source: Source;
}

/** Things that one account may describe: who fills its part leaves the rest of the house to the others. */
export const THINGS_PER_ACCOUNT = DEFAULT_MAX_THINGS / 2;

export interface HomieInParts {
  readonly registry: Registry;
  readonly commands: Commands;
  readonly transactions: Pick<Transactions, "record">;
  readonly notes: DeviceNotes;
  readonly clock: Clock;
  readonly log: Log;
  /** The gateway's own device, for which nobody else speaks. */
  readonly root: ThingId;
  /** `THINGS_PER_ACCOUNT`, unless nobody can tell the accounts apart. */
  readonly thingsPerAccount?: number;
  /** Told how a command to a Thing of ours was written. */
  readonly onExactly?: (command: CommandId, payload: string) => void;
}

/**
 * Homie 5 inward: whatever client describes itself becomes a Thing, and what it publishes becomes readings.
 * Runs before a message is acknowledged and adds to its unit.
 */
export class HomieIn implements Disposable {
  readonly #registry: Registry;
  readonly #commands: Commands;
  readonly #transactions: Pick<Transactions, "record">;
  readonly #notes: DeviceNotes;
  readonly #log: Log;
  readonly #remarks: Remarks;
  readonly #lines: AccountLog;
  readonly #root: ThingId;
  readonly #onExactly: HomieInParts["onExactly"];
  readonly #thingsPerAccount: number;
  readonly #early = new EarlyMessages();
  readonly #family: Family;
  readonly #pace: AccountPace;
  readonly #statePace: AccountPace;

  constructor(parts: HomieInParts) {
    this.#registry = parts.registry;
    this.#commands = parts.commands;
    this.#transactions = parts.transactions;
    this.#notes = parts.notes;
    this.#log = parts.log;
    this.#remarks = new Remarks(parts.log, parts.clock);
    this.#lines = new AccountLog(parts);
    this.#root = parts.root;
    this.#onExactly = parts.onExactly;
    this.#thingsPerAccount = parts.thingsPerAccount ?? THINGS_PER_ACCOUNT;
    this.#family = new Family(parts.registry);
    this.#pace = new AccountPace(parts.clock, DESCRIPTION_PACE);
    this.#statePace = new AccountPace(parts.clock, STATE_PACE);
  }

  /** @returns false when subscribers must not see the message. */
  take(client: MqttClient, message: MqttMessage, unit: Unit): boolean {
    const topic = parseHomieTopic(message.topic);
    if (topic === undefined || topic.kind === "broadcast") return true;
    if (topic.kind === "set") return this.#takeCommand(client, message, topic, unit);
    const speaker = this.#registry.speaker(topic.device);
    if (topic.device === this.#root || (speaker !== undefined && !isOnHomie(speaker))) {
      this.#remarks.warn(
        `speaks ${client.username}`,
        { username: client.username, topic: message.topic },
        "a client speaks for a Thing that is not on Homie; dropped",
      );
      return false;
    }
    // Somebody with the rights to another account's topics speaks for its Thing, and does not take it over.
    const account = client.username;
    this.#hear(topic, message, { account, source: speaker ?? `mqtt:${account}` }, unit);
    return true;
  }

  /**
   * Takes up what the broker has retained from an earlier life of the gateway and the registry does not know: alerts,
   * targets, and who was away. Who was there has to say so again.
   */
  recall(message: MqttMessage, unit: Unit): void {
    const topic = parseHomieTopic(message.topic);
    if (topic === undefined || topic.kind === "broadcast") return;
    const speaker = this.#registry.speaker(topic.device);
    if (speaker === undefined || !isOnHomie(speaker)) return;
    if (topic.kind === "attribute" && topic.attribute === "state") {
      const state = parseHomieState(textOf(message) ?? "");
      if (state === "sleeping" || (state !== undefined && isAway(state))) {
        this.#family.tell(topic.device, state, unit);
      }
    } else if (topic.kind === "alert" || topic.kind === "target") {
      this.#hear(topic, message, { account: speaker.slice("mqtt:".length), source: speaker }, unit);
    }
  }

  [Symbol.dispose](): void {
    this.#pace[Symbol.dispose]();
    this.#statePace[Symbol.dispose]();
  }

  #hear(topic: DeviceTopic, message: MqttMessage, by: Speaker, unit: Unit): void {
    const { device } = topic;
    const text = textOf(message);
    if (topic.kind === "attribute") {
      if (topic.attribute === "description") this.#describe(device, message, by, unit);
      // Homie 5.0 "Device Lifecycle": an empty `$state` removes the device, also one that never described itself.
      else if (topic.attribute === "state" && text === "") this.#retire(device, by.source, unit);
      else if (topic.attribute === "state") this.#hearKnown(topic, message, text, by, unit);
    } else this.#hearKnown(topic, message, text, by, unit);
  }

  /** Whatever makes sense once the device is described. */
  #hearKnown(
    topic: DeviceTopic,
    message: MqttMessage,
    text: string | undefined,
    by: Speaker,
    unit: Unit,
  ): void {
    const { device } = topic;
    if (this.#registry.speaker(device) === undefined) {
      if (topic.kind !== "log") this.#early.keep(by.account, device, message);
      return;
    }
    switch (topic.kind) {
      case "attribute":
        this.#changeState(device, text, by.account, unit);
        break;
      case "value":
        // An empty retained one clears the topic: no news about the property.
        if (text !== "" || !message.retain) this.#observe(device, topic.property, text, by.source, unit);
        break;
      case "target":
        this.#aim(device, topic.property, text, unit);
        break;
      case "alert":
        if (text !== undefined && !this.#notes.setAlert(this.#thingOf(device), topic.alert, text, unit)) {
          this.#log.debug({ thing: device, alert: topic.alert }, "a device has too many alerts");
        }
        break;
      case "log":
        if (text !== undefined && text !== "")
          this.#takeLine(by.account, this.#thingOf(device), topic.level, text);
    }
  }

  /** Homie 5.0 "Logging": the latest lines on the Thing, and in the gateway's log as many as it can bear. */
  #takeLine(account: string, thing: ThingId, level: HomieLogLevel, text: string): void {
    const { text: line } = this.#notes.addLine(thing, level, text);
    this.#lines.say(account, level === "fatal" ? "error" : level, { thing, line }, "a device says");
  }

  #describe(device: ThingId, message: MqttMessage, by: Speaker, unit: Unit): void {
    if (message.payload.length === 0) {
      this.#retire(device, by.source, unit);
      return;
    }
    const later = (): void => {
      void this.#transactions.record((unit) => this.#read(device, message, by, unit));
    };
    const who = { account: by.account, device, bytes: message.payload.length };
    const when = this.#pace.admit(who, later);
    if (when === "now") this.#read(device, message, by, unit);
    else if (when === "never") {
      const problem = { path: "$description", problem: "too many descriptions of this account wait" };
      this.#complain(device, by, [problem], unit);
    }
  }

  #read(device: ThingId, message: MqttMessage, by: Speaker, unit: Unit): void {
    const result = describedIn(device, message);
    const before = linkOf(this.#registry, device)?.described;
    const announced = result.ok ? this.#announce(result.thing, by.source, unit) : result;
    const refused = announced.ok ? (result.ok ? result.refused : []) : [announced];
    if (refused.length > 0) this.#complain(device, by, refused, unit);
    if (!announced.ok) return;
    if (before !== undefined && result.ok && !isSame(result.thing, before)) {
      const thing = this.#thingOf(device);
      this.#notes.redescribed(thing, unit);
      const state = this.#family.told(device);
      if (state === "ready" || state === "sleeping") {
        // Homie 5.0 "Device Attributes": it may change in init, disconnected and lost alone. It is taken all the same.
        this.#notes.addLine(thing, "warn", `$description was changed in the $state ${state}`);
      }
    }
    this.#family.apply(device, unit);
    for (const early of this.#early.take(device)) {
      const topic = parseHomieTopic(early.topic);
      if (topic === undefined || topic.kind === "broadcast" || topic.kind === "set") continue;
      this.#hear(topic, early, by, unit);
    }
  }

  #announce(thing: Thing, source: Source, unit: Unit): AnnounceResult {
    const isNew = this.#registry.speaker(thing.id as ThingId) === undefined;
    if (isNew && this.#registry.namesOf(source).length >= this.#thingsPerAccount) {
      const problem = `one account may describe ${this.#thingsPerAccount} Things, and this one has`;
      return { ok: false, code: "too-many-things", path: "id", problem };
    }
    return this.#registry.announce(thing, source, unit);
  }

  #complain(device: ThingId, by: Speaker, refused: readonly DescriptionProblem[], unit: Unit): void {
    const [first] = refused;
    const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : "";
    const problem = `${first?.path}: ${first?.problem}${more}`;
    const fields = { thing: device, source: by.source, problem };
    this.#lines.say(by.account, "warn", fields, "the description of a device was refused");
    this.#registry.noteProblem(device, `$description: ${problem}`, unit);
  }

  #changeState(device: ThingId, text: string | undefined, account: string, unit: Unit): void {
    const state = text === undefined ? undefined : parseHomieState(text);
    if (state !== undefined) {
      const later = (): void => {
        void this.#transactions.record((unit) => this.#family.tell(device, state, unit));
      };
      // Who goes away is away at once: nobody is shown ready who is not. The way back has its pace.
      if (isNewsToDelay(this.#family.told(device), state)) {
        if (this.#statePace.admit({ account, device, bytes: 0 }, later) !== "now") return;
      } else this.#statePace.forget(device);
      this.#family.tell(device, state, unit);
      return;
    }
    // The first that is wrong is shown: each that is shown is told to everybody.
    if (this.#registry.get(this.#thingOf(device))?.problem?.startsWith(STATE_PROBLEM) === true) return;
    const found = JSON.stringify(text?.slice(0, 60) ?? "bytes that are not UTF-8");
    this.#registry.noteProblem(
      device,
      `${STATE_PROBLEM}expected init, ready, disconnected, sleeping or lost, found ${found}`,
      unit,
    );
  }

  #observe(
    device: ThingId,
    property: PropertyKey,
    text: string | undefined,
    source: Source,
    unit: Unit,
  ): void {
    const affordance = this.#affordance(device, property);
    if (affordance === undefined) return; // Not in the description: plain MQTT, for subscribers only.
    const decoded = decode(affordance, text);
    const observation: Observation = decoded.ok
      ? { thing: device, property, value: decoded.value }
      : { thing: device, property, value: null, problem: decoded.problem };
    this.#registry.report([observation], { source, origin: "device" }, unit);
  }

  #aim(device: ThingId, property: PropertyKey, text: string | undefined, unit: Unit): void {
    const affordance = this.#affordance(device, property);
    if (affordance === undefined) return;
    const decoded = text === "" ? undefined : decode(affordance, text);
    if (decoded?.ok === false) {
      this.#log.debug({ thing: device, property, problem: decoded.problem }, "a $target was refused");
    } else this.#notes.setTarget(this.#thingOf(device), property, decoded?.value, unit);
  }

  #takeCommand(
    client: MqttClient,
    message: MqttMessage,
    topic: Extract<HomieTopic, { kind: "set" }>,
    unit: Unit,
  ): boolean {
    const { device, property } = topic;
    const refuse = (reason: string): false => {
      const { username } = client;
      const fields = { username, topic: message.topic, reason };
      this.#remarks.warn(`command ${username}`, fields, "a command was refused");
      return false;
    };
    // Homie 5.0: controllers set with non-retained messages; a retained one would be carried out at each reconnection.
    if (message.retain) return refuse("a command must not be retained");
    const affordance = this.#affordance(device, property);
    if (affordance === undefined) return true;
    const text = textOf(message);
    const decoded = decode(affordance, text);
    const origin: Origin = `mqtt:${client.username}`;
    const request = (value: CommandRequest["value"]): CommandRequest => ({
      thing: this.#thingOf(device),
      target: { property },
      value,
      origin,
    });
    const speaker = this.#registry.speaker(device);
    if (speaker === undefined || !isOnHomie(speaker)) {
      if (!decoded.ok) return refuse(decoded.problem);
      const command = this.#commands.submit(request(decoded.value), unit);
      if (command.state === "refused") return refuse(command.reason ?? "refused");
      this.#onExactly?.(command.id, text ?? "");
      return true;
    }
    // The receiver is on MQTT itself: the message is routed as it is, and only written down.
    if (!decoded.ok || !checkValue(affordance, decoded.value).ok) return true;
    const refusal = this.#commands.refusal(request(decoded.value));
    if (refusal !== undefined) return refuse(refusal.reason);
    this.#commands.note(request(decoded.value), unit);
    return true;
  }

  #affordance(device: ThingId, property: PropertyKey): PropertyAffordance | undefined {
    const properties = this.#registry.thing(this.#thingOf(device))?.properties;
    return properties !== undefined && Object.hasOwn(properties, property) ? properties[property] : undefined;
  }

  /** The Thing of a device, whatever it is called in the house. */
  #thingOf(device: ThingId): ThingId {
    return this.#registry.resolve(device);
  }

  #retire(device: ThingId, source: Source, unit: Unit): void {
    this.#early.take(device);
    this.#pace.forget(device);
    this.#statePace.forget(device);
    this.#family.forget(device, unit);
    this.#registry.retire(device, source, unit);
  }
}

/**
 * The gateway speaks for it in Homie: it is a module's, speaks MQTT in its own way, or its device has another name there.
 */
export function isOurs({ links, source, thing }: Pick<ThingRecord, "links" | "source" | "thing">): boolean {
  return !isOnHomie(source) || (links !== undefined && links[0]?.id !== thing.id);
}

/** A client that describes itself. */
function isOnHomie(source: Source): boolean {
  return source.startsWith("mqtt:");
}

/** Descriptions come from one reader, which keeps the order of their members. */
function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const STATE_PROBLEM = "$state: ";

/** Whether a device comes back with that state. `lost` counts for its children too, so leaving it does as well. */
function isNewsToDelay(told: Availability | undefined, state: Availability): boolean {
  return state !== told && state !== "lost" && !(isAway(state) && told !== "lost");
}
