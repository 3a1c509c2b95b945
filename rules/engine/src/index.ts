export { type CompileOptions, compile } from "./compile.ts";
export type { Effect, Observation, RuleEvent, StepResult, Trace, World } from "./events.ts";
export type { HouseView } from "./house-view.ts";
export type { BrokenRule, CompiledRule, Program, RuleProblem, RuleSource } from "./program.ts";
export { RuleRunner } from "./rule-runner.ts";
export { RuleState } from "./rule-state.ts";
export { step } from "./step.ts";
