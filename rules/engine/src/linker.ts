import {
  checkValue,
  type Json,
  type Ms,
  type PropertyAffordance,
  parseDuration,
  type RuleAction,
  type RuleCondition,
  type RuleTrigger,
} from "@tram/protocol";
import { secondOfDay } from "./calendar.ts";
import { writeValue } from "./describe-value.ts";
import type { HouseView } from "./house-view.ts";
import type { CompiledAction, CompiledCondition, CompiledTrigger, ValueTest } from "./program.ts";
import { type PropertyTarget, resolveReference } from "./reference.ts";
import { joinPath, type ShapeProblem } from "./shape-check.ts";

/** Longest duration: more is a typing error, and would not survive being written as JSON. */
const MAX_DURATION_MS: Ms = 3_650 * 86_400_000;

interface Range {
  readonly above?: number;
  readonly below?: number;
}

interface Link {
  readonly target?: PropertyTarget;
  readonly affordance?: PropertyAffordance;
}

/** Ties the parts of one rule to the house. Collects what is wrong (the rule cannot run) and what is doubtful. */
export class Linker {
  readonly problems: ShapeProblem[] = [];
  readonly warnings: ShapeProblem[] = [];
  readonly #house: HouseView;

  constructor(house: HouseView) {
    this.#house = house;
  }

  trigger(trigger: RuleTrigger, index: number, path: string): CompiledTrigger {
    const label = trigger.id ?? `triggers[${index}]`;
    if ("time" in trigger) {
      return { kind: "time", label, time: trigger.time, secondOfDay: secondOfDay(trigger.time) };
    }
    const forMs = trigger.for === undefined ? 0 : this.#duration(trigger.for, joinPath(path, "for"));
    const part = "numeric" in trigger ? "numeric" : "state";
    const inside = joinPath(path, part);
    const reference = "numeric" in trigger ? trigger.numeric.property : trigger.state.property;
    const place = joinPath(inside, "property");
    const { affordance, target } = this.#watched(reference, place);
    const momentary = affordance?.momentary === true;
    if (momentary && forMs > 0) {
      this.#warn(joinPath(path, "for"), `${reference} is momentary: an occurrence does not last`);
    }
    const link = { ...(target === undefined ? {} : { target }), forMs, momentary };
    const common = { kind: "watch", label, reference, ...link } as const;
    if ("numeric" in trigger) {
      return { ...common, test: this.#range(trigger.numeric, affordance, inside), keepsLast: false };
    }
    const { from, to } = trigger.state;
    const test: ValueTest =
      to === undefined ? { kind: "any" } : this.#equals(to, affordance, joinPath(inside, "to"));
    const keepsLast = from !== undefined || to === undefined;
    if (from === undefined) return { ...common, test, keepsLast };
    return { ...common, test, keepsLast, from: this.#value(from, affordance, joinPath(inside, "from")) };
  }

  condition(condition: RuleCondition, path: string): CompiledCondition {
    if ("and" in condition) return this.#group("and", "all of", condition.and, joinPath(path, "and"));
    if ("or" in condition) return this.#group("or", "any of", condition.or, joinPath(path, "or"));
    if ("not" in condition) {
      return { kind: "not", what: "not", inner: [this.condition(condition.not, joinPath(path, "not"))] };
    }
    if ("time" in condition) return this.#timeWindow(condition.time, joinPath(path, "time"));
    const part = "numeric" in condition ? condition.numeric : condition.state;
    const inside = joinPath(path, "numeric" in condition ? "numeric" : "state");
    const { affordance, target } = this.#watched(part.property, joinPath(inside, "property"));
    const test =
      "is" in part
        ? this.#equals(part.is, affordance, joinPath(inside, "is"))
        : this.#range(part, affordance, inside);
    const what = `${part.property} ${describeTest(test)}`;
    return {
      kind: "value",
      what,
      reference: part.property,
      test,
      ...(target === undefined ? {} : { target }),
    };
  }

  action(action: RuleAction, path: string): CompiledAction {
    if ("delay" in action) return { delayMs: this.#duration(action.delay, joinPath(path, "delay")) };
    if ("notify" in action) return { notify: action.notify, level: action.level ?? "info" };
    const { affordance, target } = this.#link(action.set, joinPath(path, "set"));
    if (affordance?.readOnly === true) this.#problem(joinPath(path, "set"), `${action.set} is read-only`);
    // The shape check admits nothing but JSON here.
    const value = this.#value(action.value as Json, affordance, joinPath(path, "value"));
    return { set: action.set, value, ...(target === undefined ? {} : { target }) };
  }

  #group(kind: "and" | "or", what: string, inner: readonly RuleCondition[], path: string): CompiledCondition {
    return {
      kind,
      what,
      inner: inner.map((condition, index) => this.condition(condition, joinPath(path, index))),
    };
  }

  #timeWindow(
    window: Extract<RuleCondition, { time: unknown }>["time"],
    path: string,
  ): Extract<CompiledCondition, { kind: "time" }> {
    const { after, before, weekdays } = window;
    if (after === undefined && before === undefined && weekdays === undefined) {
      this.#problem(path, "found none of its keys, expected after, before or weekdays");
    }
    if (after !== undefined && before !== undefined && secondOfDay(after) === secondOfDay(before)) {
      this.#problem(path, `after and before are both ${after}, expected a window`);
    }
    const words = [
      "time is",
      ...(after === undefined ? [] : [`from ${after}`]),
      ...(before === undefined ? [] : [`before ${before}`]),
      ...(weekdays === undefined ? [] : [`on ${weekdays.join(", ")}`]),
    ];
    return {
      kind: "time",
      what: words.join(" "),
      ...(after === undefined ? {} : { after: secondOfDay(after) }),
      ...(before === undefined ? {} : { before: secondOfDay(before) }),
      ...(weekdays === undefined ? {} : { weekdays }),
    };
  }

  #watched(reference: string, path: string): Link {
    const link = this.#link(reference, path);
    if (link.affordance?.writeOnly === true) {
      this.#warn(path, `${reference} is write-only: it never reports a value`);
    }
    return link;
  }

  #link(reference: string, path: string): Link {
    const found = resolveReference(reference, this.#house);
    if (found.kind === "problem") {
      this.#problem(path, found.problem);
      return {};
    }
    if (found.kind === "waiting" || found.affordance === undefined) {
      const thing = found.kind === "waiting" ? found.thing : found.target.thing;
      this.#warn(path, `unknown Thing "${thing}"; the rule works once it is announced`);
    }
    return found.kind === "waiting" ? {} : found;
  }

  #range(range: Range, affordance: PropertyAffordance | undefined, path: string): ValueTest {
    const { above, below } = range;
    if (above === undefined && below === undefined)
      this.#problem(path, "found neither above nor below, expected one");
    if (above !== undefined && below !== undefined && above >= below) {
      this.#problem(path, `found above ${above} and below ${below}, expected above to be the smaller`);
    }
    if (affordance !== undefined && affordance.type !== "number" && affordance.type !== "integer") {
      this.#warn(joinPath(path, "property"), `its type is ${affordance.type}, not a number: never true`);
    }
    return {
      kind: "range",
      ...(above === undefined ? {} : { above }),
      ...(below === undefined ? {} : { below }),
    };
  }

  #equals(value: Json, affordance: PropertyAffordance | undefined, path: string): ValueTest {
    return { kind: "equals", value: this.#value(value, affordance, path) };
  }

  /** @returns the value rounded to the property's step, as its readings are. */
  #value(value: Json, affordance: PropertyAffordance | undefined, path: string): Json {
    if (affordance === undefined) return value;
    const checked = checkValue(affordance, value);
    if (checked.ok) return checked.value;
    this.#problem(path, checked.problem);
    return value;
  }

  #duration(text: string, path: string): Ms {
    const ms = parseDuration(text);
    if (ms !== undefined && ms <= MAX_DURATION_MS) return ms;
    this.#problem(path, `found ${writeValue(text)}, expected a duration of at most 3650d`);
    return 0;
  }

  #problem(path: string, problem: string): void {
    this.problems.push({ path, problem });
  }

  #warn(path: string, problem: string): void {
    this.warnings.push({ path, problem });
  }
}

function describeTest(test: ValueTest): string {
  if (test.kind === "any") return "is known";
  if (test.kind === "equals") return `is ${writeValue(test.value)}`;
  const above = test.above === undefined ? [] : [`above ${test.above}`];
  const below = test.below === undefined ? [] : [`below ${test.below}`];
  return `is ${[...above, ...below].join(" and ")}`;
}
