import type { EpochMs, Ms, RuleId, RuleView, WhyView } from "@tram/protocol";
import type { Explanation, RuleRunner, Trace, World } from "@tram/rules";
import type { EventJournal } from "../event-journal/index.ts";
import { iso } from "../http/views.ts";
import { type PastRule, pastRule } from "./past-rule.ts";
import type { RuleTraces } from "./rule-traces.ts";
import { traceView } from "./trace-view.ts";
import { decisionWords, headlineNow, isDecision, noTrigger, whyText } from "./why-words.ts";

/** Lines of the diary this near to the time that is asked for belong to it. */
const NEAR_MS: Ms = 60_000;
const MOST_LINES = 20;

export interface WhyParts {
  readonly rule: RuleView;
  readonly runner: RuleRunner;
  readonly world: World;
  readonly traces: RuleTraces;
  /** Absent where nothing is recorded. */
  readonly journal: Pick<EventJournal, "read"> | undefined;
}

/** Tells why a rule does not fire now, or did not at a time of the past. */
export async function explainWhy(parts: WhyParts, at: EpochMs | undefined): Promise<WhyView> {
  const { rule, runner, world } = parts;
  const { wall } = world.now;
  const live = runner.explain(rule.id as RuleId, world);
  if (live === undefined) {
    const [first = "it was not read yet"] = problemsOf(rule);
    const headline = `The rule cannot run: ${first}.`;
    return finish(parts, { at: wall, basis: "live", headline, status: "unavailable" });
  }
  if (at === undefined || at >= wall) return explainNow(parts, live);
  return explainPast(parts, live, at);
}

function explainNow(parts: WhyParts, live: Explanation): WhyView {
  const { rule, traces, world } = parts;
  const { wall } = world.now;
  const lines = traces.read(rule.id as RuleId, MOST_LINES);
  const headline = headlineNow(live, lines.find(isDecision), wall);
  return finish(parts, { at: wall, basis: "live", status: statusOf(live), headline, of: live, lines });
}

async function explainPast(parts: WhyParts, live: Explanation, at: EpochMs): Promise<WhyView> {
  const { journal, rule, runner, traces } = parts;
  const id = rule.id as RuleId;
  const all = traces.read(id);
  const lines = all.filter(({ since, time }) => (since ?? time) <= at + NEAR_MS && time >= at - NEAR_MS);
  const inDiary = traces.reachesBack(id, at);
  const compiled = runner.program.rules.get(id);
  const { program } = runner;
  const past =
    journal === undefined || compiled === undefined
      ? undefined
      : await pastRule(journal, { at, program, rule: compiled });
  const decision = nearest(lines.filter(isDecision), at);
  const switchedOff = all.find(
    ({ outcome, time }) => time <= at && (outcome === "disabled" || outcome === "enabled"),
  );
  const common = { at, status: statusOf(live), lines: lines.slice(0, MOST_LINES) };
  const unknown = past === undefined ? [] : unknownOf(past, live);
  if (inDiary) {
    const headline =
      switchedOff?.outcome === "disabled"
        ? decisionWords(switchedOff, live.writeTime)
        : decision !== undefined
          ? decisionWords(decision, live.writeTime)
          : `Around ${live.writeTime(at)} nothing happened that its triggers look at.`;
    if (past === undefined)
      unknown.push("The values of that time: the journal of events does not tell them.");
    return finish(parts, {
      ...common,
      basis: "diary",
      headline,
      unknown,
      ...(past && { of: past.explanation }),
    });
  }
  if (past === undefined) {
    const headline = `Nobody knows: neither the rule's diary nor the journal of events reaches back to ${live.writeTime(at)}.`;
    return finish(parts, { ...common, basis: "nothing", headline });
  }
  unknown.unshift(
    "What the rule really did: its diary does not reach back. This is what it does as it is written now.",
  );
  const { explanation } = past;
  const would = past.traces.filter((trace) => isDecision(trace) && trace.time >= at - NEAR_MS).at(-1);
  const headline =
    would === undefined
      ? noTrigger(explanation)
      : `By the journal: ${lower(decisionWords(would, live.writeTime))}`;
  return finish(parts, { ...common, basis: "journal", headline, of: explanation, unknown });
}

interface Answer {
  readonly at: EpochMs;
  readonly basis: WhyView["basis"];
  readonly status: WhyView["status"];
  readonly headline: string;
  readonly of?: Explanation;
  readonly lines?: readonly Trace[];
  readonly unknown?: readonly string[];
}

function finish({ rule }: WhyParts, answer: Answer): WhyView {
  const { at, basis, headline, lines = [], of, status, unknown = [] } = answer;
  const view: Omit<WhyView, "text"> = {
    rule: rule.id,
    at: iso(at),
    basis,
    status,
    headline,
    problems: problemsOf(rule),
    triggers: (of?.triggers ?? []).map(({ lookedAt, next, ...trigger }) => ({
      ...trigger,
      ...(lookedAt === undefined ? {} : { lookedAt: iso(lookedAt) }),
      ...(next === undefined ? {} : { next: iso(next) }),
    })),
    conditions: [...(of?.conditions ?? [])],
    conditionsHold: of?.conditionsHold ?? false,
    runs: (of?.runs ?? []).map((run) => ({ ...run, since: iso(run.since) })),
    traces: lines.map(traceView),
    unknown: [...(of?.unknown ?? []), ...unknown],
  };
  return { ...view, text: whyText(view) };
}

function statusOf({ enabled, paused }: Explanation): WhyView["status"] {
  if (!enabled) return "disabled";
  return paused === undefined ? "active" : "paused";
}

function problemsOf({ problems }: RuleView): string[] {
  return problems.map(({ path, problem }) => (path === "" ? problem : `${path}: ${problem}`));
}

function unknownOf({ from, gaps }: PastRule, live: Explanation): string[] {
  return [
    `What began before ${live.writeTime(from)}: runs, waits, and values that were true already.`,
    "What other rules, bridges and MQTT messages were like: the journal does not have them.",
    ...(live.enabled ? [] : ["Whether the rule was enabled: it is not now, and is told as if it had been."]),
    ...(gaps === 0 ? [] : ["Some events: they are missing in the journal."]),
  ];
}

function nearest(lines: readonly Trace[], at: EpochMs): Trace | undefined {
  const distance = ({ since, time }: Trace): number =>
    (since ?? time) <= at && at <= time ? 0 : Math.min(Math.abs(time - at), Math.abs((since ?? time) - at));
  // What was decided tells more than that nothing was.
  const rank = (trace: Trace): number => (trace.outcome === "rejected" ? NEAR_MS : 0) + distance(trace);
  return [...lines].sort((a, b) => rank(a) - rank(b))[0];
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
