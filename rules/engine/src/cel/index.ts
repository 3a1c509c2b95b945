export {
  type CelBudget,
  type CelScope,
  type HostFunctionName,
  MAX_LIST_LENGTH,
  MAX_TEXT_LENGTH,
} from "./evaluation.ts";
export {
  type CelCompiled,
  type CelExpression,
  type CelResult,
  compileCel,
  evaluateCel,
} from "./expression.ts";
export { MAX_SOURCE_LENGTH } from "./lexer.ts";
export type { CelEnvironment } from "./linked.ts";
export {
  type CelTemplate,
  type CelTemplateCompiled,
  compileTemplate,
  compileValue,
  evaluateTemplate,
} from "./template.ts";
export { CelDuration, CelTimestamp, type CelType, type CelValue } from "./value.ts";
