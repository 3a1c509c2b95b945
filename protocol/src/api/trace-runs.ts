import type { TraceView } from "./views.ts";

/** An evaluation, with what the run did that it began. */
export interface TraceGroup {
  readonly head: TraceView;
  /** What followed, the oldest first. */
  readonly steps: readonly TraceView[];
}

/**
 * Puts the lines of a diary together that belong to one run: the evaluation that began it, its actions, its end. Where
 * the beginning is not kept any more, the oldest line that is stands for it.
 * @param traces the newest first.
 * @returns the groups, the newest beginning first.
 */
export function groupTraces(traces: readonly TraceView[]): readonly TraceGroup[] {
  const groups: { head: TraceView; steps: TraceView[] }[] = [];
  const runs = new Map<string, { steps: TraceView[] }>();
  for (const trace of traces.toReversed()) {
    const own = trace.runId === undefined ? undefined : runs.get(trace.runId);
    if (own !== undefined) {
      own.steps.push(trace);
      continue;
    }
    const group = { head: trace, steps: [] };
    groups.push(group);
    if (trace.runId !== undefined) runs.set(trace.runId, group);
  }
  return groups.reverse();
}
