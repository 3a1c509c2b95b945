import type { RuleProblemView } from "@tram/protocol";
import type { Translate } from "../i18n/translator.ts";

/** Something wrong or doubtful, in words for the person. */
export interface Told extends RuleProblemView {
  /** Set where the words are the gateway's, which speaks English. */
  readonly lang?: "en" | undefined;
}

/** The problems of exactly one field. */
export function problemsAt(problems: readonly Told[], path: string): readonly Told[] {
  return problems.filter((problem) => problem.path === path);
}

/** The problems at or inside a part that none of its fields shows. */
export function problemsBelow(
  problems: readonly Told[],
  path: string,
  shown: readonly string[],
): readonly Told[] {
  return problems.filter((problem) => isBelow(problem.path, path) && !shown.includes(problem.path));
}

export function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`);
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

const FIELD_LABELS = {
  id: "editor.id",
  title: "editor.ruleTitle",
  description: "editor.description",
  enabled: "editor.isOn",
  mode: "editor.mode",
  max: "editor.max",
  triggers: "editor.triggers",
  conditions: "editor.conditions",
  actions: "editor.actions",
} as const;

/** Where a path leads to, in the words of the form: `actions[1].set` is “Then, part 2”. */
export function placeText(path: string, t: Translate): string {
  const [, key = "", index] = /^(\w+)(?:\[(\d+)\])?/.exec(path) ?? [];
  if (!Object.hasOwn(FIELD_LABELS, key)) return path;
  const label = t(FIELD_LABELS[key as keyof typeof FIELD_LABELS]);
  return index === undefined ? label : t("editor.place", { list: label, number: Number(index) + 1 });
}
