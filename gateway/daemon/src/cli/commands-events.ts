import { formatDuration, isJsonObject, type Json } from "@tram/protocol";
import type { EventView, JournalView } from "../event-journal/index.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import type { Output } from "./output.ts";
import { timeOf } from "./time-option.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const DEFAULT = { from: "1h", last: 50 } as const;
const MOST_LAST = 10_000;
/** What the gateway tells in one answer at most. */
const MOST = 1_000_000;

/** `events` */
export const events: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  let cut = false;
  for await (const line of client.lines(`/api/v1/events?${queryOf(context)}`)) {
    if (output.json) output.line(line);
    const event = JSON.parse(line) as EventView | { readonly end: "limit" };
    if ("end" in event) cut = true;
    else if (!output.json) output.line(`${timeWords(event, output)}  ${whatWords(event)}`);
  }
  if (!cut) return 0;
  throw new CommandFailed(`there are more than ${MOST} events; ask on with --from`);
};

/** `events status` */
export const eventsStatus: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const view = await client.get<JournalView>("/api/v1/events/status");
  output.show(view, () => {
    const { from, completeFrom, memoryBytes, diskBytes, recorded, perSecond, failure } = view;
    const now = Date.now();
    if (from !== undefined) output.line(`reaches back  ${from} (${formatAge(from, now)})`);
    if (completeFrom !== undefined && completeFrom !== from) {
      output.line(`complete from ${completeFrom} (${formatAge(completeFrom, now)})`);
    }
    output.line(`in memory     ${megabytes(memoryBytes)}`);
    if (diskBytes > 0) output.line(`on disk       ${megabytes(diskBytes)}`);
    output.line(`recorded      ${recorded} events since the start, ${perSecond.toFixed(1)} a second now`);
    const losses = [
      [view.dropped, "dropped for the memory's quota"],
      [view.missed, "not taken by the disk"],
      [view.thinned, "readings kept off the disk to spare it"],
      [view.damaged, "damaged places on the disk"],
    ] as const;
    for (const [count, what] of losses) {
      if (count > 0) output.line(`${String(count).padEnd(13)} ${output.style("yellow", what)}`);
    }
    if (failure !== undefined) output.line(output.style("red", `the disk takes nothing: ${failure}`));
  });
  return 0;
};

function queryOf({ options }: CommandContext): string {
  const query = new URLSearchParams();
  query.set("from", new Date(timeOf("--from", options.from ?? DEFAULT.from)).toISOString());
  if (options.to !== undefined) query.set("to", new Date(timeOf("--to", options.to)).toISOString());
  for (const name of ["thing", "kind"] as const) {
    const value = options[name];
    if (typeof value === "string") query.set(name, value);
  }
  if (options.known === true) query.set("known", "true");
  if (options.all === true && options.last !== undefined)
    throw new UsageError("expected --all or --last, found both");
  if (options.all === true) query.set("limit", String(MOST));
  else query.set("last", String(lastOf(options.last)));
  return query.toString();
}

function lastOf(option: string | boolean | undefined): number {
  if (option === undefined) return DEFAULT.last;
  const count = Number(option);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_LAST) return count;
  throw new UsageError(`--last: expected 1 to ${MOST_LAST}, found ${String(option)}`);
}

/** A time that is only what an unset clock said has a mark. */
function timeWords({ time, clock, wall }: EventView, output: Output): string {
  const isGuess = clock === "untrusted" && wall === undefined;
  return output.style(isGuess ? "yellow" : "dim", isGuess ? `${time}?` : time);
}

function whatWords({ kind, what }: EventView): string {
  const facts = what as unknown as Json;
  if (!isJsonObject(facts)) return kind;
  const word = (name: string): string => String(facts[name] ?? "");
  const because = facts.reason ?? facts.problem;
  const why = because === undefined ? "" : `: ${String(because)}`;
  switch (kind) {
    case "reading":
    case "quality":
    case "repaired":
    case "known-reading": {
      const mark = kind === "reading" ? "" : `${kind}  `;
      const quality = facts.quality === "good" ? "" : `  ${word("quality")}${why}`;
      return `${mark}${word("thing")}/${word("property")}  ${JSON.stringify(facts.value)}${quality}  (${word("origin")})`;
    }
    case "event":
      return `${word("thing")}  ${word("event")}  ${JSON.stringify(facts.data)}  (${word("origin")})`;
    case "command": {
      const target = facts.property ?? facts.action;
      return `${word("thing")}/${String(target)} ← ${JSON.stringify(facts.value)}  ${word("state")}${why}  (${word("origin")})`;
    }
    case "availability":
      return `${word("id")}  ${word("previous")} → ${word("availability")}`;
    case "thing":
    case "known-thing": {
      const id = isJsonObject(facts.thing ?? null) ? String((facts.thing as { id?: Json }).id) : "";
      return `${kind === "thing" ? "described" : "known"}  ${id}  ${word("availability")}${why}`;
    }
    case "retired":
      return `retired  ${word("id")}`;
    case "notification":
      return `${word("level")}  ${word("text")}`;
    case "clock": {
      const stepMs = Number(facts.stepMs);
      const step =
        stepMs === 0 ? "" : `, ${stepMs < 0 ? "back" : "forward"} by ${formatDuration(Math.abs(stepMs))}`;
      return `clock  ${word("trust")}${step}`;
    }
    case "start":
      return `the gateway started  ${word("version")}`;
    case "gap":
      return `${facts.missing === undefined ? "nothing is known from before" : `${word("missing")} events are missing`}`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
