import type { RuleView, TraceView } from "@tram/protocol";

/**
 * The fetched traces with the rule's latest one in front, when it is newer than what was fetched.
 * @param fetched newest first.
 */
export function mergeTraces(
  fetched: readonly TraceView[],
  latest: RuleView["lastTrace"],
): readonly TraceView[] {
  const newest = fetched[0];
  if (latest === undefined) return fetched;
  if (newest === undefined || latest.time > newest.time) return [latest, ...fetched];
  return fetched;
}

/** Gives each trace a key that stays when newer ones come: several can share a millisecond. */
export function keyTraces(
  traces: readonly TraceView[],
): readonly { readonly key: string; readonly trace: TraceView }[] {
  const counts = new Map<string, number>();
  const keyed = traces.toReversed().map((trace) => {
    const count = (counts.get(trace.time) ?? 0) + 1;
    counts.set(trace.time, count);
    return { key: `${trace.time} ${count}`, trace };
  });
  return keyed.reverse();
}

/** Rules that need attention first, then by title. */
export function sortRules(
  rules: Readonly<Record<string, RuleView>>,
  compare: Intl.Collator["compare"],
): RuleView[] {
  return Object.values(rules).sort(
    (a, b) => attention(a) - attention(b) || compare(a.title ?? a.id, b.title ?? b.id) || compare(a.id, b.id),
  );
}

function attention(rule: RuleView): number {
  return rule.status === "unavailable" ? 0 : 1;
}
