export { type ConformanceCheck, moduleConformance } from "./conformance.ts";
export { checkQuality, Quality, type QualityCheck, RULE_IDS } from "./quality.ts";
export type { CommandExample, ConformanceOptions } from "./rule.ts";
