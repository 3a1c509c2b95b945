import { compile, type RuleProblem, type RuleSource } from "@tram/rules";
import { lineFinder, lintProgram } from "@tram/rules/lint";
import { membersOf } from "@tram/rules/rehearsal";
import { currentRules } from "../rehearsal/current-rules.ts";
import { knownThings } from "../rehearsal/known-things.ts";
import { readSources } from "../rehearsal/rule-folder.ts";
import type { CommandBody, CommandContext } from "./command.ts";

/** A problem with its line, where one can be told. */
interface Placed extends RuleProblem {
  readonly line?: number;
}

/**
 * `rules check [FILE…]`: what is wrong with rules, and what they say in vain. Exit code 1 when there is a problem.
 */
export const rulesCheck: CommandBody = async (context) => {
  const { args, options, output } = context;
  const sources =
    args.length === 0 ? (await currentRules(context, undefined)).sources : args.flatMap(readSources);
  const { nobody, placings, things } = await knownThings(context);
  const byId = new Map(things.map((thing) => [thing.id, thing]));
  const house = {
    thing: (id: string) => byId.get(id),
    members: (selector: Parameters<typeof membersOf>[1]) => membersOf(placings, selector),
  };
  // Whether there is a place is the gateway's affair: here any will do.
  const place = { latitude: 0, longitude: 0 };
  const program = compile(sources, {
    house,
    place,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  const placed = placer(sources);
  const found = {
    rules: program.rules.size,
    problems: [...program.broken.flatMap(({ problems }) => problems), ...lintProgram(program, house)].map(
      placed,
    ),
    // Where nobody knows any Things, an unknown one is no news.
    warnings: nobody ? [] : [...program.rules.values()].flatMap(({ warnings }) => warnings).map(placed),
  };
  output.show(found, () => {
    for (const problem of found.problems) tell(context, "red", problem);
    for (const problem of found.warnings) tell(context, "yellow", problem);
    const sound = `${found.rules} ${found.rules === 1 ? "rule is" : "rules are"} sound`;
    const { length } = found.problems;
    output.line(length === 0 ? sound : `${sound}, ${length} ${length === 1 ? "problem" : "problems"}`);
  });
  const failed = found.problems.length > 0 || (options.strict === true && found.warnings.length > 0);
  return failed ? 1 : 0;
};

function tell(
  { output }: CommandContext,
  color: "red" | "yellow",
  { file, line, path, problem }: Placed,
): void {
  const word = color === "red" ? "error  " : "warning";
  const where = line === undefined ? file : `${file}:${line}`;
  output.line(`${output.style(color, word)}  ${where}: ${path}${path === "" ? "" : ": "}${problem}`);
}

/** Finds the line of a problem; each file is looked through once. */
function placer(sources: readonly RuleSource[]): (problem: RuleProblem) => Placed {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  const finders = new Map<string, ReturnType<typeof lineFinder>>();
  return (problem) => {
    const { file, path, problem: words } = problem;
    const own = /^line (\d+), /.exec(words)?.[1];
    const find = finders.get(file) ?? lineFinder(texts.get(file) ?? "");
    finders.set(file, find);
    const line = own === undefined ? find(path) : Number(own);
    return line === undefined ? problem : { ...problem, line };
  };
}
