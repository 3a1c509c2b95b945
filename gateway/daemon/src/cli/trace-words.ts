import { formatDuration, groupTraces, type TraceCheck, type TraceView } from "@tram/protocol";
import type { Output } from "./output.ts";

const COLORS: Readonly<Partial<Record<TraceView["outcome"], "green" | "red" | "yellow" | "dim">>> = {
  fired: "green",
  finished: "green",
  failed: "red",
  paused: "yellow",
  conflict: "yellow",
  held: "yellow",
  rejected: "dim",
};

/** Writes a diary: each evaluation, and below it what its run did. @param traces the newest first. */
export function showTraces(output: Output, traces: readonly TraceView[]): void {
  for (const { head, steps } of groupTraces(traces)) {
    showTrace(output, head);
    for (const step of steps) {
      const afterMs = Math.max(0, Date.parse(step.time) - Date.parse(head.time));
      output.line(`    ${output.style("dim", `+${formatDuration(afterMs)}`)}  ${lineOf(output, step)}`);
      showChecks(output, step.checks, "      ");
    }
  }
}

export function showTrace(output: Output, trace: TraceView): void {
  const { checks, count = 1, since, time } = trace;
  const times = count === 1 ? "" : `  ×${count} since ${since}`;
  output.line(`${output.style("dim", time)}  ${lineOf(output, trace)}${times}`);
  showChecks(output, checks, "    ");
}

export function showChecks(output: Output, checks: readonly TraceCheck[], indent: string): void {
  for (const { passed, seen, what } of checks) {
    const mark = passed ? output.style("green", "✓") : output.style("red", "✗");
    output.line(`${indent}${mark} ${what}  (saw ${JSON.stringify(seen)})`);
  }
}

function lineOf(output: Output, trace: TraceView): string {
  const { detail, outcome, result, seen, trigger } = trace;
  const color = COLORS[outcome] ?? "cyan";
  const parts = [
    output.style(color, outcome),
    ...(trigger === "" || outcome === "action" || outcome === "finished" ? [] : [trigger]),
    ...(seen === undefined ? [] : [`saw ${JSON.stringify(seen)}`]),
    ...(detail === undefined ? [] : [detail]),
    ...(result === undefined ? [] : [`→ ${resultWords(result)}`]),
  ];
  return parts.join("  ");
}

/** `expired after 10 s: no answer` */
export function resultWords({ detail, state, tookMs }: NonNullable<TraceView["result"]>): string {
  const after = tookMs === undefined ? "" : ` after ${formatDuration(tookMs)}`;
  return `${state}${after}${detail === undefined ? "" : `: ${detail}`}`;
}
