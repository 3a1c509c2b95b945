import { formatDuration, type Json, jsonEqual, type Ms, parseDuration, type TestCheck } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Observation } from "../events.ts";
import type { PropertyTarget } from "../reference.ts";
import { describeEffect } from "./deeds.ts";
import { writeElapsed } from "./moments.ts";
import type { Deed } from "./virtual-house.ts";

/** Virtual clocks are exact, plans on the wall clock are to fractions of a millisecond. */
const EXACT_MS: Ms = 50;

/** A rule that fired. */
export interface Firing {
  readonly at: Ms;
  readonly rule: string;
}

/** What a check may look at. */
export interface Evidence {
  /** All deeds so far, the oldest first. */
  readonly deeds: readonly Deed[];
  readonly firings: readonly Firing[];
  /** Where in them the time since the check before begins. */
  readonly since: { readonly deeds: number; readonly firings: number };
  /** When the latest thing happened before the check. */
  readonly from: Ms;
  /** Deeds that a check has named already: each counts once. */
  readonly named: Set<Deed>;
  /** Time since the beginning that `at` of the check means. */
  readonly at: Ms | undefined;
  readonly resolve: (reference: string) => PropertyTarget | undefined;
  readonly read: (target: PropertyTarget) => Observation | undefined;
  /** `undefined` of a rule that is not there. */
  readonly running: (rule: string) => boolean | undefined;
}

/** Why a check does not hold. */
export interface Miss {
  readonly expected: string;
  readonly found: string;
  /** Tells whether a deed that comes later would have been the one. */
  readonly wanted?: (deed: Deed) => boolean;
}

/** @returns why the check does not hold; nothing when it does. */
export function judge(check: TestCheck, evidence: Evidence): readonly Miss[] {
  const { deeds, firings, since } = evidence;
  const recent = deeds.slice(since.deeds);
  if ("command" in check) return commands(check, evidence);
  if ("no command" in check) return noCommands(check["no command"], recent, evidence);
  if ("notify" in check || "invoke" in check || "publish" in check || "http" in check) {
    return once({ check, evidence, ...wish(check) });
  }
  if ("no notify" in check) {
    const text = check["no notify"] === true ? "" : check["no notify"];
    const found = recent.filter(({ effect }) => effect.kind === "notify" && effect.text.includes(text));
    const expected = text === "" ? "no notification" : `no notification with ${writeValue(text)}`;
    return found.length === 0 ? [] : [{ expected, found: listDeeds(found) }];
  }
  if ("fired" in check) return fired(check, evidence);
  if ("not fired" in check) {
    const rules = [check["not fired"]].flat();
    const found = firings.slice(since.firings).filter(({ rule }) => rules.includes(rule));
    if (found.length === 0) return [];
    const times = found.map(({ at, rule }) => `${rule} at ${writeElapsed(at)}`);
    return [{ expected: `${rules.join(" and ")} not to fire`, found: times.slice(0, 8).join(", ") }];
  }
  if ("running" in check || "not running" in check) return runs(check, evidence);
  if ("state" in check) return states(check.state, evidence);
  return recent.length === 0 ? [] : [{ expected: "nothing to be done", found: listDeeds(recent) }];
}

type Wished = Extract<
  TestCheck,
  { notify: unknown } | { invoke: unknown } | { publish: unknown } | { http: unknown }
>;

/** What a check that is about one deed, and not about a property, looks for. */
function wish(check: Wished): Pick<Search, "wanted" | "what" | "others"> {
  const like = (expected: Json | undefined, found: Json | undefined): boolean =>
    expected === undefined || (found !== undefined && jsonEqual(asData(found), expected));
  const by = ({ effect }: Deed): boolean => check.by === undefined || effect.rule === check.by;
  const of = (kind: Deed["effect"]["kind"]) => (deed: Deed) => deed.effect.kind === kind;
  if ("notify" in check) {
    const { level, notify } = check;
    return {
      wanted: (deed) =>
        by(deed) &&
        deed.effect.kind === "notify" &&
        deed.effect.text.includes(notify) &&
        (level === undefined || deed.effect.level === level),
      what: `a notification with ${writeValue(notify)}${level === undefined ? "" : `, ${level}`}`,
      others: of("notify"),
    };
  }
  if ("invoke" in check) {
    const { input, invoke } = check;
    return {
      wanted: (deed) =>
        by(deed) &&
        deed.effect.kind === "invoke" &&
        `${deed.effect.thing}/${deed.effect.action}` === invoke &&
        like(input, deed.effect.input),
      what: `the action ${invoke}${input === undefined ? "" : ` with ${writeValue(input)}`}`,
      others: of("invoke"),
    };
  }
  if ("publish" in check) {
    const { payload, publish } = check;
    return {
      wanted: (deed) =>
        by(deed) &&
        deed.effect.kind === "publish" &&
        deed.effect.topic === publish &&
        (like(payload, deed.effect.payload) || deed.effect.payload === payload),
      what: `a message to ${publish}${payload === undefined ? "" : ` with ${writeValue(payload)}`}`,
      others: of("publish"),
    };
  }
  const { body, http, method } = check;
  return {
    wanted: (deed) =>
      by(deed) &&
      deed.effect.kind === "http" &&
      deed.effect.url.includes(http) &&
      (method === undefined || deed.effect.method === method) &&
      (like(body, deed.effect.body) || deed.effect.body === body),
    what: `a request ${method === undefined ? "" : `${method} `}to ${http}`,
    others: of("http"),
  };
}

/** A text that is JSON, as what it says: payloads and bodies are texts on the wire. */
function asData(value: Json): Json {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function runs(
  check: Extract<TestCheck, { running: unknown } | { "not running": unknown }>,
  { running }: Evidence,
): readonly Miss[] {
  const wanted = "running" in check;
  return [wanted ? check.running : check["not running"]].flat().flatMap((rule) => {
    const found = running(rule);
    if (found === wanted) return [];
    const said = found === undefined ? "there is no such rule" : found ? "it is" : "it is not";
    return [{ expected: `${rule} ${wanted ? "" : "not "}to be in the middle of a run`, found: said }];
  });
}

type Commanded = Extract<TestCheck, { command: unknown }>;

function commands(check: Commanded, evidence: Evidence): readonly Miss[] {
  return Object.entries(check.command).flatMap(([reference, value]) => {
    const target = evidence.resolve(reference);
    const isFor = (deed: Deed): boolean =>
      isSet(deed, target) && (check.by ?? deed.effect.rule) === deed.effect.rule;
    return once({
      check,
      evidence,
      wanted: (deed) => isFor(deed) && deed.effect.kind === "set" && jsonEqual(deed.effect.value, value),
      what: `the command ${reference} = ${writeValue(value)}`,
      others: isFor,
    });
  });
}

function noCommands(
  unwanted: string | readonly string[] | Readonly<Record<string, Json>>,
  recent: readonly Deed[],
  { resolve }: Evidence,
): readonly Miss[] {
  const list: readonly (readonly [string, Json?])[] =
    typeof unwanted === "string"
      ? [[unwanted]]
      : isList(unwanted)
        ? unwanted.map((reference) => [reference])
        : Object.entries(unwanted);
  return list.flatMap(([reference, value]) => {
    const target = resolve(reference);
    const found = recent.filter(
      (deed) =>
        isSet(deed, target) &&
        (value === undefined || (deed.effect.kind === "set" && jsonEqual(deed.effect.value, value))),
    );
    const what = value === undefined ? reference : `${reference} = ${writeValue(value)}`;
    return found.length === 0 ? [] : [{ expected: `no command ${what}`, found: listDeeds(found) }];
  });
}

function fired(
  check: Extract<TestCheck, { fired: unknown }>,
  { at, firings, since }: Evidence,
): readonly Miss[] {
  const own = firings.filter(({ rule }) => rule === check.fired);
  const recent = firings.slice(since.firings).filter(({ rule }) => rule === check.fired);
  const matching = at === undefined ? recent : own.filter((one) => Math.abs(one.at - at) <= EXACT_MS);
  if (check.times === undefined ? matching.length > 0 : matching.length === check.times) return [];
  const times = check.times === undefined ? "" : ` ${check.times} ${check.times === 1 ? "time" : "times"}`;
  const when = at === undefined ? "" : ` at ${writeElapsed(at)}`;
  const found =
    own.length === 0
      ? "it did not"
      : `it fired at ${own
          .map((one) => writeElapsed(one.at))
          .slice(-8)
          .join(", ")}`;
  return [{ expected: `${check.fired} to fire${times}${when}`, found }];
}

function states(wanted: Readonly<Record<string, Json>>, { read, resolve }: Evidence): readonly Miss[] {
  return Object.entries(wanted).flatMap(([reference, value]) => {
    const target = resolve(reference);
    const known = target === undefined ? undefined : read(target);
    if (known !== undefined && jsonEqual(known.value, value)) return [];
    const found =
      known === undefined ? "it is not known" : `it is ${writeValue(known.value)} (${known.quality})`;
    return [{ expected: `${reference} to be ${writeValue(value)}`, found }];
  });
}

interface Search {
  readonly check: { readonly within?: string; readonly at?: string };
  readonly evidence: Evidence;
  readonly wanted: (deed: Deed) => boolean;
  readonly what: string;
  /** Deeds that are worth to be told of when there is none that is wanted. */
  readonly others: (deed: Deed) => boolean;
}

/** Finds a deed that no check has named, and names it. */
function once({ check, evidence, others, wanted, what }: Search): readonly Miss[] {
  const { at, deeds, from, named, since } = evidence;
  const withinMs = check.within === undefined ? undefined : parseDuration(check.within);
  const inTime = (deed: Deed): boolean => {
    if (at !== undefined) return Math.abs(deed.at - at) <= EXACT_MS;
    return withinMs === undefined || (deed.at >= from && deed.at <= from + withinMs + EXACT_MS);
  };
  const field = at === undefined ? deeds.slice(since.deeds) : deeds;
  const match = field.find((deed) => !named.has(deed) && inTime(deed) && wanted(deed));
  if (match !== undefined) {
    named.add(match);
    return [];
  }
  const when =
    at !== undefined
      ? ` at ${writeElapsed(at)}`
      : withinMs === undefined
        ? ""
        : ` within ${formatDuration(withinMs)} of ${writeElapsed(from)}`;
  const near = deeds.filter(others).slice(-8);
  const found = near.length === 0 ? "nothing of the kind" : listDeeds(near);
  return [{ expected: `${what}${when}`, found, wanted }];
}

/** Deeds with their times, in one line. */
export function listDeeds(deeds: readonly Deed[]): string {
  const told = deeds
    .slice(0, 8)
    .map(({ at, effect }) => `${describeEffect(effect)} at ${writeElapsed(at)} (${effect.rule})`);
  return deeds.length > 8 ? `${told.join(", ")} and ${deeds.length - 8} more` : told.join(", ");
}

function isSet({ effect }: Deed, target: PropertyTarget | undefined): boolean {
  return (
    effect.kind === "set" &&
    target !== undefined &&
    effect.thing === target.thing &&
    effect.property === target.property
  );
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
