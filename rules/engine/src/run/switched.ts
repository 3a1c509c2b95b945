import type { CompiledRule } from "../program.ts";
import type { RuleState } from "../rule-state.ts";
import type { Visit } from "../visit.ts";

/** Whether a rule may fire: as its file says, unless it was switched since. */
export function isEnabled(rule: CompiledRule, state: RuleState | undefined): boolean {
  const { switched } = state ?? {};
  return switched !== undefined && switched.file === rule.enabled ? switched.enabled : rule.enabled;
}

/** Whether nothing of the rule may begin: it is off, or a run of this visit has just switched it off. */
export function isSwitchedOff(visit: Visit, rule: CompiledRule): boolean {
  return !isEnabled(rule, visit.state) || disablesItself(visit, rule);
}

/** Whether a run of this visit switched its own rule off: errands are run after the visit, and nothing is to begin before. */
function disablesItself({ errands, id }: Visit, { group }: CompiledRule): boolean {
  return errands.some(
    (errand) =>
      errand.kind === "control" &&
      errand.control.do === "disable" &&
      (errand.group === undefined ? errand.rules.includes(id) : errand.group === group),
  );
}
