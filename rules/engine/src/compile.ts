import { parseRuleId, type Rule, type RuleId } from "@tram/protocol";
import { Calendar, isTimezone } from "./calendar.ts";
import type { HouseView } from "./house-view.ts";
import { Linker } from "./linker.ts";
import { type ParsedFile, type ParsedRule, parseFile } from "./parse-file.ts";
import {
  type BrokenRule,
  type CompiledRule,
  type Program,
  type RuleProblem,
  type RuleSource,
  type Watcher,
  watchKey,
} from "./program.ts";
import { joinPath, type ShapeProblem } from "./shape-check.ts";

export interface CompileOptions {
  readonly house: HouseView;
  /** IANA name of the gateway's time zone. An unknown one counts as UTC, with a warning. */
  readonly timezone: string;
  /** The program so far: files whose text did not change are not read again. */
  readonly previous?: Program;
}

/**
 * Makes a program of the rule files. Call it again when a file or the Things of the house changed, and hand the step
 * after that a `start` event.
 *
 * What is wrong with a rule breaks that rule alone; what breaks a file's YAML breaks that file alone. A property of a
 * Thing that is not known (yet) is a warning.
 * @returns the program; never throws, whatever the texts say.
 */
export function compile(sources: readonly RuleSource[], options: CompileOptions): Program {
  const rules = new Map<RuleId, CompiledRule>();
  const broken: BrokenRule[] = [];
  const files = new Map<string, ParsedFile>();
  const claimed = new Map<string, string>();
  const warnings: RuleProblem[] = [];

  const calendar = calendarOf(options);
  if (calendar.timezone !== options.timezone) {
    const problem = `unknown time zone ${JSON.stringify(options.timezone)}; times are taken as UTC`;
    warnings.push({ file: "", path: "timezone", problem });
  }

  for (const { file, text } of sources) {
    const known = options.previous?.files.get(file);
    const parsed = known?.text === text ? known : parseFile(text);
    files.set(file, parsed);
    if (parsed.problems.length > 0) broken.push({ file, problems: locate(file, parsed.problems) });
    for (const item of parsed.rules) {
      const place = `${file} ${item.path}`;
      const first = item.id === undefined ? undefined : claimed.get(item.id);
      if (item.id !== undefined && first === undefined) claimed.set(item.id, place);
      const result = linkRule(item, { file, first, house: options.house, order: rules.size });
      if (result.rule === undefined) {
        broken.push({
          ...(item.id === undefined ? {} : { id: item.id }),
          file,
          problems: locate(file, result.problems),
        });
      } else {
        rules.set(result.rule.id, result.rule);
        warnings.push(...result.rule.warnings);
      }
    }
  }
  return {
    rules,
    broken,
    warnings,
    watchers: watch(rules.values()),
    calendar,
    files,
  };
}

/** That of the previous program, when it will do: each one holds 100 kB of ICU's tables until it is collected. */
function calendarOf({ timezone, previous }: CompileOptions): Calendar {
  if (previous?.calendar.timezone === timezone) return previous.calendar;
  return new Calendar(isTimezone(timezone) ? timezone : "UTC");
}

export interface Surroundings {
  readonly file: string;
  /** Where the id was used before, if it was. */
  readonly first: string | undefined;
  readonly house: HouseView;
  readonly order: number;
}

export type Linked =
  | { readonly rule: CompiledRule }
  | { readonly rule?: never; readonly problems: readonly ShapeProblem[] };

/** Ties one rule to the house. */
export function linkRule(item: ParsedRule, { file, first, house, order }: Surroundings): Linked {
  const problems = [...item.problems];
  if (first !== undefined) {
    problems.push({ path: joinPath(item.path, "id"), problem: `"${item.id}" is already used by ${first}` });
  }
  const { document } = item;
  if (document === undefined) return { problems };
  const { rule } = document;
  const linker = new Linker(house);
  const triggers = rule.triggers.map((trigger, index) =>
    linker.trigger(trigger, index, joinPath(joinPath(item.path, "triggers"), index)),
  );
  const conditions = (rule.conditions ?? []).map((condition, index) =>
    linker.condition(condition, joinPath(joinPath(item.path, "conditions"), index)),
  );
  const actions = rule.actions.map((action, index) =>
    linker.action(action, joinPath(joinPath(item.path, "actions"), index)),
  );
  problems.push(...linker.problems);
  const id = parseRuleId(rule.id);
  if (id === undefined || problems.length > 0) return { problems };
  return {
    rule: {
      id,
      ...titleOf(rule),
      file,
      enabled: rule.enabled ?? true,
      document: rule,
      version: document.fingerprint,
      mode: rule.mode ?? "single",
      max: rule.max ?? 10,
      triggers,
      conditions,
      actions,
      warnings: locate(file, linker.warnings),
      order,
    },
  };
}

function titleOf(rule: Rule): { title?: string } {
  return rule.title === undefined ? {} : { title: rule.title };
}

function locate(file: string, problems: readonly ShapeProblem[]): RuleProblem[] {
  return problems.map(({ path, problem }) => ({ file, path, problem }));
}

function watch(rules: Iterable<CompiledRule>): ReadonlyMap<string, readonly Watcher[]> {
  const watchers = new Map<string, Watcher[]>();
  for (const rule of rules) {
    if (!rule.enabled) continue;
    const byProperty = new Map<string, number[]>();
    for (const [index, trigger] of rule.triggers.entries()) {
      if (trigger.kind !== "watch" || trigger.target === undefined) continue;
      const key = watchKey(trigger.target.thing, trigger.target.property);
      byProperty.set(key, [...(byProperty.get(key) ?? []), index]);
    }
    for (const [key, triggers] of byProperty) {
      const list = watchers.get(key);
      if (list === undefined) watchers.set(key, [{ rule, triggers }]);
      else list.push({ rule, triggers });
    }
  }
  return watchers;
}
