import type { Ms, TestCheck, TestStep } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { PropertyTarget } from "../reference.ts";
import { nextTimeOfDay, type Point, pointOf, writeElapsed } from "./moments.ts";
import { judge, listDeeds } from "./test-checks.ts";
import { TestError } from "./test-error.ts";
import type { PlacedTest } from "./test-file.ts";
import { durationOf, prepare, type TestSetting, TestStage } from "./test-stage.ts";
import type { TimelineEntry } from "./timeline.ts";
import { type Deed, RunawayError } from "./virtual-house.ts";

/** How far a test that failed looks on for what it missed. */
const LOOK_ON_MS: Ms = 86_400_000;
/** Time that one test may let pass. */
const MAX_ELAPSED_MS: Ms = 3_660 * 86_400_000;

export interface TestFailure {
  /** In the test file, from 1. */
  readonly line: number;
  readonly expected: string;
  readonly found: string;
}

export interface TestResult {
  readonly name: string;
  readonly line: number;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it is skipped. */
  readonly reason?: string;
  readonly failures: readonly TestFailure[];
  /** What happened. */
  readonly timeline: readonly TimelineEntry[];
  /** Virtual time that passed. */
  readonly elapsedMs: Ms;
}

/** Runs one test in a virtual house of its own. @returns what came of it; never throws for what a test or a rule says. */
export function runRuleTest(test: PlacedTest, setting: TestSetting): TestResult {
  const { skip, test: name } = test.document;
  const told = { name, line: test.line("") };
  if (skip !== undefined && skip !== false) {
    const reason = typeof skip === "string" ? { reason: skip } : {};
    return { ...told, status: "skipped", ...reason, failures: [], timeline: [], elapsedMs: 0 };
  }
  const failures: TestFailure[] = [];
  let stage: TestStage | undefined;
  try {
    stage = new TestStage(test.document, setting, prepare(test.document, setting));
    new TestRun(test, stage, failures).play();
  } catch (error) {
    if (!(error instanceof TestError) && !(error instanceof RunawayError)) throw error;
    const [path, expected] =
      error instanceof TestError ? [error.path, error.expected] : ["", "the rules to come to rest"];
    failures.push({ line: test.line(path), expected, found: error.message });
  }
  return {
    ...told,
    status: failures.length === 0 ? "passed" : "failed",
    failures,
    timeline: stage?.timeline.entries ?? [],
    elapsedMs: stage?.house.clock.elapsedMs ?? 0,
  };
}

class TestRun {
  readonly #failures: TestFailure[];
  readonly #test: PlacedTest;
  readonly #stage: TestStage;
  readonly #named = new Set<Deed>();
  #since = { deeds: 0, firings: 0 };
  /** When the latest thing happened. */
  #from: Ms = 0;

  constructor(test: PlacedTest, stage: TestStage, failures: TestFailure[]) {
    this.#test = test;
    this.#stage = stage;
    this.#failures = failures;
  }

  get #now(): Ms {
    return this.#stage.house.clock.elapsedMs;
  }

  #fail(path: string, { expected, found }: { readonly expected: string; readonly found: string }): void {
    this.#failures.push({ line: this.#test.line(path), expected, found });
  }

  play(): void {
    const { document } = this.#test;
    const { deeds, house, timeline } = this.#stage;
    for (const [reference, value] of Object.entries(document.given ?? {})) {
      const { property, thing, value: fitting } = this.#stage.value(reference, value, "given");
      house.know(thing, property, { value: fitting, quality: "good" });
      timeline.note(`given ${thing}/${property} = ${writeValue(fitting)}`);
    }
    const { broken } = house.program;
    for (const { file, problems } of broken) {
      const [first] = problems;
      const where = first?.path === undefined || first.path === "" ? file : `${file}: ${first.path}`;
      this.#fail("", { expected: "sound rules", found: `${where}: ${first?.problem ?? "broken"}` });
    }
    if (broken.length > 0) return;
    if (house.program.rules.size === 0) {
      this.#fail("", { expected: "rules to test", found: "none in the files" });
      return;
    }
    for (const [provider, way] of Object.entries(document.bridges ?? {})) {
      house.meet({ kind: "bridge", provider, online: way === "online" }); // The rules have not begun.
    }
    house.start();
    for (const [index, step] of (document.when ?? []).entries()) {
      this.#step(step, `when[${index}]`);
      if (this.#failures.length > 0) return;
    }
    if (document.then !== undefined) this.#then(document.then, "then");
    if (document.exactly === true && this.#failures.length === 0) {
      const rest = deeds.filter((deed) => !this.#named.has(deed));
      if (rest.length > 0) {
        this.#fail("exactly", { expected: "exactly what the checks name", found: listDeeds(rest) });
      }
    }
  }

  #step(step: TestStep, path: string): void {
    if ("wait" in step) {
      this.#pass(durationOf(step.wait), path);
      return;
    }
    if ("until" in step) {
      this.#reach(pointOf(step.until), `${path}.until`);
      return;
    }
    if (step.at !== undefined && step.after !== undefined) {
      throw new TestError(path, { expected: "at or after", found: "both" });
    }
    if (step.after !== undefined) this.#pass(durationOf(step.after), `${path}.after`);
    if (step.at !== undefined) this.#reach(pointOf(step.at), `${path}.at`);
    if ("then" in step) this.#then(step.then, `${path}.then`);
    else {
      this.#stage.happen(step, path);
      this.#from = this.#now; // After a power cut that is when the gateway is back.
    }
  }

  #then(checks: readonly TestCheck[], path: string): void {
    const points = checks.map((check) =>
      "at" in check && check.at !== undefined ? this.#elapsedAt(pointOf(check.at)) : undefined,
    );
    for (const [index, check] of checks.entries()) {
      const until =
        "within" in check && check.within !== undefined
          ? this.#from + durationOf(check.within)
          : points[index];
      if (until !== undefined && until > this.#now) this.#pass(until - this.#now, `${path}[${index}]`);
    }
    const evidence = {
      deeds: this.#stage.deeds,
      firings: this.#stage.firings,
      since: this.#since,
      from: this.#from,
      named: this.#named,
      resolve: (reference: string) => this.#stage.target(reference, path),
      read: ({ thing, property }: PropertyTarget) => this.#stage.house.read(thing, property),
      running: (rule: string) => this.#stage.house.status(rule)?.running,
    };
    const missed = checks.map((check, index) => judge(check, { ...evidence, at: points[index] }));
    const looksOn = missed.flat().some(({ wanted }) => wanted !== undefined);
    const later = looksOn ? this.#lookOn(missed.flat().flatMap(({ wanted }) => wanted ?? [])) : undefined;
    for (const [index, misses] of missed.entries()) {
      for (const { expected, found, wanted } of misses) {
        const after = wanted === undefined ? undefined : later?.find(wanted);
        const hint = after === undefined ? "" : `; it comes at ${writeElapsed(after.at)}`;
        this.#fail(`${path}[${index}]`, { expected, found: `${found}${hint}` });
      }
    }
    this.#since = { deeds: this.#stage.deeds.length, firings: this.#stage.firings.length };
  }

  /** What comes later, for a test that failed already. */
  #lookOn(wanted: readonly ((deed: Deed) => boolean)[]): readonly Deed[] {
    const first = this.#stage.deeds.length;
    const end = this.#stage.house.clock.monotonic + LOOK_ON_MS;
    this.#stage.timeline.note("the checks look");
    for (let left = 1_000; left > 0; left--) {
      const next = this.#stage.house.nextWakeup;
      if (next === undefined || next > end) break;
      if (wanted.every((one) => this.#stage.deeds.slice(first).some(one))) break;
      this.#stage.house.advanceTo(next);
    }
    return this.#stage.deeds.slice(first);
  }

  #pass(durationMs: Ms, path: string): void {
    if (this.#now + durationMs > MAX_ELAPSED_MS) {
      throw new TestError(path, { expected: "a test of at most ten years", found: "a longer one" });
    }
    this.#stage.house.advance(durationMs);
  }

  #reach(point: Point, path: string): void {
    const at = this.#elapsedAt(point);
    if (at < this.#now - 0.001) {
      const found = `it is ${writeElapsed(this.#now)} already`;
      throw new TestError(path, { expected: `${writeElapsed(at)} to be still to come`, found });
    }
    this.#pass(Math.max(0, at - this.#now), path);
  }

  #elapsedAt(point: Point): Ms {
    if ("elapsedMs" in point) return point.elapsedMs;
    const { wall } = this.#stage.house.clock;
    const next = nextTimeOfDay(this.#stage.calendar, point.secondOfDay, wall);
    return this.#now + (next - wall);
  }
}
