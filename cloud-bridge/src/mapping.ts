import type { CloudMessage, MessageClass } from "@tram/core";
import { type Command, isId, isJsonObject, type Json, type Ms, PRODUCT, type Reading } from "@tram/protocol";
import { ChangeFilter, type ChangeFilterOptions, type Verdict } from "./mapping/change-filter.ts";
import { NameFilter } from "./mapping/name-filter.ts";
import { PayloadTemplate, TopicTemplate } from "./mapping/template.ts";
import { isMoment } from "./moment.ts";
import type { Draft } from "./outbox.ts";

/** What the house knows of a property beside its value. */
export interface PropertyFacts {
  /** Its Thing Model says that it warns: smoke, water where there should be none, gas, somebody at the device. */
  readonly alarm: boolean;
  /** It can be written. */
  readonly settable: boolean;
  readonly numeric: boolean;
  /** Id of the area that its Thing is in. */
  readonly area?: string;
}

export interface MappingOptions {
  /** Id of the gateway. */
  readonly gateway: string;
  /** Topic levels before `<thing>/…`; default `tram/<gateway>`. */
  readonly topicPrefix?: string;
  /** Things (`pump`) and single properties (`pump/motor/power`) that go to this cloud, also with `*`; default all. */
  readonly things?: readonly string[];
  /** Areas whose Things go there; default all. */
  readonly areas?: readonly string[];
  /** Properties (`motor/power`) that go there, of whatever Thing, also with `*`; default all. */
  readonly properties?: readonly string[];
  /** What goes there as an alarm, besides what the models say. */
  readonly alarms?: readonly string[];
  /** Whether what can be set, or is no number, is a state, of which the latest is enough. Default: no. */
  readonly latest?: boolean;
  /** Values that nobody vouches for stay here, and so do the ends of commands: their place has no room for them. */
  readonly valuesAlone?: boolean;
  readonly changes?: ChangeFilterOptions;
  readonly topic?: string;
  readonly payload?: Json;
  /** What is known of a property; `undefined` where nothing is. */
  readonly facts?: (thing: string, property: string) => PropertyFacts | undefined;
}

/**
 * What of the house goes to a cloud, and how it looks there.
 *
 * A reading goes to `<prefix>/<thing>/<node>/<property>` as `{ id, time, value, quality }`, unless a template says
 * otherwise.
 * The end of a command goes to that topic of the prefix with `/command` behind it (an action's to
 * `<prefix>/<thing>/<action>/command`) as `{ id, time, command, state, value, origin, code?, reason?, request? }`: `value`
 * is what was asked for, `state` how it ended (confirmed, refused, failed, expired, or sent for what does not report
 * back), `code` and `reason` why it did not, `request` what this cloud has called it.
 * `id` is the receiver's key for dropping duplicates, `time` is ISO 8601 in UTC: when the source observed the value, or
 * when the command ended. `timeUncertain: true` says that nobody knows it. `from` is there where the value sums up the
 * readings of a long outage, from then to `time`.
 */
export class Mapping {
  readonly #options: MappingOptions;
  readonly #prefix: string;
  readonly #things: NameFilter | undefined;
  readonly #areas: ReadonlySet<string> | undefined;
  readonly #properties: NameFilter | undefined;
  readonly #alarms: NameFilter;
  readonly #changes: ChangeFilter;
  readonly #topic: TopicTemplate | undefined;
  readonly #payload: PayloadTemplate | undefined;

  constructor(options: MappingOptions) {
    const { alarms = [], areas, changes = {}, gateway, payload, properties, things, topic } = options;
    this.#options = options;
    this.#prefix = options.topicPrefix ?? `${PRODUCT.name}/${gateway}`;
    this.#things = things === undefined ? undefined : new NameFilter(things);
    this.#areas = areas === undefined ? undefined : new Set(areas);
    this.#properties = properties === undefined ? undefined : new NameFilter(properties);
    this.#alarms = new NameFilter(alarms);
    this.#changes = new ChangeFilter(changes);
    this.#topic = topic === undefined ? undefined : new TopicTemplate(topic, gateway);
    this.#payload = payload === undefined ? undefined : new PayloadTemplate(payload, gateway);
  }

  /** Topic levels before `<thing>/…`. */
  get prefix(): string {
    return this.#prefix;
  }

  /**
   * A reading as a message, whether or not it is news.
   * @param messageClass instead of what the property says.
   * @returns `undefined` when it does not go to this cloud.
   */
  reading(reading: Reading, messageClass?: MessageClass): Draft | undefined {
    const { thing, property, value, quality, receivedAt, taken } = reading;
    const facts = this.#options.facts?.(thing, property);
    if (!this.#wants(thing, property, facts)) return undefined;
    if (this.#options.valuesAlone === true && (quality !== "good" || value === null)) return undefined;
    const time = isMoment(reading.time) ? reading.time : receivedAt;
    const kind = messageClass ?? this.#classOf(reading, facts);
    const draft: Draft = { class: kind, group: thing, thing, name: property, time, value, quality };
    // A device with a clock of its own told the time itself.
    return taken === undefined || time !== receivedAt ? draft : { ...draft, taken };
  }

  /**
   * A reading as a message, and what it is to this cloud.
   * @param now monotonic.
   * @returns `undefined` when it does not go there.
   */
  judge(
    reading: Reading,
    now: Ms,
    messageClass?: MessageClass,
  ): { readonly draft: Draft; readonly verdict: Verdict } | undefined {
    const draft = this.reading(reading, messageClass);
    if (draft === undefined) return undefined;
    return { draft, verdict: draft.class === "alarm" ? { is: "news" } : this.#changes.judge(reading, now) };
  }

  /** A message is on its way: what follows is compared with it. */
  told({ thing, name, value, quality }: Draft, now: Ms): void {
    this.#changes.note({ thing, property: name, value, quality }, now);
  }

  /** A message that was news was not kept: the next one is news again. */
  lost({ thing, name }: Pick<Draft, "thing" | "name">): void {
    this.#changes.forget({ thing, property: name });
  }

  /**
   * @param context of the request that led to it, where that came from this cloud.
   * @returns `undefined` while the command is under way, and when it does not go to this cloud.
   */
  command(command: Command, context?: Json): Draft | undefined {
    const { thing, target, endedAt } = command;
    if (endedAt === undefined || this.#options.valuesAlone === true) return undefined;
    const name = "property" in target ? target.property : target.action;
    // A refused command may name anything, and names become topic levels.
    if (!isId(thing) || !name.split("/").every(isId)) return undefined;
    // Who has asked is answered, whatever else goes to this cloud.
    if (context === undefined && !this.#wants(thing, name, this.#options.facts?.(thing, name)))
      return undefined;
    return {
      class: "reply",
      group: thing,
      thing,
      name,
      time: endedAt,
      value: commandResult(command),
      quality: "good",
      ...(context === undefined ? {} : { context }),
    };
  }

  /** Whether anything of a Thing goes to this cloud. */
  wantsThing(thing: string, area?: string): boolean {
    if (this.#areas !== undefined && (area === undefined || !this.#areas.has(area))) return false;
    return this.#things === undefined || this.#things.touches(thing);
  }

  topic(message: CloudMessage): string {
    if (message.class === "reply") return this.replyTopic(message.thing, message.name);
    return this.#topic?.write(message) ?? `${this.#prefix}/${message.thing}/${message.name}`;
  }

  /** Where the end of a command is told. */
  replyTopic(thing: string, name: string): string {
    return `${this.#prefix}/${thing}/${name}/command`;
  }

  /** JSON text, unless a template says otherwise. */
  payload(message: CloudMessage): string {
    const { id, value, quality, thinned, timeUncertain } = message;
    const head = {
      id,
      time: new Date(message.time).toISOString(),
      ...(timeUncertain === undefined ? {} : { timeUncertain }),
      ...(thinned === undefined ? {} : { from: new Date(thinned.from).toISOString() }),
    };
    if (message.class === "reply" && isJsonObject(value)) return JSON.stringify({ ...head, ...value });
    return this.#payload?.write(message) ?? JSON.stringify({ ...head, value, quality });
  }

  #wants(thing: string, property: string, facts: PropertyFacts | undefined): boolean {
    if (this.#areas !== undefined && (facts?.area === undefined || !this.#areas.has(facts.area)))
      return false;
    if (this.#things !== undefined && !this.#things.hasProperty(thing, property)) return false;
    return this.#properties === undefined || this.#properties.has(property);
  }

  /**
   * Repeating an alarm does not make it more of one: only the change is, for each alarm is synced to flash at once. What
   * repeats it is telemetry like any other.
   */
  #classOf(reading: Reading, facts: PropertyFacts | undefined): MessageClass {
    const alarm = facts?.alarm === true || this.#alarms.hasProperty(reading.thing, reading.property);
    if (alarm && reading.quality === "good" && this.#changes.isChange(reading)) return "alarm";
    if (this.#options.latest !== true) return "telemetry";
    const state = facts?.settable === true || (facts?.numeric ?? typeof reading.value === "number") === false;
    return state ? "state" : "telemetry";
  }
}

/** What a cloud is told of a command that has ended, or was refused. */
export function commandResult(command: Command): Record<string, Json> {
  const { id, state, value, origin, code, reason, key } = command;
  return {
    command: id,
    state,
    value,
    origin,
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
    ...(key === undefined || !origin.startsWith("cloud:") ? {} : { request: key }),
  };
}
