export { compareActions, type Difference } from "./compare-actions.ts";
export { describeNotification, describeSet } from "./deeds.ts";
export { writeElapsed, writeWall } from "./moments.ts";
export { type Part, type Recorded, Replay } from "./replay.ts";
export { runRuleTest, type TestFailure, type TestResult } from "./run-test.ts";
export { type SimulatedMoment, simulate } from "./simulate.ts";
export { type ParsedTestFile, parseTestFile, type TestFileProblem } from "./test-file.ts";
export type { TimelineEntry } from "./timeline.ts";
export { VirtualHouse, type VirtualHouseOptions } from "./virtual-house.ts";
