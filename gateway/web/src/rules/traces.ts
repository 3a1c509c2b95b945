import type { RuleView, TraceGroup, TraceView } from "@tram/protocol";

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

/** Gives each group a key that stays when newer ones come: several can share a millisecond. */
export function keyTraces(
  groups: readonly TraceGroup[],
): readonly { readonly key: string; readonly group: TraceGroup }[] {
  const counts = new Map<string, number>();
  const keyed = groups.toReversed().map((group) => {
    // A line that counts keeps the time of its first.
    const time = group.head.since ?? group.head.time;
    const count = (counts.get(time) ?? 0) + 1;
    counts.set(time, count);
    return { key: `${time} ${count}`, group };
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
