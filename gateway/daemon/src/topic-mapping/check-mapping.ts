import {
  checkValue,
  type Json,
  type MappedProperty,
  type MappingWords,
  type PropertyAffordance,
  type PropertyKey,
  parseDuration,
  parseThingId,
  type SchemaProblem,
  safeProblem,
  schemaProblems,
  TopicMapping,
} from "@tram/protocol";
import { optionalProperties, THING_MODELS, type ThingModel } from "@tram/protocol/models";
import { Compile } from "@tram/protocol/validator";
import { Template } from "../home-assistant/template/template.ts";
import { type JsonPath, parseJsonPath } from "./json-path.ts";
import { type Place, type Spelling, wordsOf } from "./mapped-value.ts";
import { isForMany, topicProblem } from "./plain-topic.ts";
import { standardProperty } from "./standard-properties.ts";

let validator: ReturnType<typeof Compile<typeof TopicMapping>> | undefined;

export interface CheckedProperty {
  readonly spelling: Spelling;
  readonly node: { readonly title: string } | undefined;
  readonly read?: Place & { readonly topic: string; readonly expireAfterMs?: number };
  readonly write?: {
    readonly topic: string;
    readonly spelling: Spelling;
    readonly template?: Template;
    readonly qos: 0 | 1 | 2;
    readonly retain: boolean;
  };
}

/** A mapping that is sound, with its templates and paths read. */
export interface CheckedMapping {
  readonly mapping: TopicMapping;
  /** It is for every device that has such topics. */
  readonly forMany: boolean;
  readonly properties: ReadonlyMap<PropertyKey, CheckedProperty>;
  readonly availability?: Place & {
    readonly topic: string;
    readonly online: string;
    readonly offline: string;
  };
}

export type MappingCheck =
  | { readonly ok: true; readonly checked: CheckedMapping }
  | { readonly ok: false; readonly problems: readonly SchemaProblem[] };

/** Checks a mapping from outside: the schema, and what a schema cannot say. */
export function checkMapping(document: unknown): MappingCheck {
  validator ??= Compile(TopicMapping);
  if (!validator.Check(document)) {
    const problems = schemaProblems(validator.Errors(document), document);
    return { ok: false, problems: problems.length > 0 ? problems : [{ path: "", problem: "is no mapping" }] };
  }
  return new Check(document).run();
}

class Check {
  readonly #mapping: TopicMapping;
  readonly #problems: SchemaProblem[] = [];
  readonly #forMany: boolean;

  constructor(mapping: TopicMapping) {
    this.#mapping = mapping;
    const topics = Object.values(mapping.properties).flatMap(({ read, write }) => [
      read?.topic,
      write?.topic,
    ]);
    this.#forMany = topics.some((topic) => topic !== undefined && isForMany(topic));
  }

  run(): MappingCheck {
    const mapping = this.#mapping;
    if (parseThingId(mapping.id) === undefined) this.#problem("id", `the id ${mapping.id} is reserved`);
    const model = this.#model();
    const properties = new Map<PropertyKey, CheckedProperty>();
    for (const [key, property] of Object.entries(mapping.properties)) {
      const checked = this.#property(key, property, model);
      if (checked !== undefined) properties.set(key as PropertyKey, checked);
    }
    const availability = this.#availability();
    if (this.#problems.length > 0) return { ok: false, problems: this.#problems };
    return {
      ok: true,
      checked: { mapping, forMany: this.#forMany, properties, ...(availability && { availability }) },
    };
  }

  #model(): ThingModel | undefined {
    const { model: name, properties } = this.#mapping;
    if (name === undefined) return undefined;
    const model = THING_MODELS.get(name);
    if (model === undefined) {
      this.#problem(
        "model",
        `expected the name of a Thing Model, such as temperature-humidity, found ${name}`,
      );
      return undefined;
    }
    const optional = optionalProperties(model);
    const missing = Object.keys(model.properties).filter(
      (key) => !optional.has(key) && !Object.hasOwn(properties, key),
    );
    if (missing.length > 0) this.#problem("model", `a ${name} also has ${missing.join(", ")}`);
    return model;
  }

  #property(
    key: string,
    property: MappedProperty,
    model: ThingModel | undefined,
  ): CheckedProperty | undefined {
    const path = `properties.${key}`;
    const { read, write, scale = 1, offset = 0 } = property;
    if (read === undefined && write === undefined)
      this.#problem(path, "expected read or write, found neither");
    if (scale === 0) this.#problem(`${path}.scale`, "expected another number than 0");
    const standard = standardProperty(key, model);
    const affordance = this.#affordance(property, standard?.affordance, path);
    if (affordance === undefined) return undefined;
    const words = this.#words(property.words, affordance, `${path}.words`);
    const spelling: Spelling = { affordance, scale, offset, ...(words && { words }) };
    const before = this.#problems.length;
    const reading = read && this.#read(read, `${path}.read`);
    const writing = write && this.#write(write, spelling, `${path}.write`);
    if (this.#problems.length > before) return undefined;
    return {
      spelling,
      node: standard?.node,
      ...(reading && { read: reading }),
      ...(writing && { write: writing }),
    };
  }

  /** What the mapping says goes before what the model says. */
  #affordance(
    property: MappedProperty,
    standard: PropertyAffordance | undefined,
    path: string,
  ): PropertyAffordance | undefined {
    const { words, scale: _scale, offset: _offset, read, write, ...own } = property;
    const type = own.type ?? standard?.type ?? typeOfWords(words);
    if (type === undefined) {
      this.#problem(`${path}.type`, "is missing: no Thing Model has such a property");
      return undefined;
    }
    const { readOnly: _r, writeOnly: _w, observable: _o, ...model } = standard ?? { type };
    const { minimum, maximum, multipleOf, ...named } = model;
    // A range in °C says nothing of °F, and that of a number nothing of a switch.
    const sameUnit = own.unit === undefined || own.unit === model.unit;
    const base = model.type !== type ? {} : sameUnit ? model : named;
    const affordance: PropertyAffordance = {
      ...base,
      ...own,
      type,
      ...(write === undefined && { readOnly: true }),
      ...(read === undefined ? { writeOnly: true, momentary: true } : { observable: true }),
    };
    const unsafe = own.safe && safeProblem(affordance, own.safe);
    if (unsafe !== undefined) this.#problem(`${path}.safe.value`, unsafe);
    return affordance;
  }

  #words(
    words: MappingWords | undefined,
    affordance: PropertyAffordance,
    path: string,
  ): ReadonlyMap<string, Json> | undefined {
    for (const [word, value] of Object.entries(words ?? {})) {
      const check = checkValue(affordance, value);
      if (!check.ok) this.#problem(`${path}.${word.slice(0, 64)}`, check.problem);
    }
    return wordsOf(words);
  }

  #read(
    { expire, path: place, template, topic }: NonNullable<MappedProperty["read"]>,
    path: string,
  ): CheckedProperty["read"] {
    this.#topic(topic, `${path}.topic`);
    if (place !== undefined && template !== undefined)
      this.#problem(path, "expected path or template, found both");
    const expireAfterMs = expire === undefined ? undefined : parseDuration(expire);
    if (
      expire !== undefined &&
      (expireAfterMs === undefined || expireAfterMs < 1_000 || expireAfterMs > MOST_MS)
    ) {
      this.#problem(`${path}.expire`, `expected a duration from 1s to 24d, found ${expire}`);
    }
    return {
      topic,
      ...this.#place(place, template, path),
      ...(expireAfterMs === undefined ? {} : { expireAfterMs }),
    };
  }

  #place(path: string | undefined, template: string | undefined, at: string): Place {
    return {
      ...(path === undefined ? {} : this.#path(path, `${at}.path`)),
      ...(template === undefined ? {} : this.#template(template, `${at}.template`)),
    };
  }

  #path(text: string, at: string): { path?: JsonPath } {
    const path = parseJsonPath(text);
    if (typeof path !== "string") return { path };
    this.#problem(at, path);
    return {};
  }

  #template(source: string, at: string): { template?: Template } {
    const template = Template.read(source);
    if (typeof template !== "string") return { template };
    this.#problem(at, template);
    return {};
  }

  #write(
    { qos = 1, retain = false, template, topic, words }: NonNullable<MappedProperty["write"]>,
    spelling: Spelling,
    path: string,
  ): CheckedProperty["write"] {
    this.#topic(topic, `${path}.topic`);
    const own = this.#words(words, spelling.affordance, `${path}.words`);
    return {
      topic,
      qos: qos === 0 || qos === 2 ? qos : 1,
      retain,
      spelling: own === undefined ? spelling : { ...spelling, words: own },
      ...(template === undefined ? {} : this.#template(template, `${path}.template`)),
    };
  }

  #availability(): CheckedMapping["availability"] {
    const { availability } = this.#mapping;
    if (availability === undefined) return undefined;
    const { offline = "offline", online = "online", path, topic } = availability;
    const problem = topicProblem(topic);
    if (problem !== undefined) this.#problem("availability.topic", problem);
    else if (isForMany(topic) && !this.#forMany) {
      this.#problem("availability.topic", "expected {id} in the topics of the properties too");
    }
    if (online === offline)
      this.#problem("availability.offline", "expected another word than that of online");
    return { topic, online, offline, ...this.#place(path, undefined, "availability") };
  }

  #topic(topic: string, path: string): void {
    const problem = topicProblem(topic);
    if (problem !== undefined) this.#problem(path, problem);
    else if (this.#forMany && !isForMany(topic)) {
      this.#problem(path, "expected {id} here as in the other topics: the mapping is for many devices");
    }
  }

  #problem(path: string, problem: string): void {
    this.#problems.push({ path, problem });
  }
}

/** A timer of Node holds no more. */
const MOST_MS = 24 * 86_400_000;

function typeOfWords(words: MappingWords | undefined): PropertyAffordance["type"] | undefined {
  const types = new Set(Object.values(words ?? {}).map((value) => typeof value));
  const [type] = types;
  if (types.size !== 1) return undefined;
  return type === "boolean" || type === "number" || type === "string" ? type : undefined;
}
