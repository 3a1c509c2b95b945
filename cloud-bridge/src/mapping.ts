import type { CloudMessage, MessageClass } from "@tram/core";
import { type Command, isId, isJsonObject, type Json, PRODUCT, type Reading } from "@tram/protocol";
import { isMoment } from "./moment.ts";
import type { Draft } from "./outbox.ts";

export interface MappingOptions {
  /** Id of the gateway. */
  readonly gateway: string;
  /** Topic levels before `<thing>/…`; default `tram/<gateway>`. */
  readonly topicPrefix?: string;
  /** Things (`pump`) and single properties (`pump/motor/power`) that go to this cloud; default all. */
  readonly things?: readonly string[];
}

/**
 * What of the house goes to a cloud, and how it looks there.
 *
 * A reading goes to `<prefix>/<thing>/<node>/<property>` as `{ id, time, value, quality }`.
 * The end of a command goes to the same topic with `/command` behind it (an action's to `<prefix>/<thing>/<action>/command`)
 * as `{ id, time, command, state, value, origin, code?, reason? }`: `value` is what was asked for, `state` how it ended
 * (confirmed, refused, failed, expired, or sent for what does not report back), `code` and `reason` why it did not.
 * `id` is the receiver's key for dropping duplicates, `time` is ISO 8601 in UTC: when the source observed the value, or
 * when the command ended.
 */
export class Mapping {
  readonly #prefix: string;
  readonly #chosen: ReadonlySet<string> | undefined;
  readonly #chosenThings: ReadonlySet<string> | undefined;

  constructor(options: MappingOptions) {
    this.#prefix = options.topicPrefix ?? `${PRODUCT.name}/${options.gateway}`;
    const { things } = options;
    this.#chosen = things === undefined ? undefined : new Set(things);
    this.#chosenThings = things === undefined ? undefined : new Set(things.map(thingOf));
  }

  /** @returns `undefined` when this reading does not go to this cloud. */
  reading(reading: Reading, messageClass: MessageClass = "telemetry"): Draft | undefined {
    const { thing, property, value, quality } = reading;
    if (!this.#wants(thing, `${thing}/${property}`)) return undefined;
    const time = isMoment(reading.time) ? reading.time : reading.receivedAt;
    return { class: messageClass, group: thing, thing, name: property, time, value, quality };
  }

  /** @returns `undefined` while the command is under way, and when it does not go to this cloud. */
  command(command: Command): Draft | undefined {
    const { thing, target, id, state, value, origin, code, reason, endedAt } = command;
    if (endedAt === undefined) return undefined;
    const name = "property" in target ? target.property : target.action;
    // A refused command may name anything, and names become topic levels.
    if (!isId(thing) || !name.split("/").every(isId)) return undefined;
    if (!this.#wants(thing, `${thing}/${name}`)) return undefined;
    const result: Json = {
      command: id,
      state,
      value,
      origin,
      ...(code === undefined ? {} : { code }),
      ...(reason === undefined ? {} : { reason }),
    };
    return { class: "reply", group: thing, thing, name, time: endedAt, value: result, quality: "good" };
  }

  /** Whether anything of a Thing goes to this cloud. */
  wantsThing(thing: string): boolean {
    return this.#chosenThings === undefined || this.#chosenThings.has(thing);
  }

  topic(message: CloudMessage): string {
    const topic = `${this.#prefix}/${message.thing}/${message.name}`;
    return message.class === "reply" ? `${topic}/command` : topic;
  }

  /** JSON text. */
  payload(message: CloudMessage): string {
    const { id, value, quality } = message;
    const time = new Date(message.time).toISOString();
    if (message.class === "reply" && isJsonObject(value)) return JSON.stringify({ id, time, ...value });
    return JSON.stringify({ id, time, value, quality });
  }

  #wants(thing: string, property: string): boolean {
    if (this.#chosen === undefined) return true;
    return this.#chosen.has(thing) || this.#chosen.has(property);
  }
}

/** The Thing of `pump` or of `pump/motor/speed`. */
function thingOf(choice: string): string {
  return choice.split("/", 1)[0] ?? choice;
}
