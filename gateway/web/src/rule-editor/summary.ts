import type { I18n } from "../i18n/i18n.ts";
import { localTitle } from "../i18n/titles.ts";
import type { Things } from "../rules/condition-facts.ts";
import { findProperty } from "../things/find-property.ts";
import { nameOf } from "../things/property-groups.ts";
import { bareValueText, valueText } from "../things/value-text.ts";
import { isPart, type Part } from "./document.ts";
import { kindOf, specOf } from "./part-shape.ts";
import type { Role } from "./part-specs.ts";
import { writeYaml } from "./write-yaml.ts";

export interface SummaryWords {
  readonly things: Things;
  readonly i18n: I18n;
}

/** Longer ones are cut: the card says the rest. */
const MOST_CHARACTERS = 120;

/** What a part does, in a line; without its kind, which stands before it. */
export function summaryOf(role: Role, part: unknown, words: SummaryWords): string {
  const text = isPart(part) ? textOf(role, part, words).trim() : "";
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

function textOf(role: Role, part: Part, words: SummaryWords): string {
  const { t } = words.i18n;
  const kind = kindOf(role, part);
  const inner = kind === undefined ? {} : isPart(part[kind]) ? part[kind] : {};
  const actions = (list: unknown) => t("editor.sum.actions", { count: lengthOf(list) });
  switch (kind) {
    case undefined:
      return flat(part);
    case "state":
      return `${propertiesText(inner.property, words)} ${changeText(inner, words)}`;
    case "numeric":
      return `${propertiesText(inner.property, words)} ${rangeText(inner)}`;
    case "set":
      return `${propertiesText(part.set, words)} = ${writtenAs(part.set, part.value, words)}`;
    case "if": {
      const conditions = conditionsText(part.if, words);
      return part.else === undefined
        ? t("editor.sum.if", { conditions, actions: actions(part.then) })
        : t("editor.sum.ifElse", { conditions, actions: actions(part.then), others: actions(part.else) });
    }
    case "choose":
      return t("editor.sum.branches", { count: lengthOf(part.choose) });
    case "parallel":
      return t("editor.sum.blocks", { count: lengthOf(part.parallel) });
    case "sequence":
      return actions(part.sequence);
    case "repeat":
      return `${repeatText(inner, words)}: ${actions(part.do)}`;
    case "wait_for":
      return withTimeout(listText("triggers", part.wait_for, words), part);
    case "wait_until":
      return withTimeout(conditionsText(part.wait_until, words), part);
    case "condition":
      return conditionsText(part.condition, words);
    case "and":
    case "or":
      return conditionsText(part[kind], words);
    case "not":
      return conditionsText([part.not], words);
    default:
      return flat(part[kind]);
  }
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

function flat(value: unknown): string {
  return typeof value === "string" ? value : writeYaml(value).replace(/\n\s*/g, " ");
}

/** One condition in its own words, several as their number. */
function conditionsText(conditions: unknown, words: SummaryWords): string {
  return listText("conditions", conditions, words);
}

function listText(role: "triggers" | "conditions", parts: unknown, words: SummaryWords): string {
  const [only, ...more]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  const { t } = words.i18n;
  if (only === undefined || more.length > 0) {
    return t(role === "conditions" ? "editor.sum.conditions" : "editor.sum.triggers", {
      count: lengthOf(parts),
    });
  }
  const kind = kindOf(role, only);
  const text = summaryOf(role, only, words);
  // A comparison says what it is by itself.
  if (kind === undefined || kind === "state" || kind === "numeric") return text;
  return `${t(specOf(role, kind).title)} (${text})`;
}

function withTimeout(text: string, { timeout }: Part): string {
  return typeof timeout === "string" ? `${text}, ≤ ${timeout}` : text;
}

function repeatText(how: Part, words: SummaryWords): string {
  const { t } = words.i18n;
  if (how.while !== undefined) return `${t("editor.repeat.while")} ${conditionsText(how.while, words)}`;
  if (how.until !== undefined) return `${t("editor.repeat.until")} ${conditionsText(how.until, words)}`;
  return how.count === undefined ? t("editor.repeat.for_each") : `${flat(how.count)} ×`;
}

function propertiesText(reference: unknown, { things, i18n }: SummaryWords): string {
  if (Array.isArray(reference)) {
    const [first, ...more] = reference;
    const text = propertiesText(first, { things, i18n });
    return more.length === 0 ? text : `${text} +${more.length}`;
  }
  if (isPart(reference)) {
    const where = [reference.area, reference.tag].filter((one) => one !== undefined).join(", ");
    return `${String(reference.property)} (${where})`;
  }
  const found = typeof reference === "string" ? findProperty(things, reference) : undefined;
  if (found === undefined) return reference === undefined || reference === "" ? "…" : flat(reference);
  const { affordance, key, thing } = found;
  return `${localTitle(thing, i18n.language, thing.id)} · ${localTitle(affordance, i18n.language, nameOf(key))}`;
}

function writtenAs(reference: unknown, value: unknown, { things, i18n }: SummaryWords): string {
  const found = typeof reference === "string" ? findProperty(things, reference) : undefined;
  if (value === undefined) return "…";
  return found === undefined ? bareValueText(value, i18n) : valueText(value, found.affordance, i18n);
}

function changeText(inner: Part, words: SummaryWords): string {
  const all = (value: unknown) =>
    (Array.isArray(value) ? value : [value]).map((one) => writtenAs(inner.property, one, words)).join(" / ");
  if (inner.is !== undefined) return `= ${all(inner.is)}`;
  const from = inner.from === undefined ? "" : `${all(inner.from)} `;
  return inner.to === undefined ? from : `${from}→ ${all(inner.to)}`;
}

function rangeText({ above, below }: Part): string {
  return [
    ...(above === undefined ? [] : [`> ${flat(above)}`]),
    ...(below === undefined ? [] : [`< ${flat(below)}`]),
  ].join(", ");
}
