export { DURATION_OR_TEMPLATE_PATTERN, type RepeatHow, type RuleAction } from "./actions.ts";
export type { RuleCondition } from "./conditions.ts";
export { EDITOR_SCHEMAS } from "./editor-schema.ts";
export {
  PATTERN_FIELD_PATTERN,
  PROPERTY_REFERENCE_PATTERN,
  type Properties,
  type Scalar,
  type Scalars,
  type Selector,
  SIGNED_DURATION_PATTERN,
  type SunEvent,
  type SunMoment,
  type Things,
  TIME_OF_DAY_PATTERN,
  VARIABLE_PATTERN,
  type Week,
  WINDOW_PATTERN,
} from "./parts.ts";
export { Rule, RuleFile } from "./rule.ts";
export {
  RuleTest,
  RuleTestDefaults,
  TEST_POINT_PATTERN,
  TEST_START_PATTERN,
  TestAnswer,
  TestCheck,
  TestHttpAnswer,
  TestProperty,
  TestStep,
  TestThing,
} from "./rule-test.ts";
export type { RuleTrigger } from "./triggers.ts";
