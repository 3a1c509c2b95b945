export { type CompileOptions, compile } from "./compile.ts";
export { checkRuleText, type RuleTextCheck } from "./edit/check-rule-text.ts";
export { renderDocument } from "./edit/render-document.ts";
export { addRule, removeRule, replaceRule, ruleTextOf, type TextResult } from "./edit/rule-file-text.ts";
export { outlineOf, type RuleChanges, type RuleOutline, ruleChanges } from "./edit/rule-outline.ts";
export { switchRule } from "./edit/switch-rule.ts";
export { unifiedDiff } from "./edit/unified-diff.ts";
export type {
  Control,
  Effect,
  Look,
  Observation,
  Outcome,
  RuleEvent,
  StepResult,
  Trace,
  World,
} from "./events.ts";
export type { Explanation } from "./explain/explain-rule.ts";
export type { HouseView } from "./house-view.ts";
export { type LastGood, lastGoodIn, lastGoodOf, type PastText } from "./last-good.ts";
export { MAX_FILE_LENGTH } from "./parse-file.ts";
export { membersOf } from "./placing.ts";
export type { BrokenRule, CompiledRule, Program, RuleProblem, RuleSource } from "./program.ts";
export { RuleRunner } from "./rule-runner.ts";
export { RuleState } from "./rule-state.ts";
export type { Place } from "./schedule/index.ts";
export { step } from "./step.ts";
export { matchesFilter } from "./trigger/topic-filter.ts";
