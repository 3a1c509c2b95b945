import { ID_PATTERN, type PropertyAffordance, parseDuration, type RuleProblemView } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { readNumber } from "../things/number-entry.ts";
import { valueText } from "../things/value-text.ts";
import { isPart, type RuleDocument, valueAt } from "./document.ts";
import type { Told } from "./problems.ts";

export interface Words {
  readonly document: RuleDocument | undefined;
  /** What is known of the property that a rule names. */
  readonly affordanceOf: (reference: unknown) => PropertyAffordance | undefined;
  readonly i18n: I18n;
}

/** The same for what the gateway finds doubtful. */
export function warningsInWords(warnings: readonly RuleProblemView[], words: Words): readonly Told[] {
  return warnings.map((warning) => {
    const own = doubtWords(warning, words);
    return own === undefined ? { ...warning, lang: "en" as const } : { ...warning, problem: own };
  });
}

function doubtWords({ path, problem }: RuleProblemView, words: Words): string | undefined {
  const { affordanceOf, document, i18n } = words;
  const { t } = i18n;
  const [, thing] = /^unknown Thing "(.*?)"/.exec(problem) ?? [];
  const reference = document === undefined ? undefined : valueAt(document, path);
  if (thing !== undefined) {
    return typeof reference === "string" && reference.includes("/") && !path.endsWith(".invoke")
      ? t("wrong.unknown", { property: reference })
      : t("wrong.unknownThing", { thing });
  }
  if (problem.startsWith("no Thing there has")) return t("wrong.noneThere");
  if (problem.startsWith("nobody is known")) return t("wrong.nobody");
  if (problem.endsWith(" never comes")) return t("wrong.never");
  if (document === undefined) return undefined;
  if (path.endsWith(".for")) return t("wrong.momentary");
  if (!/\.(?:property|set)(?:\[\d+\])?$/.test(path)) return undefined;
  const affordance = affordanceOf(reference);
  if (affordance === undefined) {
    return typeof reference === "string" ? t("wrong.unknown", { property: reference }) : undefined;
  }
  if (affordance.writeOnly === true) return t("editor.unfit.write-only");
  return /\.numeric\.property/.test(path) ? t("editor.unfit.no-number") : undefined;
}

/**
 * Puts what the gateway found into the person's own words, where it is one of the usual mistakes. Whether something is
 * wrong is the gateway's to say; everything else stays in its words.
 */
export function inWords(problems: readonly RuleProblemView[], words: Words): readonly Told[] {
  return problems.map((problem) => {
    const own = ownWords(problem.path, words) ?? saidWords(problem, words.i18n);
    return own === undefined ? { ...problem, lang: "en" as const } : { ...problem, problem: own };
  });
}

/** The place of the part that a path leads into, and the path inside of it: `actions[0].then[1]` and `.set`. */
function placeIn(path: string): readonly [part: string, inside: string] {
  // Items of a list of values are no parts: `state.to[0]`.
  const plain = path.replace(/(\.(?:property|set|to|from|is|at))\[\d+\]$/, "$1");
  const [part = ""] = /^.*\](?=\.|$)/.exec(plain) ?? [];
  const inside = plain.slice(part.length);
  const nots = /^(?:\.not(?=\.))+/.exec(inside)?.[0] ?? "";
  return [part + nots, inside.slice(nots.length)];
}

function ownWords(path: string, words: Words): string | undefined {
  const { document, i18n } = words;
  if (document === undefined) return undefined;
  const { t } = i18n;
  const value = valueAt(document, path);
  const [part, inside] = placeIn(path);
  switch (inside) {
    case "id":
      if (value === "" || value === undefined) return t("wrong.idMissing");
      return t(
        typeof value === "string" && new RegExp(ID_PATTERN).test(value) ? "wrong.idTaken" : "wrong.id",
      );
    case ".id":
    case "group":
      return t("wrong.triggerId");
    case "triggers":
    case "actions":
      return Array.isArray(value) && value.length === 0
        ? t(`wrong.none.${path as "triggers" | "actions"}`)
        : undefined;
    case "max":
      return t("wrong.max");
    case ".state.property":
    case ".numeric.property":
    case ".set":
      return value === "" || value === undefined ? t("wrong.property") : undefined;
    case ".numeric":
      return isPart(value) ? rangeWords(value, i18n) : undefined;
    case ".numeric.above":
    case ".numeric.below":
    case ".numeric.hysteresis":
      return typeof value === "number" ? undefined : t("property.notNumber");
    case ".for":
    case ".delay":
    case ".timeout":
    case ".confirm":
    case "rate_limit.per":
    case "on_missed.catch_up":
      if (typeof value === "string" && value.includes("${")) return undefined;
      return typeof value === "string" && parseDuration(value) !== undefined
        ? t("wrong.tooLong")
        : t("wrong.duration");
    case ".sun.offset":
    case ".sun.after.offset":
    case ".sun.before.offset":
      return t("wrong.offset");
    case ".notify":
      return value === "" ? t("wrong.text") : undefined;
    case ".time":
      if (typeof value === "string") return t("wrong.time");
      return isPart(value) ? windowWords(value, i18n) : undefined;
    case ".time.at":
    case ".time.after":
    case ".time.before":
      return t("wrong.time");
    case ".availability.thing":
    case ".event.thing":
      return value === "" ? t("wrong.thing") : undefined;
    case ".call":
    case ".enable":
    case ".disable":
    case ".rule.id":
      return value === "" ? t("wrong.rule") : undefined;
    case ".state.to":
    case ".state.from":
    case ".state.is":
      return valueWords(value, words.affordanceOf(valueAt(document, `${part}.state.property`)), i18n);
    case ".value":
      return valueWords(value, words.affordanceOf(valueAt(document, `${part}.set`)), i18n);
    default:
      return undefined;
  }
}

type Say = (i18n: I18n, words: readonly string[]) => string;

/** What the checker says anywhere, by its words. The rest of a message stays English behind a lead. */
const SAYINGS: readonly (readonly [pattern: RegExp, say: Say])[] = [
  [/^missing$/, ({ t }) => t("wrong.missing")],
  [/^found 0 items, expected at least/, ({ t }) => t("wrong.nothing")],
  [
    /^found \d+ (?:items|Things), expected at most (\d+)/,
    ({ t }, [count]) => t("wrong.tooMany", { count: Number(count) }),
  ],
  [/^found 0 characters, expected at least/, ({ t }) => t("wrong.text")],
  [
    /^found \d+ characters, expected at least (\d+)/,
    ({ t }, [count]) => t("wrong.tooShort", { count: Number(count) }),
  ],
  [
    /^found \d+ characters, expected at most (\d+)/,
    ({ t }, [count]) => t("wrong.long", { count: Number(count) }),
  ],
  [/^nested deeper than (\d+) levels/, ({ t }, [count]) => t("wrong.nested", { count: Number(count) })],
  [
    /^found (.+) together, expected only one/,
    ({ t }, [keys = ""]) => t("wrong.together", { keys: keys.replaceAll(" and ", ", ") }),
  ],
  [/expected a window such as/, ({ t }) => t("wrong.window")],
  [/expected a number, "\/5" or "\*"|expected \*, 0 to \d+/, ({ t }) => t("wrong.pattern")],
  [/expected a name of a-z, A-Z/, ({ t }) => t("wrong.name")],
  [/expected a time of day/, ({ t }) => t("wrong.time")],
  [/expected a duration of at most/, ({ t }) => t("wrong.tooLong")],
  [/expected a duration such as 30m/, ({ t }) => t("wrong.offset")],
  [/expected a duration such as/, ({ t }) => t("wrong.duration")],
  [/expected the id of a Thing/, ({ t }) => t("wrong.thing")],
  [/expected an id of a-z/, ({ t }) => t("wrong.triggerId")],
  [/expected a property such as/, ({ t }) => t("wrong.property")],
  [/expected a URL of http/, ({ t }) => t("wrong.url")],
  [/^found neither area nor tag/, ({ t }) => t("wrong.areaOrTag")],
  [/^found neither above nor below/, ({ t }) => t("wrong.noLimit")],
  [/expected above to be the smaller/, ({ t }) => t("wrong.crossed")],
  [/^(\S+) is read-only$/, ({ t }, [property = ""]) => t("wrong.readOnly", { property })],
  [/^unknown action /, ({ t }) => t("wrong.unknownAction")],
  [/^unknown event /, ({ t }) => t("wrong.unknownEvent")],
  [/^(unknown property .*)$/, ({ t }, [problem = ""]) => t("wrong.unknownProperty", { problem })],
  [/latitude/, ({ t }) => t("wrong.place")],
  [
    /, expected at least (-?[\d.]+)$/,
    ({ number, t }, [limit]) => t("wrong.atLeast", { limit: number(Number(limit), {}) }),
  ],
  [
    /, expected at most (-?[\d.]+)$/,
    ({ number, t }, [limit]) => t("wrong.atMost", { limit: number(Number(limit), {}) }),
  ],
  [
    /, expected (\w+(?:, \w+)* or \w+)$/,
    ({ t }, [options = ""]) => t("wrong.choose", { options: options.replace(" or ", ", ") }),
  ],
];

function saidWords({ path, problem }: RuleProblemView, i18n: I18n): string | undefined {
  const { t } = i18n;
  if (problem.startsWith("unknown key;"))
    return t("wrong.unknownKey", { key: /[^.[\]"]+"?\]?$/.exec(path)?.[0].replace(/["\]]/g, "") ?? path });
  for (const [pattern, say] of SAYINGS) {
    const found = pattern.exec(problem);
    if (found !== null) return say(i18n, found.slice(1));
  }
  if (path.endsWith(".cron")) return t("wrong.cron", { problem });
  return path.endsWith(".expression") ? t("wrong.expression", { problem }) : undefined;
}

function rangeWords(range: Readonly<Record<string, unknown>>, { t }: I18n): string | undefined {
  if (range.above === undefined && range.below === undefined) return t("wrong.noLimit");
  return typeof range.above === "number" && typeof range.below === "number" && range.above >= range.below
    ? t("wrong.crossed")
    : undefined;
}

function windowWords(window: Readonly<Record<string, unknown>>, { t }: I18n): string | undefined {
  const { after, before, weekdays } = window;
  if (after === undefined && before === undefined && weekdays === undefined) return t("wrong.noWindow");
  return after !== undefined && after === before ? t("wrong.emptyWindow") : undefined;
}

function valueWords(
  value: unknown,
  affordance: PropertyAffordance | undefined,
  i18n: I18n,
): string | undefined {
  const { t } = i18n;
  if (value === undefined) return t("wrong.value");
  switch (affordance?.type) {
    case "number":
    case "integer": {
      const entry = readNumber(typeof value === "number" ? String(value) : "", affordance);
      if (entry.ok) return undefined;
      if (!("limit" in entry)) return t(`property.${entry.problem}`);
      return t(`property.${entry.problem}`, { limit: valueText(entry.limit, affordance, i18n) });
    }
    case "boolean":
      return t("wrong.value");
    case "string":
      return affordance.enum === undefined ? undefined : t("wrong.value");
    default:
      return undefined;
  }
}
