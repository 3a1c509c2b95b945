import type { EpochMs, WhyView } from "@tram/protocol";
import { formatDuration } from "@tram/protocol";
import type { Explanation, Trace } from "@tram/rules";

/** Whether a line tells how a firing was decided, or why there was none; the others tell how a run went on. */
export function isDecision({ outcome, runId }: Trace): boolean {
  if (outcome === "cancelled") return runId === undefined;
  return outcome !== "action" && outcome !== "finished" && outcome !== "resumed" && outcome !== "conflict";
}

/** A decision in one sentence. */
export function decisionWords(trace: Trace, writeTime: (at: EpochMs) => string): string {
  const { detail = "", outcome, seen, time, trigger } = trace;
  const saw = seen === undefined || seen === null ? "" : ` (saw ${JSON.stringify(seen)})`;
  const at = `At ${writeTime(time)}`;
  switch (outcome) {
    case "fired":
      return `${at} it fired: ${trigger}${saw}.`;
    case "condition-false":
      return `${at} ${trigger} fired${saw}, but a condition did not hold: ${firstFalse(trace)}.`;
    case "mode-dropped":
      return `${at} ${trigger} fired${saw}, but was dropped: ${detail}.`;
    case "paused":
      return `${at} ${trigger || "it"} fired${saw}, but the rule was paused: ${detail}.`;
    case "failed":
      return `${at} it failed: ${detail}.`;
    case "held":
      return `${at} ${trigger} was held: ${detail}.`;
    case "waiting":
      return `${at} ${trigger} became true${saw} and had to stay so ${detail}.`;
    case "cancelled":
      return `${at} ${trigger} came to nothing${saw}: ${detail}.`;
    case "enabled":
    case "disabled":
      return `${at} it was ${outcome} ${detail}.`;
    default:
      return `${at} ${trigger} was looked at and did not fire${saw}: ${detail}.`;
  }
}

function firstFalse({ checks }: Trace): string {
  // Of a group its first part that failed tells more than the group.
  const failed = checks.filter(({ passed }) => !passed);
  const check = failed.find(({ what }) => !/: (?:all of|any of|not)$/.test(what)) ?? failed[0];
  return check === undefined ? "nobody knows which" : `${check.what} (saw ${JSON.stringify(check.seen)})`;
}

/** Why a rule does not fire now, in one sentence. @param last the latest decision. */
export function headlineNow(explanation: Explanation, last: Trace | undefined, now: EpochMs): string {
  const { enabled, paused, runs, switched, triggers, writeTime } = explanation;
  if (!enabled)
    return `The rule is disabled ${switched ? "by hand" : "in its file"}: its triggers are not looked at.`;
  if (paused !== undefined) {
    const until = writeTime(now + paused.leftMs);
    return `The rule is paused until ${until} (${formatDuration(paused.leftMs)} left): ${paused.reason}.`;
  }
  const [run] = runs;
  if (run !== undefined) return `A run is under way since ${writeTime(run.since)}: ${run.doing}.`;
  const waiting = triggers.find(({ status }) => status === "waits" || status === "held");
  if (waiting !== undefined) return `Not yet. ${waiting.text}.`;
  if (last !== undefined && last.outcome !== "rejected") return decisionWords(last, writeTime);
  return noTrigger(explanation);
}

/** No trigger has fired: why the one that is nearest to it has not. */
export function noTrigger({ triggers }: Explanation): string {
  const order = ["true", "false", "unknown", "asleep", "planned", "idle", "never"];
  const [first] = [...triggers].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  return first === undefined
    ? "The rule has no trigger that is switched on."
    : `No trigger fired. ${first.text}.`;
}

/** The whole answer, a line each. */
export function whyText(view: Omit<WhyView, "text">): string[] {
  return [
    view.headline,
    ...view.problems.map((problem) => `broken: ${problem}`),
    ...view.triggers.map(({ text }) => text),
    ...view.conditions.map(
      ({ passed, seen, what }) => `${passed ? "✓" : "✗"} ${what} (saw ${JSON.stringify(seen)})`,
    ),
    ...view.runs.map(({ doing, id }) => `run ${id}: ${doing}`),
    ...view.unknown.map((what) => `not known: ${what}`),
  ];
}
