import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import type { EpochMs } from "@tram/protocol";
import { compile, type Program, type RuleSource } from "@tram/rules";
import { compareActions, type Difference, type Part, type Recorded, Replay } from "@tram/rules/rehearsal";
import { type CurrentRules, changedRules, currentRules } from "../rehearsal/current-rules.ts";
import { gatewayOf } from "../rehearsal/known-things.ts";
import { readRecorded } from "../rehearsal/recorded-events.ts";
import { readSources } from "../rehearsal/rule-folder.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { timeOf } from "./time-option.ts";
import { CommandFailed } from "./usage-error.ts";

const DEFAULT_FROM = "24h";
/** What the gateway answers at a time. */
const PAGE = 1_000_000;
/** Lines that are read at a time. */
const BATCH = 1_024;
const CHUNK_BYTES = 262_144;
/** The description of a Thing has its bounds, and so has its line. In characters. */
const MAX_LINE = 16_777_216;
/** Actions of two lists so near to each other are at the same time, or may be the same one. In milliseconds. */
const NEAR = { sameMs: 1_000, movedMs: 600_000 } as const;
const SHOWN = 1_000;

/** `rules replay` */
export const rulesReplay: CommandBody = async (context) => {
  const { options, output } = context;
  const from = timeOf("--from", options.from ?? DEFAULT_FROM);
  const to = timeOf("--to", options.to) ?? Date.now();
  const current = await currentRules(context, text(options.rules));
  const changed = options.rule === undefined ? undefined : laidOver(current.sources, String(options.rule));
  const replay = new Replay(
    [current.sources, ...(changed === undefined ? [] : [changed])].map((sources) => side(sources, current)),
  );
  for await (const events of eventsOf(context, from, to)) for (const event of events) replay.meet(event);
  const { facts } = replay;
  if (facts.from === undefined) throw new CommandFailed("nothing is recorded of that time");
  replay.until(Math.min(to, options.events === undefined ? to : (facts.to ?? to)));
  const [mine, theirs] = replay.played as readonly [Part, Part?];
  const [first, second] = theirs === undefined ? [replay.recorded, mine] : [mine, theirs];
  const differences = compareActions(first.actions, second.actions, NEAR);
  const names = theirs === undefined ? ["was done", "would be done"] : ["current rules", "changed rules"];
  const view = {
    from: iso(facts.from),
    to: iso(Math.max(to, facts.from)),
    events: facts.events,
    readings: facts.readings,
    gaps: facts.gaps,
    first: summary(names[0], first),
    second: summary(names[1], second),
    differences: differences.map(({ at, movedTo, ...rest }) => ({
      ...rest,
      at: iso(at),
      ...(movedTo === undefined ? {} : { movedTo: iso(movedTo) }),
    })),
  };
  output.show(view, () => {
    for (const difference of differences.slice(0, SHOWN)) showDifference(context, difference);
    if (differences.length > SHOWN) output.line(`… and ${differences.length - SHOWN} more`);
    if (facts.gaps > 0) output.line(output.style("yellow", `${facts.gaps} gaps: events are missing there`));
    output.line(`${facts.events} events from ${view.from}, ${facts.readings} of them readings`);
    for (const { name, actions } of [view.first, view.second]) output.line(`${name}: ${actions} actions`);
    output.line(differences.length === 0 ? "no difference" : `${differences.length} differences`);
    for (const { failure, name } of [view.first, view.second]) {
      if (failure !== undefined) output.error(`${name}: ${failure}`);
    }
  });
  return first.failure === undefined && second.failure === undefined ? 0 : 1;
};

function summary(name: string | undefined, { actions, dropped, failure }: Part) {
  return { name, actions: actions.length + dropped, ...(failure === undefined ? {} : { failure }) };
}

function showDifference(
  { output }: CommandContext,
  { at, kind, movedTo, rule, text: what }: Difference,
): void {
  if (kind === "moved") {
    const by = movedTo === undefined ? "" : `, now at ${iso(movedTo)}`;
    output.line(output.style("yellow", `~ ${iso(at)}  ${what}${by}  (${rule})`));
  } else if (kind === "first") output.line(output.style("red", `- ${iso(at)}  ${what}  (${rule})`));
  else output.line(output.style("green", `+ ${iso(at)}  ${what}  (${rule})`));
}

function side(sources: readonly RuleSource[], { sources: _current, ...zone }: CurrentRules) {
  return {
    compile: (house: Parameters<typeof compile>[1]["house"], previous: Program | undefined) =>
      compile(sources, { house, ...zone, ...(previous === undefined ? {} : { previous }) }),
  };
}

/** @throws {CommandFailed} when the changed rules are not sound: a replay would compare with nothing. */
function laidOver(current: readonly RuleSource[], path: string): readonly RuleSource[] {
  const sources = readSources(path);
  const { broken, rules } = compile(sources, { house: { thing: () => undefined }, timezone: "UTC" });
  const [first] = broken.flatMap(({ problems }) => problems);
  if (first !== undefined) throw new CommandFailed(`${basename(path)}: ${first.path}: ${first.problem}`);
  const isFolder = statSync(path).isDirectory();
  return changedRules(current, { isFolder, sources, ids: [...rules.keys()] });
}

/** Events in batches: one turn of the event loop for each would cost more than the events. */
async function* eventsOf(context: CommandContext, from: EpochMs, to: EpochMs): AsyncGenerator<Recorded[]> {
  const { events: file } = context.options;
  const name = typeof file === "string" ? file : "the gateway";
  let count = 0;
  for await (const lines of typeof file === "string" ? ofFile(file) : ofGateway(context, from, to)) {
    const events: Recorded[] = [];
    for (const line of lines) {
      count++;
      const event = readRecorded(line);
      if (event !== undefined) events.push(event);
      else if (!line.startsWith('{"end"')) throw new CommandFailed(`${name}: line ${count} is no event`);
    }
    yield events;
  }
}

async function* ofFile(file: string): AsyncGenerator<string[]> {
  try {
    const input = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES });
    input.setEncoding("utf8");
    let rest = "";
    for await (const chunk of input) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE)
        throw new CommandFailed(`${file}: found a line of more than ${MAX_LINE} characters`);
      yield lines;
    }
    if (rest !== "") yield [rest];
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** Asks on where an answer ended. */
async function* ofGateway(context: CommandContext, begin: EpochMs, to: EpochMs): AsyncGenerator<string[]> {
  const client = await gatewayOf(context);
  if (client === undefined) throw new CommandFailed("no gateway runs here: name a record with --events");
  const query = new URLSearchParams({ to: iso(to), known: "true", limit: String(PAGE) });
  let from = iso(begin);
  /** What was seen of the moment where the next answer begins. */
  let seen = new Set<string>();
  for (;;) {
    query.set("from", from);
    let cut = false;
    const before = seen;
    let batch: string[] = [];
    for await (const line of client.lines(`/api/v1/events?${query}`)) {
      if (line.startsWith('{"end"')) cut = true;
      else if (!before.has(line)) {
        const time = /^\{"time":"([^"]+)"/.exec(line)?.[1] ?? from;
        if (time !== from) seen = new Set();
        from = time;
        seen.add(line);
        if (batch.push(line) < BATCH) continue;
        yield batch;
        batch = [];
      }
    }
    yield batch;
    if (!cut) return;
    query.set("known", "false");
  }
}

function text(option: string | boolean | undefined): string | undefined {
  return typeof option === "string" ? option : undefined;
}

function iso(at: EpochMs): string {
  return new Date(at).toISOString();
}
