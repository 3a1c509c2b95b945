import type { Rule, RuleProblemView } from "@tram/protocol";
import { isMap } from "yaml";
import { Calendar } from "../calendar.ts";
import { linkRule } from "../compile.ts";
import type { HouseView } from "../house-view.ts";
import { Texts } from "../link/texts.ts";
import { parseRule, readYaml } from "../parse-file.ts";
import { type Place, ScheduleMaker } from "../schedule/index.ts";
import type { ShapeProblem } from "../shape-check.ts";
import { lineOf } from "./line-of.ts";

export interface RuleTextCheck {
  /** Where one can be read, even of a rule that is broken otherwise. */
  readonly id?: string;
  /** The rule as JSON, whenever the text is a YAML map: broken ones too, so that a form can show what there is. */
  readonly document?: Rule | Readonly<Record<string, unknown>>;
  /** It cannot run with one of these. */
  readonly problems: readonly RuleProblemView[];
  readonly warnings: readonly RuleProblemView[];
}

/**
 * Checks the text of one rule against the language and the house.
 * @param text a YAML map at the left edge.
 * @param options `takenBy` tells where an id is used by another rule.
 * @returns what is wrong with the line of each problem; never throws, whatever the text.
 */
export function checkRuleText(
  text: string,
  options: {
    readonly house: HouseView;
    readonly takenBy: (id: string) => string | undefined;
    /** Where the gateway is: schedules of the sun are refused without. */
    readonly place?: Place | undefined;
  },
): RuleTextCheck {
  const read = readYaml(text);
  if (!read.ok) return { problems: read.problems.map(syntaxProblem), warnings: [] };
  const { value, document, lines } = read;
  if (!isMap(document.contents)) {
    return {
      problems: [{ path: "", problem: "expected a map that begins with `id:`", line: 1 }],
      warnings: [],
    };
  }
  const item = parseRule(value, "");
  // Whether a schedule can be read does not depend on the time zone.
  const schedules = new ScheduleMaker(new Calendar("UTC"), options.place);
  const first = item.id === undefined ? undefined : options.takenBy(item.id);
  const linked = linkRule(item, {
    file: "",
    first,
    house: options.house,
    schedules,
    texts: new Texts(),
    order: 0,
  });
  const placed = ({ path, problem }: ShapeProblem): RuleProblemView => {
    const line = lineOf(document.contents, path, lines);
    return { path, problem, ...(line === undefined ? {} : { line }) };
  };
  return {
    ...(item.id === undefined ? {} : { id: item.id }),
    document: value as Rule,
    problems: linked.rule === undefined ? linked.problems.map(placed) : [],
    warnings: linked.rule === undefined ? [] : linked.rule.warnings.map(placed),
  };
}

function syntaxProblem(problem: string): RuleProblemView {
  const line = /^line (\d+), column \d+: /.exec(problem)?.[1];
  return line === undefined ? { path: "", problem } : { path: "", problem, line: Number(line) };
}
