import type { RuleProblemView } from "@tram/protocol";

/** The problems of exactly one field. */
export function problemsAt(problems: readonly RuleProblemView[], path: string): readonly RuleProblemView[] {
  return problems.filter((problem) => problem.path === path);
}

/** The problems inside a part that none of its fields shows. */
export function problemsBelow(
  problems: readonly RuleProblemView[],
  path: string,
  shown: readonly string[],
): readonly RuleProblemView[] {
  return problems.filter((problem) => isBelow(problem.path, path) && !shown.includes(problem.path));
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`);
}

/** The texts of problems, as one. */
export function said(problems: readonly RuleProblemView[]): string | undefined {
  return problems.length === 0 ? undefined : problems.map(({ problem }) => problem).join("; ");
}

/** The element that shows a path, or the nearest around it: `triggers[0].numeric` for `triggers[0].numeric.abov`. */
export function anchorOf(path: string, has: (path: string) => boolean): string | undefined {
  let at = path;
  while (at !== "") {
    if (has(at)) return at;
    at = at.slice(0, Math.max(0, at.search(/(?:\.[^.[\]]*|\[[^[\]]*\])$/)));
  }
  return undefined;
}
