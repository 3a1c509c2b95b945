import {
  type Availability,
  type ClockTrust,
  checkValue,
  type EpochMs,
  type Json,
  type Ms,
  parseDuration,
  type RuleTest,
  type TestAnswer,
  type TestStep,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import { Calendar, isTimezone } from "../calendar.ts";
import { compile } from "../compile.ts";
import { writeValue } from "../describe-value.ts";
import type { Effect } from "../events.ts";
import type { Placing } from "../placing.ts";
import type { RuleSource } from "../program.ts";
import { type PropertyTarget, resolveReference } from "../reference.ts";
import type { Answer } from "./answers.ts";
import { startOf } from "./moments.ts";
import type { Firing } from "./test-checks.ts";
import { TestError } from "./test-error.ts";
import { makeThing } from "./test-things.ts";
import { Timeline } from "./timeline.ts";
import { type Deed, VirtualHouse } from "./virtual-house.ts";

/** So long after a start of the gateway its devices are heard again. */
const COME_BACK_MS: Ms = 1_000;

/** What happens in a test at its time. */
type Happening = Exclude<TestStep, { then: unknown } | { wait: unknown } | { until: unknown }>;

/** What a test meets, besides what it says itself. */
export interface TestSetting {
  readonly sources: readonly RuleSource[];
  /** Those of the gateway; a test's own go before them. */
  readonly things: readonly Thing[];
  readonly placings?: ReadonlyMap<string, Placing>;
  readonly timezone: string;
}

export interface Prepared {
  readonly things: ReadonlyMap<string, Thing>;
  readonly placings: ReadonlyMap<string, Placing>;
  readonly calendar: Calendar;
  readonly wall: EpochMs;
}

/** @throws TestError when the test asks for a house that cannot be. */
export function prepare(document: RuleTest, setting: TestSetting): Prepared {
  const { start, timezone = setting.timezone } = document;
  if (!isTimezone(timezone)) {
    throw new TestError("timezone", { expected: "an IANA time zone", found: writeValue(timezone) });
  }
  const calendar = new Calendar(timezone);
  const wall = startOf(start, calendar);
  if (wall === undefined) {
    throw new TestError("start", { expected: "a moment that is in the calendar", found: writeValue(start) });
  }
  const placings = new Map(setting.placings);
  for (const [id, written] of Object.entries(document.things ?? {})) {
    if (typeof written !== "string") placings.set(id, { area: written.area, tags: written.tags });
  }
  return { things: thingsOf(document, setting.things), placings, calendar, wall };
}

/** The house of a test, and what happens in it. */
export class TestStage {
  readonly house: VirtualHouse;
  readonly timeline: Timeline;
  readonly calendar: Calendar;
  readonly deeds: Deed[] = [];
  readonly firings: Firing[] = [];
  readonly #document: RuleTest;
  readonly #things: ReadonlyMap<string, Thing>;
  readonly #answers: Map<string, TestAnswer>;

  constructor(document: RuleTest, { sources }: TestSetting, { calendar, placings, things, wall }: Prepared) {
    const { clock, devices_back: back, location, respond } = document;
    const { timezone } = calendar;
    const [latitude, longitude] = location ?? [];
    const place = latitude === undefined || longitude === undefined ? {} : { place: { latitude, longitude } };
    this.calendar = calendar;
    this.#document = document;
    this.#things = things;
    this.#answers = new Map(Object.entries(respond ?? {}));
    this.house = new VirtualHouse({
      compile: (house, previous) =>
        compile(sources, { house, timezone, ...place, ...(previous === undefined ? {} : { previous }) }),
      things: things.values(),
      placings,
      wall,
      ...(clock === undefined ? {} : { trust: clock }),
      comeBackMs: back === false ? undefined : back === undefined ? COME_BACK_MS : parseDuration(back),
      answer: (effect) => this.#answer(effect),
      listener: {
        event: (event) => this.timeline.event(event),
        trace: (rule, trace) => {
          if (trace.outcome === "fired") this.firings.push({ at: clocks.elapsedMs, rule });
          this.timeline.trace(rule, trace);
        },
        deed: (deed) => {
          this.deeds.push(deed);
          this.timeline.deed(deed.effect);
        },
      },
    });
    const { clock: clocks } = this.house;
    this.timeline = new Timeline(() => ({ at: clocks.elapsedMs, wall: clocks.wall }));
  }

  /** Something happens, now. @throws TestError when it cannot. */
  happen(step: Happening, path: string): void {
    const house = this.house;
    if ("report" in step) this.#report(step, `${path}.report`);
    else if ("power_cut" in step) {
      this.timeline.note(`the power goes off for ${step.power_cut}`);
      house.powerCut(durationOf(step.power_cut), step.clock);
    } else if ("restart" in step) house.restart();
    else if ("clock" in step) this.#setClock(step.clock);
    else if ("respond" in step)
      for (const [id, answer] of Object.entries(step.respond)) this.#answers.set(id, answer);
    else if ("message" in step) {
      const { payload = "", topic } = step.message;
      house.meet({
        kind: "message",
        topic,
        payload: typeof payload === "string" ? payload : JSON.stringify(payload),
      });
    } else if ("webhook" in step) house.meet({ kind: "webhook", id: step.webhook, data: step.data ?? null });
    else if ("bridge" in step) {
      house.meet({ kind: "bridge", provider: step.provider ?? "cloud", online: step.bridge === "online" });
    } else if ("event" in step) this.#occur(step.event, `${path}.event`);
    else this.#change(step, path);
  }

  /** What is about several Things, or several rules. */
  #change(
    step: Extract<
      Happening,
      | { unavailable: unknown }
      | { available: unknown }
      | { availability: unknown }
      | { enable: unknown }
      | { disable: unknown }
      | { run: unknown }
    >,
    path: string,
  ): void {
    const reach = (ids: string | readonly string[], to: Availability): void => {
      for (const id of [ids].flat()) this.house.reach(this.#thing(id, path), to);
    };
    const control = (ids: string | readonly string[], what: "enable" | "disable" | "run"): void => {
      for (const id of [ids].flat()) this.house.control(this.#rule(id, path), { do: what, by: "api:test" });
    };
    if ("unavailable" in step) reach(step.unavailable, "lost");
    else if ("available" in step) reach(step.available, "ready");
    else if ("availability" in step) for (const [id, to] of Object.entries(step.availability)) reach(id, to);
    else if ("enable" in step) control(step.enable, "enable");
    else if ("disable" in step) control(step.disable, "disable");
    else control(step.run, "run");
  }

  #report({ quality = "good", report }: Extract<Happening, { report: unknown }>, path: string): void {
    for (const [reference, value] of Object.entries(report)) {
      const found = this.value(reference, value, path, quality === "bad");
      this.house.report(found.thing, found.property, found.value, { quality });
    }
  }

  #occur({ data = null, event, thing }: Extract<Happening, { event: unknown }>["event"], path: string): void {
    const at = this.house.clock.wall;
    const id = this.#thing(thing, path) as ThingId;
    this.house.meet({
      kind: "occurrence",
      event: { thing: id, event, data, time: at, receivedAt: at, origin: "device" },
    });
  }

  #setClock(clock: ClockTrust | { readonly step: string; readonly trust?: ClockTrust }): void {
    if (typeof clock === "string") {
      // The right time comes with the trust, as from a time server.
      this.house.step(clock === "untrusted" ? 0 : this.house.clock.lostMs, clock);
      return;
    }
    const { step, trust } = clock;
    const sign = step.startsWith("-") ? -1 : 1;
    this.house.step(sign * durationOf(step.replace(/^[+-]/, "")), trust);
  }

  #rule(id: string, path: string): string {
    if (this.house.status(id) !== undefined) return id;
    throw new TestError(path, { expected: "a rule of the files", found: `unknown rule "${id}"` });
  }

  #thing(id: string, path: string): string {
    if (this.#things.has(id) || this.#things.size === 0) return id;
    throw new TestError(path, { expected: "a Thing of the test", found: `unknown Thing "${id}"` });
  }

  /** @throws TestError for what is no property of a Thing of the test. */
  target(reference: string, path: string): PropertyTarget {
    const found = resolveReference(reference, { thing: (id) => this.#things.get(id) });
    if (found.kind === "found") return found.target;
    const why =
      found.kind === "problem" ? found.problem : `unknown Thing "${found.thing}": describe it under things:`;
    throw new TestError(path, { expected: "a property", found: `${reference}: ${why}` });
  }

  /** A value that the property may have, as its readings are. @throws TestError when it may not. */
  value(
    reference: string,
    value: Json,
    path: string,
    misfit = false,
  ): PropertyTarget & { readonly value: Json } {
    const target = this.target(reference, path);
    const affordance = this.#things.get(target.thing)?.properties[target.property];
    if (affordance === undefined || misfit) return { ...target, value };
    const checked = checkValue(affordance, value);
    if (checked.ok) return { ...target, value: checked.value };
    throw new TestError(path, { expected: `a value of ${reference}`, found: checked.problem });
  }

  #answer(effect: Effect): Answer {
    if (effect.kind === "http") return this.#answerOfServer(effect.url);
    const thing = effect.kind === "set" || effect.kind === "invoke" ? effect.thing : "";
    return answerOf(this.#answers.get(thing) ?? true, thing);
  }

  #answerOfServer(url: string): Answer {
    const found = Object.entries(this.#document.http ?? {}).find(([part]) => url.includes(part));
    const [part = "", answer = true] = found ?? [];
    if (typeof answer !== "object") return answerOf(answer, part);
    const { after = "0s", body = null, status = 200 } = answer;
    const value = { ok: status >= 200 && status < 300, status, body };
    return { kind: "confirm", afterMs: durationOf(after), value };
  }
}

function answerOf(answer: TestAnswer, who: string): Answer {
  if (answer === false) return { kind: "silent" };
  if (answer === "fail") return { kind: "fail", reason: `${who} fails` };
  return { kind: "confirm", afterMs: typeof answer === "string" ? durationOf(answer) : 0 };
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
export function durationOf(duration: string): Ms {
  return parseDuration(duration) ?? 0;
}
