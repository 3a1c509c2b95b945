export { writeElapsed } from "./moments.ts";
export { runRuleTest, type TestFailure, type TestResult } from "./run-test.ts";
export { type ParsedTestFile, parseTestFile, type TestFileProblem } from "./test-file.ts";
export type { TimelineEntry } from "./timeline.ts";
