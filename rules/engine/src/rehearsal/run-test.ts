import {
  type ClockTrust,
  checkValue,
  type EpochMs,
  type Json,
  type Ms,
  parseDuration,
  type RuleTest,
  type TestAnswer,
  type TestCheck,
  type TestStep,
  type Thing,
} from "@tram/protocol";
import { Calendar, isTimezone } from "../calendar.ts";
import { compile } from "../compile.ts";
import { writeValue } from "../describe-value.ts";
import type { RuleSource } from "../program.ts";
import { type PropertyTarget, resolveReference } from "../reference.ts";
import { type Point, pointOf, startOf, writeElapsed } from "./moments.ts";
import { type Firing, judge, listDeeds } from "./test-checks.ts";
import { TestError } from "./test-error.ts";
import type { PlacedTest } from "./test-file.ts";
import { makeThing } from "./test-things.ts";
import { Timeline, type TimelineEntry } from "./timeline.ts";
import { type Answer, type Deed, RunawayError, type SetEffect, VirtualHouse } from "./virtual-house.ts";

/** So long after a start of the gateway its devices are heard again. */
const COME_BACK_MS: Ms = 1_000;
/** How far a test that failed looks on for what it missed. */
const LOOK_ON_MS: Ms = 86_400_000;
/** Time that one test may let pass. */
const MAX_ELAPSED_MS: Ms = 3_660 * 86_400_000;

/** What a test meets, besides what it says itself. */
export interface TestSetting {
  readonly sources: readonly RuleSource[];
  /** Those of the gateway; a test's own go before them. */
  readonly things: readonly Thing[];
  readonly timezone: string;
}

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
  let run: TestRun | undefined;
  try {
    run = new TestRun(test, setting, { ...prepare(test.document, setting), failures });
    run.play();
  } catch (error) {
    if (!(error instanceof TestError) && !(error instanceof RunawayError)) throw error;
    const [path, expected] =
      error instanceof TestError ? [error.path, error.expected] : ["", "the rules to come to rest"];
    failures.push({ line: test.line(path), expected, found: error.message });
  }
  const { elapsedMs = 0, timeline = [] } = run ?? {};
  return { ...told, status: failures.length === 0 ? "passed" : "failed", failures, timeline, elapsedMs };
}

interface Prepared {
  readonly things: ReadonlyMap<string, Thing>;
  readonly calendar: Calendar;
  readonly wall: EpochMs;
}

/** @throws TestError when the test asks for a house that cannot be. */
function prepare(document: RuleTest, setting: TestSetting): Prepared {
  const { start, timezone = setting.timezone } = document;
  if (!isTimezone(timezone)) {
    throw new TestError("timezone", { expected: "an IANA time zone", found: writeValue(timezone) });
  }
  const calendar = new Calendar(timezone);
  const wall = startOf(start, calendar);
  if (wall === undefined) {
    throw new TestError("start", { expected: "a moment that is in the calendar", found: writeValue(start) });
  }
  return { things: thingsOf(document, setting.things), calendar, wall };
}

class TestRun {
  readonly #failures: TestFailure[];
  readonly #test: PlacedTest;
  readonly #things: ReadonlyMap<string, Thing>;
  readonly #house: VirtualHouse;
  readonly #timeline: Timeline;
  readonly #calendar: Calendar;
  readonly #answers: Map<string, TestAnswer>;
  readonly #deeds: Deed[] = [];
  readonly #firings: Firing[] = [];
  readonly #named = new Set<Deed>();
  #since = { deeds: 0, firings: 0 };
  /** When the latest thing happened. */
  #from: Ms = 0;

  constructor(
    test: PlacedTest,
    setting: TestSetting,
    { calendar, failures, things, wall }: Prepared & { readonly failures: TestFailure[] },
  ) {
    const { clock, devices_back: back, respond } = test.document;
    const { timezone } = calendar;
    this.#test = test;
    this.#failures = failures;
    this.#things = things;
    this.#calendar = calendar;
    this.#answers = new Map(Object.entries(respond ?? {}));
    this.#house = new VirtualHouse({
      compile: (house, previous) =>
        compile(setting.sources, { house, timezone, ...(previous === undefined ? {} : { previous }) }),
      things: this.#things.values(),
      wall,
      ...(clock === undefined ? {} : { trust: clock }),
      comeBackMs: back === false ? undefined : back === undefined ? COME_BACK_MS : parseDuration(back),
      answer: (command) => this.#answer(command),
      listener: {
        event: (event) => this.#timeline.event(event),
        trace: (rule, trace) => {
          if (trace.outcome === "fired") this.#firings.push({ at: this.#now, rule });
          this.#timeline.trace(rule, trace);
        },
        deed: (deed) => {
          this.#deeds.push(deed);
          this.#timeline.deed(deed.effect);
        },
      },
    });
    const { clock: clocks } = this.#house;
    this.#timeline = new Timeline(() => ({ at: clocks.elapsedMs, wall: clocks.wall }));
  }

  get timeline(): readonly TimelineEntry[] {
    return this.#timeline.entries;
  }

  get elapsedMs(): Ms {
    return this.#now;
  }

  get #now(): Ms {
    return this.#house.clock.elapsedMs;
  }

  #fail(path: string, { expected, found }: { readonly expected: string; readonly found: string }): void {
    this.#failures.push({ line: this.#test.line(path), expected, found });
  }

  play(): void {
    const { document } = this.#test;
    for (const [reference, value] of Object.entries(document.given ?? {})) {
      const { property, thing, value: fitting } = this.#value(reference, value, "given");
      this.#house.know(thing, property, { value: fitting, quality: "good" });
      this.#timeline.note(`given ${thing}/${property} = ${writeValue(fitting)}`);
    }
    const { broken } = this.#house.program;
    for (const { file, problems } of broken) {
      const [first] = problems;
      const where = first?.path === undefined || first.path === "" ? file : `${file}: ${first.path}`;
      this.#fail("", { expected: "sound rules", found: `${where}: ${first?.problem ?? "broken"}` });
    }
    if (broken.length > 0) return;
    if (this.#house.program.rules.size === 0) {
      this.#fail("", { expected: "rules to test", found: "none in the files" });
      return;
    }
    this.#house.start();
    for (const [index, step] of (document.when ?? []).entries()) {
      this.#step(step, `when[${index}]`);
      if (this.#failures.length > 0) return;
    }
    if (document.then !== undefined) this.#then(document.then, "then");
    if (document.exactly === true && this.#failures.length === 0) {
      const rest = this.#deeds.filter((deed) => !this.#named.has(deed));
      if (rest.length > 0) {
        this.#fail("exactly", { expected: "exactly what the checks name", found: listDeeds(rest) });
      }
    }
  }

  #step(step: TestStep, path: string): void {
    if ("wait" in step) {
      this.#pass(ms(step.wait), path);
      return;
    }
    if ("until" in step) {
      this.#reach(pointOf(step.until), `${path}.until`);
      return;
    }
    if (step.at !== undefined && step.after !== undefined) {
      throw new TestError(path, { expected: "at or after", found: "both" });
    }
    if (step.after !== undefined) this.#pass(ms(step.after), `${path}.after`);
    if (step.at !== undefined) this.#reach(pointOf(step.at), `${path}.at`);
    if ("then" in step) this.#then(step.then, `${path}.then`);
    else {
      this.#happen(step, path);
      this.#from = this.#now; // After a power cut that is when the gateway is back.
    }
  }

  #happen(
    step: Exclude<TestStep, { then: unknown } | { wait: unknown } | { until: unknown }>,
    path: string,
  ): void {
    const house = this.#house;
    if ("report" in step) {
      const { quality = "good" } = step;
      for (const [reference, value] of Object.entries(step.report)) {
        const found = this.#value(reference, value, `${path}.report`, quality === "bad");
        house.report(found.thing, found.property, found.value, { quality });
      }
    } else if ("unavailable" in step)
      for (const thing of [step.unavailable].flat()) house.lose(this.#thing(thing, path));
    else if ("available" in step)
      for (const thing of [step.available].flat()) house.find(this.#thing(thing, path));
    else if ("power_cut" in step) {
      this.#timeline.note(`the power goes off for ${step.power_cut}`);
      house.powerCut(ms(step.power_cut), step.clock);
    } else if ("restart" in step) house.restart();
    else if ("clock" in step) this.#setClock(step.clock);
    else for (const [thing, answer] of Object.entries(step.respond)) this.#answers.set(thing, answer);
  }

  #setClock(clock: ClockTrust | { readonly step: string; readonly trust?: ClockTrust }): void {
    const { step, trust } = typeof clock === "string" ? { step: "0s", trust: clock } : clock;
    const sign = step.startsWith("-") ? -1 : 1;
    this.#house.step(sign * ms(step.replace(/^[+-]/, "")), trust);
  }

  #then(checks: readonly TestCheck[], path: string): void {
    const points = checks.map((check, index) =>
      "at" in check && check.at !== undefined
        ? this.#elapsedAt(pointOf(check.at), `${path}[${index}].at`)
        : undefined,
    );
    for (const [index, check] of checks.entries()) {
      const until =
        "within" in check && check.within !== undefined ? this.#from + ms(check.within) : points[index];
      if (until !== undefined && until > this.#now) this.#pass(until - this.#now, `${path}[${index}]`);
    }
    const evidence = {
      deeds: this.#deeds,
      firings: this.#firings,
      since: this.#since,
      from: this.#from,
      named: this.#named,
      resolve: (reference: string) => this.#target(reference, path),
      read: ({ thing, property }: PropertyTarget) => this.#house.read(thing, property),
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
    this.#since = { deeds: this.#deeds.length, firings: this.#firings.length };
  }

  /** What comes later, for a test that failed already. */
  #lookOn(wanted: readonly ((deed: Deed) => boolean)[]): readonly Deed[] {
    const first = this.#deeds.length;
    const end = this.#house.clock.monotonic + LOOK_ON_MS;
    this.#timeline.note("the checks look");
    for (let left = 1_000; left > 0; left--) {
      const next = this.#house.nextWakeup;
      if (next === undefined || next > end) break;
      if (wanted.every((one) => this.#deeds.slice(first).some(one))) break;
      this.#house.advanceTo(next);
    }
    return this.#deeds.slice(first);
  }

  #pass(durationMs: Ms, path: string): void {
    if (this.#now + durationMs > MAX_ELAPSED_MS) {
      throw new TestError(path, { expected: "a test of at most ten years", found: "a longer one" });
    }
    this.#house.advance(durationMs);
  }

  #reach(point: Point, path: string): void {
    const at = this.#elapsedAt(point, path);
    if (at < this.#now - 0.001) {
      const found = `it is ${writeElapsed(this.#now)} already`;
      throw new TestError(path, { expected: `${writeElapsed(at)} to be still to come`, found });
    }
    this.#pass(Math.max(0, at - this.#now), path);
  }

  #elapsedAt(point: Point, path: string): Ms {
    if ("elapsedMs" in point) return point.elapsedMs;
    const { wall } = this.#house.clock;
    const next = this.#calendar.next(point.secondOfDay, wall - 1);
    if (next === undefined)
      throw new TestError(path, { expected: "a time of day", found: "the end of the calendar" });
    return this.#now + (next - wall);
  }

  #thing(id: string, path: string): string {
    if (this.#things.has(id) || this.#things.size === 0) return id;
    throw new TestError(path, { expected: "a Thing of the test", found: `unknown Thing "${id}"` });
  }

  #target(reference: string, path: string): PropertyTarget {
    const found = resolveReference(reference, { thing: (id) => this.#things.get(id) });
    if (found.kind === "found") return found.target;
    const why =
      found.kind === "problem" ? found.problem : `unknown Thing "${found.thing}": describe it under things:`;
    throw new TestError(path, { expected: "a property", found: `${reference}: ${why}` });
  }

  #value(
    reference: string,
    value: Json,
    path: string,
    misfit = false,
  ): PropertyTarget & { readonly value: Json } {
    const target = this.#target(reference, path);
    const affordance = this.#things.get(target.thing)?.properties[target.property];
    if (affordance === undefined || misfit) return { ...target, value };
    const checked = checkValue(affordance, value);
    if (checked.ok) return { ...target, value: checked.value };
    throw new TestError(path, { expected: `a value of ${reference}`, found: checked.problem });
  }

  #answer({ thing }: SetEffect): Answer {
    const answer = this.#answers.get(thing) ?? true;
    if (answer === false) return { kind: "silent" };
    if (answer === "fail") return { kind: "refuse", reason: `${thing} refuses` };
    return { kind: "confirm", afterMs: answer === true ? 0 : ms(answer) };
  }
}

function thingsOf({ things }: RuleTest, known: readonly Thing[]): ReadonlyMap<string, Thing> {
  const all = new Map(known.map((thing) => [thing.id, thing]));
  for (const [id, written] of Object.entries(things ?? {})) {
    const made = makeThing(id, written);
    if (made.thing === undefined)
      throw new TestError(`things.${id}`, { expected: "a Thing", found: made.problem });
    all.set(id, made.thing);
  }
  return all;
}

/** Of a text that the schema checked. */
function ms(duration: string): Ms {
  return parseDuration(duration) ?? 0;
}
