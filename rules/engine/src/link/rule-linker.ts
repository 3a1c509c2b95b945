import {
  checkValue,
  type Json,
  type Ms,
  type Properties,
  type PropertyAffordance,
  parseDuration,
  parseThingId,
  type Thing,
  type ThingId,
  type Things,
} from "@tram/protocol";
import {
  type CelEnvironment,
  type CelExpression,
  type CelTemplate,
  type CelType,
  compileCel,
  compileValue,
} from "../cel/index.ts";
import { writeValue } from "../describe-value.ts";
import type { HouseView } from "../house-view.ts";
import { type Hold, type Source, type ValueTest, watchKey } from "../program.ts";
import { type PropertyTarget, resolveReference } from "../reference.ts";
import type { Made, ScheduleMaker } from "../schedule/index.ts";
import { joinPath, type ShapeProblem } from "../shape-check.ts";
import type { Texts } from "./texts.ts";

/** Longest duration: more is a typing error, and would not survive being written as JSON. */
const MAX_DURATION_MS: Ms = 3_650 * 86_400_000;
/** Properties that one selector may stand for. */
const MAX_SELECTED = 256;

const TRIGGER_FACTS = ["id", "kind", "value", "previous", "thing", "property", "data", "time"];

/** A property that a rule speaks of, as far as the house knows it. */
export interface Link {
  readonly reference: string;
  /** Absent while `thing/name` names a Thing that is unknown. */
  readonly target?: PropertyTarget;
  readonly affordance?: PropertyAffordance;
}

/**
 * What the parts of one rule are linked with: the house, the schedules, the names of its variables. Collects what is
 * wrong (the rule cannot run) and what is doubtful.
 */
export class RuleLinker {
  readonly problems: ShapeProblem[] = [];
  readonly warnings: ShapeProblem[] = [];
  readonly holds: Hold[] = [];
  /** Things that the rule names and the house does not know, or not with the property that is named. */
  readonly awaited = new Set<ThingId>();
  readonly house: HouseView;
  readonly schedules: ScheduleMaker;
  readonly texts: Texts;
  /** Problems that an action has taken upon itself. */
  readonly #taken = new Set<ShapeProblem>();
  readonly #variables: Readonly<Record<string, CelType | readonly string[]>>;

  /** @param names the variables that the rule and its actions give values to. */
  constructor(parts: { house: HouseView; schedules: ScheduleMaker; texts: Texts; names: Iterable<string> }) {
    this.house = parts.house;
    this.schedules = parts.schedules;
    this.texts = parts.texts;
    this.#variables = {
      ...Object.fromEntries([...parts.names].map((name) => [name, "dyn" as const])),
      trigger: TRIGGER_FACTS,
      repeat: ["index", "first", "item"],
      wait: ["completed", "trigger"],
      result: ["state", "ok", "value", "detail"],
    };
  }

  problem(path: string, problem: string): void {
    this.problems.push({ path, problem });
  }

  /** The first problem since `from` that nobody has taken yet; it and the others are taken then. */
  takeProblem(from: number): ShapeProblem | undefined {
    const own = this.problems.slice(from).filter((problem) => !this.#taken.has(problem));
    for (const problem of own) this.#taken.add(problem);
    return own[0];
  }

  warn(path: string, problem: string): void {
    this.warnings.push({ path, problem });
  }

  /** Says that a Thing is not known, or not with all that the rule asks of it. */
  unknownThing(path: string, thing: ThingId): void {
    this.awaited.add(thing);
    this.warn(path, `unknown Thing "${thing}"; the rule works once it is announced`);
  }

  duration(text: string, path: string): Ms {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= MAX_DURATION_MS) return ms;
    this.problem(path, `found ${writeValue(text)}, expected a duration of at most 3650d`);
    return 0;
  }

  optionalDuration(text: string | undefined, path: string): Ms | undefined {
    return text === undefined ? undefined : this.duration(text, path);
  }

  /** What was made of a written schedule; `undefined` when it could not be. */
  made<Part>(made: Made<Part>, path: string): Part | undefined {
    if (made.ok) return made.value;
    for (const { path: inside, problem } of made.problems) {
      this.problem(inside === "" ? path : `${path}.${inside}`, problem);
    }
    return undefined;
  }

  /** A property that is read. */
  watched(reference: string, path: string): Link {
    const link = this.link(reference, path);
    if (link.affordance?.writeOnly === true) {
      this.warn(path, `${reference} is write-only: it never reports a value`);
    }
    return link;
  }

  link(reference: string, path: string): Link {
    const found = resolveReference(reference, this.house);
    if (found.kind === "problem") {
      this.problem(path, found.problem);
      return { reference };
    }
    if (found.kind === "waiting" || found.affordance === undefined) {
      this.unknownThing(path, found.kind === "waiting" ? found.thing : found.target.thing);
    }
    if (found.kind === "waiting") return { reference };
    const { property, thing } = found.target;
    const target = { thing: this.texts.of(thing), property: this.texts.of(property) };
    const { affordance } = found;
    return {
      reference: this.texts.of(reference),
      target,
      ...(affordance === undefined ? {} : { affordance }),
    };
  }

  /** One property, several, or those that a selector finds. */
  properties(properties: Properties, path: string, { written = false } = {}): Link[] {
    const one = (reference: string, place: string) =>
      written ? this.link(reference, place) : this.watched(reference, place);
    if (typeof properties === "string") return [one(properties, path)];
    if (Array.isArray(properties)) {
      return unique(
        [...new Set(properties)].map((reference, index) => one(reference, joinPath(path, index))),
      );
    }
    const { area, property, tag } = properties;
    const things = this.#members({ area, tag }, path);
    const links = things.flatMap((thing) => {
      const known = this.house.thing(thing);
      const key = known === undefined ? undefined : propertyNamed(known, property);
      return key === undefined ? [] : [one(`${thing}/${key}`, path)];
    });
    if (links.length === 0) this.warn(path, `no Thing there has ${property} yet`);
    return links;
  }

  things(things: Things, path: string): ThingId[] {
    if (typeof things === "object" && !Array.isArray(things)) return [...this.#members(things, path)];
    const ids = typeof things === "string" ? [things] : things;
    return ids.flatMap((text, index) => {
      const place = typeof things === "string" ? path : joinPath(path, index);
      const id = parseThingId(text);
      if (id === undefined) {
        this.problem(place, `found ${writeValue(text)}, expected the id of a Thing`);
        return [];
      }
      if (this.house.thing(id) === undefined) {
        this.unknownThing(place, id);
      }
      return [id];
    });
  }

  #members(
    selector: { area?: string | undefined; tag?: string | undefined },
    path: string,
  ): readonly ThingId[] {
    const { area, tag } = selector;
    if (area === undefined && tag === undefined) {
      this.problem(path, "found neither area nor tag, expected one");
      return [];
    }
    const found = this.house.members?.({
      ...(area === undefined ? {} : { area }),
      ...(tag === undefined ? {} : { tag }),
    });
    const all = found ?? [];
    if (all.length > MAX_SELECTED) {
      this.problem(path, `found ${all.length} Things, expected at most ${MAX_SELECTED}`);
    }
    return all.slice(0, MAX_SELECTED);
  }

  range(
    range: { readonly above?: number; readonly below?: number; readonly hysteresis?: number },
    affordance: PropertyAffordance | undefined,
    path: string,
  ): ValueTest {
    const { above, below, hysteresis } = range;
    if (above === undefined && below === undefined)
      this.problem(path, "found neither above nor below, expected one");
    if (above !== undefined && below !== undefined && above >= below) {
      this.problem(path, `found above ${above} and below ${below}, expected above to be the smaller`);
    }
    if (affordance !== undefined && affordance.type !== "number" && affordance.type !== "integer") {
      this.warn(joinPath(path, "property"), `its type is ${affordance.type}, not a number: never true`);
    }
    return {
      kind: "range",
      ...(above === undefined ? {} : { above }),
      ...(below === undefined ? {} : { below }),
      ...(hysteresis === undefined ? {} : { hysteresis }),
    };
  }

  /** Values to compare with, rounded to the property's step as its readings are. */
  values(written: Json, affordance: PropertyAffordance | undefined, path: string): readonly Json[] {
    if (!Array.isArray(written)) return [this.value(written, affordance, path)];
    return (written as readonly Json[]).map((one, index) =>
      this.value(one, affordance, joinPath(path, index)),
    );
  }

  /** @returns the value rounded to the property's step. */
  value(value: Json, affordance: PropertyAffordance | undefined, path: string): Json {
    if (affordance === undefined) return value;
    const checked = checkValue(affordance, value);
    if (checked.ok) return checked.value;
    this.problem(path, checked.problem);
    return value;
  }

  /** JSON with templates in its texts. */
  template(value: Json, path: string): CelTemplate {
    const compiled = compileValue(value, this.#environment);
    if (compiled.ok) return compiled.template;
    const inside = compiled.path === "" ? "" : `${compiled.path.startsWith("[") ? "" : "."}${compiled.path}`;
    this.problem(`${path}${inside}`, compiled.problem);
    return NO_TEMPLATE;
  }

  /** An expression that is to be true or false. */
  expression(
    source: string,
    path: string,
  ): { expression: CelExpression; reads: PropertyTarget[] } | undefined {
    const compiled = compileCel(source, { ...this.#environment, result: "bool" });
    if (!compiled.ok) {
      this.problem(path, compiled.problem);
      return undefined;
    }
    const { expression } = compiled;
    const reads = expression.references.flatMap((reference) => {
      const { target } = this.watched(reference, path);
      return target === undefined ? [] : [target];
    });
    return { expression, reads };
  }

  /**
   * Remembers that a condition wants to know since when it holds.
   * @param key what is asked, so that the same question has one memory, also in another version of the rule.
   * @returns the name of that memory.
   */
  hold(source: Source | undefined, test: ValueTest, key: string): string {
    const name = this.texts.of(key);
    if (this.holds.some((hold) => hold.key === name)) return name;
    this.holds.push({ key: name, test, ...(source === undefined ? {} : { source }) });
    return name;
  }

  get #environment(): CelEnvironment {
    return {
      variables: this.#variables,
      property: (reference) => {
        const found = resolveReference(reference, this.house);
        if (found.kind === "problem") return { problem: found.problem };
        if (found.kind === "waiting") this.awaited.add(found.thing);
        return { type: "dyn" };
      },
    };
  }
}

/** Stands where a template could not be read: its action does not run. */
const NO_TEMPLATE: CelTemplate = {
  type: "dyn",
  references: [],
  things: [],
  usesTime: false,
  evaluate: () => ({ ok: false, problem: "it could not be read" }),
};

/** One property may be written in two ways. */
function unique(links: readonly Link[]): Link[] {
  const seen = new Set<string>();
  return links.filter(({ reference, target }) => {
    const name = target === undefined ? reference : watchKey(target.thing, target.property);
    return seen.size < seen.add(name).size;
  });
}

/** `node/name`, or the only property of that name. */
function propertyNamed({ properties }: Thing, name: string): string | undefined {
  if (Object.hasOwn(properties, name)) return name;
  if (name.includes("/")) return undefined;
  const found = Object.keys(properties).filter((key) => key.endsWith(`/${name}`));
  return found.length === 1 ? found[0] : undefined;
}

export function describeTest(test: ValueTest): string {
  if (test.kind === "any") return "is known";
  if (test.kind === "oneOf") return `is ${test.values.map(writeValue).join(" or ")}`;
  const above = test.above === undefined ? [] : [`above ${test.above}`];
  const below = test.below === undefined ? [] : [`below ${test.below}`];
  return `is ${[...above, ...below].join(" and ")}`;
}
