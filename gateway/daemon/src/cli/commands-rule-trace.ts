import type { TracesView, WhyView } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { timeOf } from "./time-option.ts";
import { showChecks, showTrace, showTraces } from "./trace-words.ts";

/** `rules trace` */
export const rulesTrace: CommandBody = async (context) => {
  const { output, args, options } = context;
  const id = encodeURIComponent(args[0] ?? "");
  const client = await DaemonClient.of(context);
  const limit = options.last === undefined ? "" : `?limit=${encodeURIComponent(String(options.last))}`;
  const view = await client.get<TracesView>(`/api/v1/rules/${id}/traces${limit}`);
  output.show(view, () => {
    const { pinned, traces } = view;
    if (traces.length === 0) output.line("Not evaluated since the gateway started.");
    showTraces(output, traces);
    if (pinned.length === 0) return;
    output.line("");
    output.line("Errors that are kept:");
    for (const trace of pinned) showTrace(output, trace);
  });
  return 0;
};

const BASIS: Readonly<Record<WhyView["basis"], string>> = {
  live: "as it is now",
  diary: "by the rule's diary",
  journal: "by the journal of events, with the rule as it is written now",
  nothing: "not known",
};

/** `rules why` */
export const rulesWhy: CommandBody = async (context) => {
  const { output, args, options } = context;
  const id = encodeURIComponent(args[0] ?? "");
  const at = clockTime(options.at) ?? timeOf("--at", options.at);
  const client = await DaemonClient.of(context);
  const query = at === undefined ? "" : `?at=${encodeURIComponent(new Date(at).toISOString())}`;
  const why = await client.get<WhyView>(`/api/v1/rules/${id}/why${query}`);
  output.show(why, () => {
    output.line(output.style("bold", why.headline));
    output.line(output.style("dim", `${why.rule}, ${why.status}, at ${why.at}, ${BASIS[why.basis]}`));
    for (const problem of why.problems) output.line(`${output.style("red", "broken")}  ${problem}`);
    for (const { text } of why.triggers) output.line(`  ${text}`);
    showChecks(output, why.conditions, "  ");
    for (const { doing, id: run } of why.runs) output.line(`  run ${run}: ${doing}`);
    for (const what of why.unknown) output.line(`  ${output.style("yellow", "not known")}  ${what}`);
    if (why.traces.length === 0 || why.basis === "live") return;
    output.line("");
    output.line("The diary of that time:");
    showTraces(output, why.traces);
  });
  return 0;
};

/** `07:30`: when the clock on this machine's wall last showed it. */
function clockTime(text: string | boolean | undefined): number | undefined {
  const [, hours, minutes, seconds = "0"] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(String(text)) ?? [];
  if (hours === undefined) return undefined;
  const time = new Date();
  time.setHours(Number(hours), Number(minutes), Number(seconds), 0);
  if (time.getTime() > Date.now()) time.setDate(time.getDate() - 1);
  return time.getTime();
}
