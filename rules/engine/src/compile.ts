import { parseRuleId, type Rule, type RuleId, type ThingId } from "@tram/protocol";
import { Calendar, isTimezone } from "./calendar.ts";
import type { HouseView } from "./house-view.ts";
import { interestsOf, interestsOfBlock } from "./interest.ts";
import { Interests } from "./interests.ts";
import type { LastGood } from "./last-good.ts";
import { linkActions, linkVariables, namesGiven } from "./link/link-action.ts";
import { linkConditions } from "./link/link-condition.ts";
import { linkTrigger } from "./link/link-trigger.ts";
import { RuleLinker } from "./link/rule-linker.ts";
import { Texts } from "./link/texts.ts";
import { type ParsedFile, type ParsedRule, parseFile } from "./parse-file.ts";
import type {
  Block,
  BrokenRule,
  CompiledRule,
  LinkedActions,
  OnMissed,
  Program,
  RuleProblem,
  RuleSource,
} from "./program.ts";
import { type PropertyTarget, resolveReference } from "./reference.ts";
import { ScheduleMaker } from "./schedule/index.ts";
import { joinPath, type ShapeProblem } from "./shape-check.ts";

export interface CompileOptions {
  readonly house: HouseView;
  /** IANA name of the gateway's time zone. An unknown one counts as UTC, with a warning. */
  readonly timezone: string;
  /** Where the gateway is, in degrees; without it nobody knows when the sun rises. */
  readonly place?: { readonly latitude: number; readonly longitude: number };
  /** The program so far: files whose text did not change are not read again. */
  readonly previous?: Program;
  /** What goes on in the place of a rule whose text is broken now. Without it such a rule does not run. */
  readonly lastGood?: LastGood;
}

/**
 * Makes a program of the rule files. Call it again when a file or the Things of the house changed, and hand the step
 * after that a `start` event.
 *
 * What is wrong with a rule breaks that rule alone; what breaks a file's YAML breaks that file alone. A property of a
 * Thing that is not known (yet) is a warning. A rule that is broken goes on in its last good version, where there is
 * one: a typing mistake must not switch off the protection against leaks while its owner looks for the right word.
 * @returns the program; never throws, whatever the texts say.
 */
export function compile(sources: readonly RuleSource[], options: CompileOptions): Program {
  const rules = new Map<RuleId, CompiledRule>();
  const broken: BrokenRule[] = [];
  const files = new Map<string, ParsedFile>();
  const claimed = new Map<string, string>();
  const warnings: RuleProblem[] = [];
  const unreadable: ParsedFileOf[] = [];
  const interests = new Interests();
  const awaited = new Set<ThingId>();
  const take = ({ actions, rule, ...ready }: Ready): void => {
    rules.set(rule.id, rule);
    for (const thing of ready.awaited) awaited.add(thing);
    interests.add(rule, interestsOf(rule, actions));
    warnings.push(...rule.warnings);
  };

  const calendar = calendarOf(options);
  const schedules = new ScheduleMaker(calendar, options.place);
  const texts = new Texts();
  if (calendar.timezone !== options.timezone) {
    const problem = `unknown time zone ${JSON.stringify(options.timezone)}; times are taken as UTC`;
    warnings.push({ file: "", path: "timezone", problem });
  }

  for (const source of sources) {
    const { file } = source;
    const parsed = parse(source, options.previous);
    if (source.unreadable === undefined) files.set(file, parsed);
    if (parsed.problems.length > 0) broken.push({ file, problems: locate(file, parsed.problems) });
    if (parsed.problems.length > 0 || parsed.rules.some(isNameless)) unreadable.push({ file, parsed });
    for (const item of parsed.rules) {
      const first = item.id === undefined ? undefined : claimed.get(item.id);
      if (item.id !== undefined && first === undefined) claimed.set(item.id, `${file} ${item.path}`);
      const place = { file, first, house: options.house, schedules, texts, order: rules.size };
      const result = linkRule(item, place);
      if (result.rule !== undefined) {
        take(result);
        continue;
      }
      const problems = locate(file, result.problems);
      const kept = first === undefined ? keptRule(item, options.lastGood, problems, place) : undefined;
      if (kept !== undefined) take(kept);
      else broken.push({ ...(item.id === undefined ? {} : { id: item.id }), file, problems });
    }
  }
  // Last: a rule that moved to another file is that file's.
  for (const { file, parsed } of unreadable) {
    for (const id of options.lastGood?.get(file)?.keys() ?? []) {
      if (claimed.has(id)) continue;
      claimed.set(id, file);
      const nameless = parsed.rules.filter(isNameless).flatMap((rule) => rule.problems);
      const problems = locate(file, [...parsed.problems, ...nameless]);
      const place = { file, first: undefined, house: options.house, schedules, texts, order: rules.size };
      const kept = keptRule({ path: "", id, problems: [] }, options.lastGood, problems, place);
      if (kept !== undefined) take(kept);
    }
  }
  return {
    rules,
    broken,
    warnings,
    interests,
    awaited,
    calendar,
    house: options.house,
    files,
    resolve: resolver(options.house),
    linkActions: actionLinker(options.house, schedules),
  };
}

function parse({ file, text, unreadable }: RuleSource, previous: Program | undefined): ParsedFile {
  if (unreadable !== undefined) return { text, problems: [{ path: "", problem: unreadable }], rules: [] };
  const known = previous?.files.get(file);
  return known?.text === text ? known : parseFile(text);
}

interface ParsedFileOf {
  readonly file: string;
  readonly parsed: ParsedFile;
}

/** Which rule it was meant to be nobody can tell: it may be any that the file had before. */
function isNameless({ id }: ParsedRule): boolean {
  return id === undefined;
}

/** The last good version of a rule, tied to the house of today. */
function keptRule(
  { id, off, path }: ParsedRule,
  lastGood: LastGood | undefined,
  problems: readonly RuleProblem[],
  place: Surroundings,
): Ready | undefined {
  const document = id === undefined ? undefined : lastGood?.get(place.file)?.get(id);
  if (document === undefined) return undefined;
  const linked = linkRule({ path, id, problems: [], document }, place);
  if (linked.rule === undefined) return undefined;
  const { rule } = linked;
  // Whoever switches off a rule that is broken wants it to stop.
  return { ...linked, rule: { ...rule, enabled: rule.enabled && off !== true, broken: problems } };
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
  readonly schedules: ScheduleMaker;
  readonly texts: Texts;
  readonly order: number;
}

/** A rule, and what it does: the one is kept, the other is made again when it runs. */
interface Ready {
  readonly rule: CompiledRule;
  readonly actions: Block;
  /** Things that it names and nobody knows yet. */
  readonly awaited: ReadonlySet<ThingId>;
}

export type Linked = Ready | { readonly rule?: never; readonly problems: readonly ShapeProblem[] };

/** Ties one rule to the house. */
export function linkRule(
  item: ParsedRule,
  { file, first, house, order, schedules, texts }: Surroundings,
): Linked {
  const problems = [...item.problems];
  if (first !== undefined) {
    problems.push({ path: joinPath(item.path, "id"), problem: `"${item.id}" is already used by ${first}` });
  }
  const { document } = item;
  if (document === undefined) return { problems };
  const { rule } = document;
  const at = (key: string) => joinPath(item.path, key);
  const names = [...Object.keys(rule.variables ?? {}), ...namesGiven(rule.actions)];
  const linker = new RuleLinker({ house, schedules, texts, names });
  const variables = linkVariables(linker, rule.variables, at("variables"));
  const triggers = rule.triggers.flatMap((trigger, index) =>
    linkTrigger(linker, trigger, { path: joinPath(at("triggers"), index), key: String(index) }),
  );
  const conditions = linkConditions(linker, rule.conditions ?? [], at("conditions"));
  const actions = linkActions(linker, rule.actions, at("actions"));
  const rateLimit =
    rule.rate_limit === undefined
      ? {}
      : {
          rateLimit: {
            runs: rule.rate_limit.runs,
            perMs: linker.duration(rule.rate_limit.per, at("rate_limit.per")),
          },
        };
  const onMissed = onMissedOf(linker, rule, at("on_missed"));
  problems.push(...linker.problems);
  const id = parseRuleId(rule.id);
  if (id === undefined || problems.length > 0) return { problems };
  return {
    actions,
    awaited: linker.awaited,
    rule: {
      id,
      ...titleOf(rule),
      file,
      enabled: rule.enabled ?? true,
      ...(rule.group === undefined ? {} : { group: rule.group }),
      labels: some(rule.labels ?? NONE),
      document,
      version: document.fingerprint,
      mode: rule.mode ?? "single",
      max: rule.max ?? 10,
      onMissed,
      whenUntrusted: rule.when_untrusted ?? "hold",
      onEdit: rule.on_edit ?? "finish",
      ...rateLimit,
      variables: some(variables),
      triggers,
      conditions: some(conditions),
      holds: some(linker.holds),
      warnings: some(locate(file, linker.warnings)),
      order,
    },
  };
}

const NONE: readonly never[] = [];

/** The list, or where it is empty the one that all share. */
function some<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? NONE : list;
}

function onMissedOf(linker: RuleLinker, { on_missed: written }: Rule, path: string): OnMissed {
  if (typeof written !== "object") return written ?? "skip";
  return { catchUpMs: linker.duration(written.catch_up, joinPath(path, "catch_up")) };
}

/** Actions of so many versions stay ready; the one that was used the longest ago goes first. */
const MAX_READY = 500;

/** Links actions when they are wanted; what is wrong with those of an older version now fails when it is done. */
function actionLinker(house: HouseView, schedules: ScheduleMaker): Program["linkActions"] {
  const ready = new Map<string, LinkedActions>();
  return (version, source) => {
    let linked = ready.get(version);
    if (linked === undefined) {
      const actions = source();
      // The rule may have variables of its own, or had; what they are is in the run.
      const names = [...namesGiven(actions), ...namesUsed(actions)];
      const linker = new RuleLinker({ house, schedules, texts: new Texts(), names });
      const block = linkActions(linker, actions, "actions");
      linked = { block, holds: linker.holds, interests: interestsOfBlock(block, linker.holds) };
      const [oldest] = ready.keys();
      if (ready.size >= MAX_READY && oldest !== undefined) ready.delete(oldest);
    } else ready.delete(version);
    ready.set(version, linked);
    return linked;
  };
}

/** Words in the texts of actions that could be names of variables. */
function namesUsed(part: unknown): string[] {
  if (typeof part === "string") return part.match(/[a-z_][a-zA-Z0-9_]{0,63}/g) ?? [];
  return typeof part === "object" && part !== null ? Object.values(part).flatMap(namesUsed) : [];
}

/** References of expressions, resolved once for each program. */
function resolver(house: HouseView): Program["resolve"] {
  const known = new Map<string, PropertyTarget | undefined>();
  return (reference) => {
    if (known.has(reference)) return known.get(reference);
    const found = resolveReference(reference, house);
    const target = found.kind === "found" ? found.target : undefined;
    known.set(reference, target);
    return target;
  };
}

function titleOf(rule: Rule): { title?: string } {
  return rule.title === undefined ? {} : { title: rule.title };
}

function locate(file: string, problems: readonly ShapeProblem[]): RuleProblem[] {
  return problems.map(({ path, problem }) => ({ file, path, problem }));
}
