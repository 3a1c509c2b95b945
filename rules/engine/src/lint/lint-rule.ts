import type { Properties, Rule, RuleAction, RuleCondition, RuleTrigger } from "@tram/protocol";
import type { HouseView } from "../house-view.ts";
import { resolveReference } from "../reference.ts";
import { joinPath, type ShapeProblem } from "../shape-check.ts";
import { boundProblems, type Numeric } from "./bounds.ts";
import { judgeAll, judgeExpression, type Verdict } from "./verdict.ts";

/** What a rule is looked at in the light of. */
export interface LintSurroundings {
  readonly house: HouseView;
  /** All rules that there are. */
  readonly ids: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/**
 * Finds what a rule says in vain: conditions that can never hold, branches and actions that are never reached,
 * thresholds beyond what a property can be, and names of triggers and rules that are not there.
 * @param path place of the rule in its file.
 */
export function lintRule(rule: Rule, path: string, surroundings: LintSurroundings): ShapeProblem[] {
  const lint = new RuleLint(rule, surroundings);
  lint.rule(path);
  return lint.problems;
}

/** A reference in one form, `thing/node/name`, where its Thing is known. */
export function nameIn(house: HouseView): (reference: string) => string {
  return (reference) => {
    const found = resolveReference(reference, house);
    return found.kind === "found" ? `${found.target.thing}/${found.target.property}` : reference;
  };
}

class RuleLint {
  readonly problems: ShapeProblem[] = [];
  readonly #rule: Rule;
  readonly #surroundings: LintSurroundings;
  readonly #nameOf: (reference: string) => string;
  readonly #triggerIds: ReadonlySet<string>;

  constructor(rule: Rule, surroundings: LintSurroundings) {
    this.#rule = rule;
    this.#surroundings = surroundings;
    this.#nameOf = nameIn(surroundings.house);
    this.#triggerIds = new Set(rule.triggers.flatMap(({ id }) => id ?? []));
  }

  rule(path: string): void {
    const { actions, conditions = [], triggers } = this.#rule;
    if (triggers.every(({ enabled }) => enabled === false)) {
      this.#tell(joinPath(path, "triggers"), "all of them are switched off: the rule never runs by itself");
    }
    const seen = new Set<string>();
    for (const [index, trigger] of triggers.entries()) {
      const place = joinPath(joinPath(path, "triggers"), index);
      if (trigger.id !== undefined && seen.has(trigger.id)) {
        this.#tell(joinPath(place, "id"), `"${trigger.id}" names an earlier trigger too`);
      }
      if (trigger.id !== undefined) seen.add(trigger.id);
      this.#trigger(trigger, place);
    }
    this.#conditions(conditions, joinPath(path, "conditions"), "the rule never runs");
    this.#block(actions, joinPath(path, "actions"));
  }

  #tell(path: string, problem: string): void {
    this.problems.push({ path, problem });
  }

  #trigger(trigger: RuleTrigger, path: string): void {
    if ("numeric" in trigger) this.#bounds(trigger.numeric, joinPath(path, "numeric"));
    if ("expression" in trigger) {
      const verdict = judgeExpression(trigger.expression, "");
      const place = joinPath(path, "expression");
      if (verdict.holds === "never") this.#tell(place, "is always false: the trigger never fires");
      if (verdict.holds === "always") this.#tell(place, "is always true: the trigger never fires again");
    }
    if (!("state" in trigger)) return;
    const { from, to } = trigger.state;
    if (
      from !== undefined &&
      to !== undefined &&
      JSON.stringify([from].flat()) === JSON.stringify([to].flat())
    ) {
      if (!Array.isArray(to) || to.length === 1)
        this.#tell(joinPath(path, "state"), "from and to are the same: the trigger never fires");
    }
  }

  /** @returns the verdict; what never holds is told, with what follows of it. */
  #conditions(conditions: readonly RuleCondition[], path: string, consequence: string): Verdict {
    for (const [index, condition] of conditions.entries()) this.#condition(condition, joinPath(path, index));
    const verdict = judgeAll(conditions, path, this.#nameOf);
    if (verdict.holds === "never") this.#tell(verdict.path, `can never hold, ${consequence}: ${verdict.why}`);
    return verdict;
  }

  #condition(condition: RuleCondition, path: string): void {
    if ("and" in condition || "or" in condition) {
      const [key, parts] = "and" in condition ? ["and", condition.and] : ["or", condition.or];
      for (const [index, part] of parts.entries())
        this.#condition(part, joinPath(joinPath(path, key), index));
      if (key === "and") return;
      const verdicts = parts.map((part, index) =>
        judgeAll([part], joinPath(joinPath(path, key), index), this.#nameOf),
      );
      // Where none holds the whole is told of.
      if (verdicts.every(({ holds }) => holds === "never")) return;
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict.holds === "never")
          this.#tell(joinPath(joinPath(path, key), index), `can never hold: ${verdict.why}`);
      }
    } else if ("not" in condition) this.#condition(condition.not, joinPath(path, "not"));
    else if ("numeric" in condition) this.#bounds(condition.numeric, joinPath(path, "numeric"));
    else if ("rule" in condition) this.#knows(condition.rule.id, `${path}.rule.id`);
    else if ("trigger" in condition) {
      for (const id of [condition.trigger].flat()) {
        if (!this.#triggerIds.has(id))
          this.#tell(joinPath(path, "trigger"), `no trigger of the rule has the id "${id}"`);
      }
    }
  }

  #bounds(numeric: Numeric, path: string): void {
    for (const reference of referencesOf(numeric.property)) {
      const found = resolveReference(reference, this.#surroundings.house);
      // Of what is inside of a value nobody knows the bounds.
      if (found.kind !== "found" || found.affordance === undefined || numeric.attribute !== undefined)
        continue;
      for (const { key, problem } of boundProblems(numeric, reference, found.affordance)) {
        this.#tell(joinPath(path, key), problem);
      }
    }
  }

  #knows(id: string, path: string): void {
    if (!this.#surroundings.ids.has(id)) this.#tell(path, `there is no rule "${id}"`);
  }

  /** @returns whether the run always ends in it. */
  #block(actions: readonly RuleAction[], path: string): boolean {
    for (const [index, action] of actions.entries()) {
      const ends = this.#action(action, joinPath(path, index));
      if (!ends) continue;
      const next = actions[index + 1];
      if (next !== undefined)
        this.#tell(joinPath(path, index + 1), "is never reached: the run has ended before");
      for (const [later, rest] of actions.slice(index + 1).entries())
        this.#action(rest, joinPath(path, index + 1 + later));
      return true;
    }
    return false;
  }

  /** @returns whether the run always ends with it. */
  #action(action: RuleAction, path: string): boolean {
    if ("stop" in action) return true;
    if ("if" in action) {
      const verdict = this.#conditions(action.if, joinPath(path, "if"), "`then` is never done");
      const then = this.#block(action.then, joinPath(path, "then"));
      const otherwise = action.else !== undefined && this.#block(action.else, joinPath(path, "else"));
      if (verdict.holds === "always" && action.else !== undefined) {
        this.#tell(joinPath(path, "else"), "is never reached: the conditions always hold");
      }
      return then && (otherwise || verdict.holds === "always");
    }
    if ("choose" in action) return this.#choose(action, path);
    if ("repeat" in action) {
      const { repeat } = action;
      const place = joinPath(path, "repeat");
      if ("count" in repeat && repeat.count === 0)
        this.#tell(joinPath(place, "count"), "0: it is never done");
      if ("while" in repeat) this.#conditions(repeat.while, joinPath(place, "while"), "it is never done");
      if ("until" in repeat) this.#conditions(repeat.until, joinPath(place, "until"), "it never ends");
      this.#block(action.do, joinPath(path, "do"));
      return false;
    }
    if ("parallel" in action) {
      for (const [index, branch] of action.parallel.entries())
        this.#block(branch, joinPath(joinPath(path, "parallel"), index));
    } else if ("sequence" in action) return this.#block(action.sequence, joinPath(path, "sequence"));
    else if ("condition" in action) {
      return (
        this.#conditions(action.condition, joinPath(path, "condition"), "the run ends here").holds === "never"
      );
    } else if ("wait_until" in action) {
      this.#conditions(action.wait_until, joinPath(path, "wait_until"), "it waits in vain");
    } else if ("wait_for" in action) {
      for (const [index, trigger] of action.wait_for.entries())
        this.#trigger(trigger, joinPath(joinPath(path, "wait_for"), index));
    } else if ("call" in action) this.#knows(action.call, joinPath(path, "call"));
    else if ("enable" in action) this.#switches(action.enable, joinPath(path, "enable"));
    else if ("disable" in action) this.#switches(action.disable, joinPath(path, "disable"));
    return false;
  }

  #choose(action: Extract<RuleAction, { choose: unknown }>, path: string): boolean {
    const earlier = new Map<string, number>();
    let decided: number | undefined;
    let allEnd = true;
    for (const [index, { do: actions, when }] of action.choose.entries()) {
      const place = joinPath(joinPath(path, "choose"), index);
      const same = earlier.get(JSON.stringify(when));
      if (decided !== undefined) this.#tell(place, `is never reached: choose[${decided}] always holds`);
      else if (same !== undefined)
        this.#tell(place, `is never reached: choose[${same}] has the same conditions`);
      else earlier.set(JSON.stringify(when), index);
      const verdict = this.#conditions(when, joinPath(place, "when"), "the branch is never done");
      if (verdict.holds === "always") decided ??= index;
      allEnd = this.#block(actions, joinPath(place, "do")) && allEnd;
    }
    const otherwise =
      action.else === undefined ? decided !== undefined : this.#block(action.else, joinPath(path, "else"));
    if (decided !== undefined && action.else !== undefined) {
      this.#tell(joinPath(path, "else"), `is never reached: choose[${decided}] always holds`);
    }
    return allEnd && otherwise;
  }

  #switches(what: Extract<RuleAction, { enable: unknown }>["enable"], path: string): void {
    if (typeof what === "string" || Array.isArray(what)) {
      for (const id of [what].flat()) this.#knows(id, path);
    } else if (!this.#surroundings.groups.has(what.group))
      this.#tell(path, `no rule is in the group "${what.group}"`);
  }
}

/** Of an area or a tag nobody knows what its Things will be. */
function referencesOf(property: Properties): readonly string[] {
  return typeof property === "string" ? [property] : Array.isArray(property) ? property : [];
}
