import { type Json, losesDigits, type PropertyAffordance, readDecimal, show } from "@tram/protocol";
import type { Decoded, ForeignMessage, PropertyBinding } from "../foreign/foreign-device.ts";
import type { Options } from "./options.ts";
import type { Rendered, Template } from "./template/template.ts";

/** A property that an entity brings, before it has its place in the device. */
export interface EntityProperty {
  /** `on`, `brightness`: what it is within its entity. */
  readonly role: string;
  /** `air/temperature`: where the Thing Models have such a thing. */
  readonly standardKey?: string | undefined;
  readonly binding: PropertyBinding;
}

/** Payloads of Home Assistant that mean that nothing is known. */
const UNKNOWN = new Set(["None", "unknown", "unavailable"]);

/** Where a property is in the options of its entity. */
export interface Names {
  /** Name of the option with the topic that is read. */
  readonly state?: string;
  readonly command?: string;
  readonly stateTemplate?: string;
  readonly commandTemplate?: string;
  readonly standardKey?: string | undefined;
  /** One payload tells several properties: what says nothing about this one is no mistake. */
  readonly whole?: boolean;
  /** A text that came as the value, and back. Default: by the type of the value. */
  readonly parse?: (text: string) => Json | undefined;
  readonly print?: (value: Json) => string;
  /** See `PropertyBinding`. */
  readonly isSame?: (wanted: Json, reported: Json) => boolean;
  /** What the command template knows besides `value`. @param printed what `print` has made. */
  readonly variables?: (printed: string) => Readonly<Record<string, number | string>>;
}

/** Makes properties of options. */
export class Builder {
  readonly #options: Options;
  readonly #qos: 0 | 1 | 2;
  readonly #retain: boolean;
  readonly #expireAfterMs: number | undefined;

  constructor(options: Options) {
    this.#options = options;
    const qos = options.number("qos");
    this.#qos = qos === 1 || qos === 2 ? qos : 0;
    this.#retain = options.flag("retain");
    const seconds = options.number("expire_after");
    this.#expireAfterMs = seconds === undefined || seconds <= 0 ? undefined : seconds * 1_000;
  }

  /** @returns no property where there is neither a topic to read nor one to write, or a template is not understood. */
  property(role: string, affordance: PropertyAffordance, names: Names): readonly EntityProperty[] {
    const { state, command, stateTemplate = "value_template", commandTemplate = "command_template" } = names;
    const from = state === undefined ? undefined : this.#options.topic(state);
    const to = command === undefined ? undefined : this.#options.topic(command);
    const reading = from === undefined ? undefined : this.#options.template(stateTemplate);
    const writing = to === undefined ? undefined : this.#options.template(commandTemplate);
    const readable = from !== undefined && !this.#options.isLost(stateTemplate);
    const writable = to !== undefined && !this.#options.isLost(commandTemplate);
    if (!readable && !writable) return [];
    const parse = names.parse ?? parserOf(affordance);
    const print = names.print ?? String;
    const binding: PropertyBinding = {
      affordance: {
        ...affordance,
        ...(writable ? {} : { readOnly: true }),
        ...(readable ? {} : { writeOnly: true, momentary: true }),
        ...(readable ? { observable: true } : {}),
      },
      reads: readable
        ? [
            {
              topic: from,
              decode: decoder(reading, parse, names.whole === true),
              ...this.#expiry,
            },
          ]
        : [],
      ...(writable && {
        write: {
          topic: to,
          encode: (value: Json) => this.#message(to, print(value), writing, names.variables),
          ...(names.isSame === undefined ? {} : { isSame: names.isSame }),
        },
      }),
    };
    return [{ role, standardKey: names.standardKey, binding }];
  }

  /** A property that is true or false by words. */
  onOff(
    role: string,
    words: {
      readonly on?: readonly [option: string, word: string];
      readonly off?: readonly [option: string, word: string];
      readonly stateOn?: readonly [option: string, word: string];
      readonly stateOff?: readonly [option: string, word: string];
      readonly standardKey?: string;
      readonly names?: Names;
    },
  ): readonly EntityProperty[] {
    const { on: onWord = ["payload_on", "ON"], off: offWord = ["payload_off", "OFF"] } = words;
    const on = this.#options.word(...onWord);
    const off = this.#options.word(...offWord);
    const [stateOn, stateOff] = [words.stateOn ?? ["state_on", on], words.stateOff ?? ["state_off", off]];
    return this.property(
      role,
      { type: "boolean" },
      {
        state: "state_topic",
        command: "command_topic",
        standardKey: words.standardKey,
        parse: flagOf(
          this.#options.word(stateOn[0], stateOn[1]),
          this.#options.word(stateOff[0], stateOff[1]),
        ),
        print: (value) => (value === true ? on : off),
        ...words.names,
      },
    );
  }

  /** A property at `state_topic` and `command_topic` whose commands are templates of their own. */
  templated(
    role: string,
    affordance: PropertyAffordance,
    parts: {
      readonly standardKey: string;
      /** Without it nothing tells the property. */
      readonly decode?: (payload: string) => Decoded;
      readonly encode: (value: Json) => Rendered;
      readonly isSame?: Names["isSame"];
    },
  ): readonly EntityProperty[] {
    const from = parts.decode === undefined ? undefined : this.#options.topic("state_topic");
    const topic = this.#options.topic("command_topic");
    if (topic === undefined) return [];
    const { decode, isSame, standardKey } = parts;
    const encode = (value: Json): ForeignMessage | string => {
      const rendered = parts.encode(value);
      if (!rendered.ok) return rendered.problem;
      return { topic, payload: rendered.text, qos: this.#qos, retain: this.#retain };
    };
    const told = from === undefined ? { writeOnly: true, momentary: true } : { observable: true };
    const binding: PropertyBinding = {
      affordance: { ...affordance, ...told },
      reads: from === undefined || decode === undefined ? [] : [{ topic: from, decode, ...this.#expiry }],
      write: { topic, encode, ...(isSame === undefined ? {} : { isSame }) },
    };
    return [{ role, standardKey, binding }];
  }

  get #expiry(): { readonly expireAfterMs?: number } {
    return this.#expireAfterMs === undefined ? {} : { expireAfterMs: this.#expireAfterMs };
  }

  /** A message to a topic of the entity, through its template. */
  #message(
    topic: string,
    payload: string,
    template: Template | undefined,
    variables: Names["variables"],
  ): ForeignMessage | string {
    const rendered = template?.render({ ...variables?.(payload), value: numeric(payload) });
    if (rendered?.ok === false) return rendered.problem;
    return { topic, payload: rendered?.text ?? payload, qos: this.#qos, retain: this.#retain };
  }
}

/** In a command template `value` is the number that it is. */
export function numeric(payload: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(payload) ? (readDecimal(payload) ?? payload) : payload;
}

/** True for one word and false for another; undefined for the rest. */
export function flagOf(on: string, off: string): (text: string) => boolean | undefined {
  return (text) => (text === on ? true : text === off ? false : undefined);
}

export function parserOf({ enum: values, type }: PropertyAffordance): (text: string) => Json | undefined {
  if (type === "number" || type === "integer") {
    return (text) => {
      const number = readDecimal(text);
      return number !== undefined && type === "integer" ? Math.round(number) : number;
    };
  }
  if (values !== undefined) return (text) => (values.includes(text) ? text : undefined);
  return (text) => text;
}

export function decoder(
  template: Template | undefined,
  parse: (text: string) => Json | undefined,
  whole = false,
): (payload: string) => Decoded {
  return (payload) => {
    const rendered = template?.renderPayload(payload);
    if (rendered?.ok === false) return rendered;
    const text = rendered?.text ?? payload;
    // Templates say nothing where a payload is about something else.
    if (text === "" || UNKNOWN.has(text)) return { ok: true, value: undefined };
    const value = parse(text);
    if (value === undefined && whole) return { ok: true, value };
    return value === undefined
      ? {
          ok: false,
          problem: `${losesDigits(text) ? "expected fewer digits, " : ""}found ${show(text)}`,
        }
      : { ok: true, value };
  };
}

/** A choice with topics and templates that begin with the same word. */
export function listed(
  make: Builder,
  role: string,
  title: string,
  values: readonly string[],
  word: string,
  stateTemplate: string,
  standardKey?: string,
): readonly EntityProperty[] {
  if (values.length === 0) return [];
  return make.property(
    role,
    { ...choice(values), title },
    {
      state: `${word}_state_topic`,
      stateTemplate,
      command: `${word}_command_topic`,
      commandTemplate: `${word}_command_template`,
      standardKey,
    },
  );
}

export function choice(values: readonly string[]): PropertyAffordance {
  return values.length === 0 ? { type: "string" } : { type: "string", enum: [...values] };
}

export function percent(title: string): PropertyAffordance {
  return { type: "integer", unit: "%", minimum: 0, maximum: 100, title };
}

/** Per cent of a range of the device's own, which may run backwards. */
export function scaled(from: number, to: number): Pick<Names, "parse" | "print"> {
  const span = to - from;
  return {
    parse: (text) => {
      const number = readDecimal(text);
      if (number === undefined || span === 0) return undefined;
      return Math.min(100, Math.max(0, Math.round(((number - from) / span) * 100)));
    },
    print: (value) => String(Math.round(from + (Number(value) / 100) * span)),
  };
}
