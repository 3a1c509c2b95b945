export { lineFinder } from "../edit/line-of.ts";

import type { HouseView } from "../house-view.ts";
import type { Program, RuleProblem } from "../program.ts";
import { conflictsOf, type PlacedRule } from "./conflicts.ts";
import { lintRule, nameIn } from "./lint-rule.ts";

/**
 * Finds what sound rules say in vain, and where two of them write against each other. A rule with such a finding runs
 * all the same.
 * @param house tells the bounds of properties; without Things only the rules themselves are looked at.
 */
export function lintProgram(program: Program, house: HouseView): RuleProblem[] {
  const placed = [...program.files].flatMap(([file, parsed]) =>
    parsed.rules.flatMap(({ document, path }): PlacedRule[] =>
      document === undefined ? [] : [{ file, path, rule: document.rule }],
    ),
  );
  const surroundings = {
    house,
    ids: new Set(placed.map(({ rule }) => rule.id)),
    groups: new Set(placed.flatMap(({ rule }) => rule.group ?? [])),
  };
  const inside = placed.flatMap(({ file, path, rule }) =>
    lintRule(rule, path, surroundings).map((problem) => ({ file, ...problem })),
  );
  return [...inside, ...conflictsOf(placed, nameIn(house))];
}
