export type { CelScope } from "./evaluation.ts";
export { type CelExpression, compileCel, evaluateCel } from "./expression.ts";
export type { CelEnvironment } from "./linked.ts";
export { type CelTemplate, compileValue, evaluateTemplate } from "./template.ts";
export { CelTimestamp, type CelType, type CelValue } from "./value.ts";
