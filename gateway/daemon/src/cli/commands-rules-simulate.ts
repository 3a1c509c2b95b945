import { parseRuleId } from "@tram/protocol";
import { compile } from "@tram/rules";
import { membersOf, type SimulatedMoment, simulate, writeWall } from "@tram/rules/rehearsal";
import { currentRules } from "../rehearsal/current-rules.ts";
import { knownThings } from "../rehearsal/known-things.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { timeOf } from "./time-option.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const DAY_MS = 86_400_000;
const DAYS = { most: 366, otherwise: 7 } as const;

/** `rules simulate [FILE|FOLDER]` */
export const rulesSimulate: CommandBody = async (context) => {
  const { args, options, output } = context;
  const days = daysOf(options.days);
  const { sources, ...zone } = await currentRules(context, args[0]);
  const { timezone } = zone;
  const { placings, things, values } = await knownThings(context);
  const from = timeOf("--from", options.from) ?? Date.now();
  const known = new Map(things.map((thing) => [thing.id, thing]));
  const program = compile(sources, {
    house: { thing: (id) => known.get(id), members: (selector) => membersOf(placings, selector) },
    ...zone,
  });
  const { rule } = options;
  if (typeof rule === "string" && program.rules.get(parseRuleId(rule) ?? ("" as never)) === undefined) {
    throw new CommandFailed(`there is no sound rule ${rule}`);
  }
  const result = simulate({
    compile: (house, previous) =>
      compile(sources, { house, ...zone, ...(previous === undefined ? {} : { previous }) }),
    things,
    placings,
    values,
    from,
    durationMs: days * DAY_MS,
    ...(typeof rule === "string" ? { rule } : {}),
  });
  const shown = result.moments.map((moment) => ({ ...moment, at: new Date(moment.at).toISOString() }));
  const broken = program.broken.length;
  output.show(
    { from: new Date(from).toISOString(), days, timezone, ...result, moments: shown, broken },
    () => {
      for (const moment of result.moments)
        output.line(words(moment, context, (at) => writeDay(at, program.calendar)));
      if (result.dropped > 0) output.line(`… and ${result.dropped} more`);
      const total = Object.values(result.fired).reduce((sum, count) => sum + count, 0);
      const which =
        typeof rule === "string" ? `${rule} fires ${result.fired[rule] ?? 0}` : `the rules fire ${total}`;
      output.line(
        `in ${days} ${days === 1 ? "day" : "days"} ${which} times (${timezone}), if nothing else happens`,
      );
      if (broken > 0) output.error(`${broken} broken rule(s) are left out; \`rules check\` tells why`);
      if (result.failure !== undefined) output.error(result.failure);
    },
  );
  return result.failure === undefined ? 0 : 1;
};

function writeDay(at: number, calendar: Parameters<typeof writeWall>[1]): string {
  return `${calendar.local(at).date} ${writeWall(at, calendar)}`;
}

function words(moment: SimulatedMoment, { output }: CommandContext, time: (at: number) => string): string {
  const { actions, at, outcome, rule, unmet } = moment;
  const color = outcome === "fired" ? "green" : outcome === "failed" ? "red" : "yellow";
  const why = unmet.length === 0 ? "" : `: not ${unmet.join("; not ")}`;
  const what = outcome === "" ? "" : `  ${output.style(color, outcome)}${why}`;
  return `${output.style("dim", time(at))}  ${rule}${what}${actions.map((action) => `  → ${action}`).join("")}`;
}

function daysOf(option: string | boolean | undefined): number {
  if (option === undefined) return DAYS.otherwise;
  const days = Number(option);
  if (days > 0 && days <= DAYS.most) return days;
  throw new UsageError(`--days: expected more than 0 and at most ${DAYS.most}, found ${String(option)}`);
}
