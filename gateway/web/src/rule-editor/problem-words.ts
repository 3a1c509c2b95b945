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
    const own = doubtWords(warning.path, words);
    return own === undefined ? { ...warning, lang: "en" as const } : { ...warning, problem: own };
  });
}

function doubtWords(path: string, { affordanceOf, document, i18n: { t } }: Words): string | undefined {
  if (document === undefined) return undefined;
  if (path.endsWith(".for")) return t("wrong.momentary");
  if (!/\.(?:property|set)$/.test(path)) return undefined;
  const reference = valueAt(document, path);
  const affordance = affordanceOf(reference);
  if (affordance === undefined) return t("wrong.unknown", { property: String(reference) });
  if (affordance.writeOnly === true) return t("editor.unfit.write-only");
  return path.endsWith(".numeric.property") ? t("editor.unfit.no-number") : undefined;
}

/**
 * Puts what the gateway found into the person's own words, where it is one of the usual mistakes. Whether something is
 * wrong is the gateway's to say; everything else stays in its words.
 */
export function inWords(problems: readonly RuleProblemView[], words: Words): readonly Told[] {
  return problems.map((problem) => {
    const own = ownWords(problem.path, words);
    return own === undefined ? { ...problem, lang: "en" as const } : { ...problem, problem: own };
  });
}

function ownWords(path: string, words: Words): string | undefined {
  const { document, i18n } = words;
  if (document === undefined) return undefined;
  const { t } = i18n;
  const value = valueAt(document, path);
  const part = /^(triggers|conditions|actions)\[\d+\]/.exec(path)?.[0];
  switch (path.slice(part?.length ?? 0)) {
    case "id":
      if (value === "" || value === undefined) return t("wrong.idMissing");
      return t(
        typeof value === "string" && new RegExp(ID_PATTERN).test(value) ? "wrong.idTaken" : "wrong.id",
      );
    case ".id":
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
      return typeof value === "number" ? undefined : t("property.notNumber");
    case ".for":
    case ".delay":
      return typeof value === "string" && parseDuration(value) !== undefined
        ? t("wrong.tooLong")
        : t("wrong.duration");
    case ".notify":
      return value === "" ? t("wrong.text") : undefined;
    case ".time":
      if (typeof value === "string") return t("wrong.time");
      return isPart(value) ? windowWords(value, i18n) : undefined;
    case ".time.after":
    case ".time.before":
      return t("wrong.time");
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
