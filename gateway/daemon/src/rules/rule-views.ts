import { elapsedMs, type Instant, type RuleId, type RuleView, type TraceView } from "@tram/protocol";
import type { CompiledRule, Program, RuleRunner, RuleState } from "@tram/rules";
import { iso } from "../http/views.ts";
import type { RuleVersions } from "./rule-versions.ts";

/** What the views are made of. */
export interface RuleViewParts {
  readonly program: Program;
  readonly runner: Pick<RuleRunner, "state" | "status"> | undefined;
  readonly versions: Pick<RuleVersions, "ofRule" | "lastSound">;
  readonly now: Instant;
  readonly lastTrace: (id: RuleId) => TraceView | undefined;
}

/** All rules as people see them, the broken ones last. */
export function ruleViews(parts: RuleViewParts): readonly RuleView[] {
  const { program } = parts;
  const unreadable = new Set(program.broken.flatMap(({ file, id }) => (id === undefined ? [file] : [])));
  const sound = [...program.rules.values()].map(
    (rule): RuleView => ({ ...soundView(rule, parts), editable: !unreadable.has(rule.file) }),
  );
  const taken = new Set<string>(program.rules.keys());
  const broken = program.broken.map((rule): RuleView => {
    // One that claims the id of another has only its place for a name.
    const own = rule.id !== undefined && !taken.has(rule.id);
    if (own) taken.add(rule.id);
    return {
      id: own ? rule.id : `${rule.file}${rule.problems[0]?.path ?? ""}`,
      file: rule.file,
      status: "unavailable",
      problems: rule.problems.map(({ path, problem }) => ({ path, problem })),
      warnings: [],
      editable: own,
      running: 0,
    };
  });
  return [...sound, ...broken];
}

function soundView(
  rule: CompiledRule,
  { lastTrace, now, runner, versions }: RuleViewParts,
): Omit<RuleView, "editable"> {
  const { broken, enabled: inFile, file, group, id, labels, title, warnings } = rule;
  // Which version runs, where that is another than the text's; and when the rule last changed.
  const version = versions.ofRule(id);
  const state = runner?.state(id);
  const enabled = runner?.status(id)?.enabled ?? inFile;
  const last = lastTrace(id);
  return {
    id,
    ...(title === undefined ? {} : { title }),
    file,
    ...(group === undefined ? {} : { group }),
    ...(labels.length === 0 ? {} : { labels: [...labels] }),
    status: enabled ? "active" : "disabled",
    ...(enabled === inFile ? {} : { switched: true as const }),
    problems: (broken ?? []).map(({ path, problem }) => ({ path, problem })),
    warnings: warnings.map(({ path, problem }) => ({ path, problem })),
    ...(version === undefined ? {} : { version }),
    ...(broken === undefined ? {} : { lastGood: versions.lastSound(file, id) ?? {} }),
    running: state?.runs.length ?? 0,
    ...(state === undefined ? {} : stateView(state, { enabled, now })),
    ...(last === undefined ? {} : { lastTrace: last }),
  };
}

function stateView(
  { lastFired, paused, triggers }: RuleState,
  { enabled, now }: { readonly enabled: boolean; readonly now: Instant },
): Pick<RuleView, "lastFired" | "paused" | "next"> {
  const left = paused === undefined ? 0 : paused.durationMs - elapsedMs(paused.since, now);
  const planned = Object.values(triggers).flatMap((trigger) =>
    "planned" in trigger && trigger.planned !== undefined && trigger.held !== true ? [trigger.planned] : [],
  );
  return {
    ...(lastFired === undefined ? {} : { lastFired: iso(lastFired) }),
    ...(paused === undefined || left <= 0
      ? {}
      : { paused: { reason: paused.reason, until: iso(now.wall + left) } }),
    ...(enabled && planned.length > 0 ? { next: iso(Math.min(...planned)) } : {}),
  };
}
