import type { PropertyAffordance, Thing } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { localTitle } from "../i18n/titles.ts";
import { findProperty } from "../things/find-property.ts";
import { nameOf } from "../things/property-groups.ts";
import { bareValueText, valueText } from "../things/value-text.ts";
import type { CheckedCondition, CheckedTest } from "./trace-conditions.ts";

export type Things = Readonly<Record<string, Thing>>;

/**
 * Says what a condition that did not hold wanted and what was seen instead, with the titles and units of the house.
 * @param wanted false for what stands below a `not`.
 */
export function factText(condition: CheckedCondition, wanted: boolean, things: Things, i18n: I18n): string {
  const { t } = i18n;
  const { notes, parts, seen, test } = condition;
  switch (test.kind) {
    case "not": {
      const [inner] = parts;
      return inner === undefined ? t("whyNot.group") : factText(inner, !wanted, things, i18n);
    }
    case "and":
    case "or": {
      // What kept the group from being what it should be: for a wanted one the parts that fail, else those that hold.
      const culprits = parts.filter(({ passed }) => passed !== wanted);
      const facts = culprits.map((part) => factText(part, wanted, things, i18n));
      // A wanted `and` fails by any of its parts, a wanted `or` by all of them.
      const all = (test.kind === "or") === wanted;
      return facts.length === 0 ? t("whyNot.group") : all ? facts.join("; ") : (facts[0] ?? "");
    }
    case "time":
      if (notes.length > 0) return t("whyNot.clockFact");
      return t(wanted ? "whyNot.time" : "whyNot.timeNot", {
        window: windowText(test, i18n),
        seen: momentText(seen, i18n),
      });
    case "equals":
    case "range": {
      const found = findProperty(things, test.property);
      const property =
        found === undefined
          ? test.property
          : `${localTitle(found.thing, i18n.language, found.thing.id)} · ${localTitle(found.affordance, i18n.language, nameOf(found.key))}`;
      const expected = expectedText(test, found?.affordance, i18n);
      if (seen === null || seen === undefined) return t("whyNot.unknown", { property, expected });
      const shown = written(seen, found?.affordance, i18n);
      const quality = notes.includes("stale")
        ? t("whyNot.stale")
        : notes.includes("bad")
          ? t("whyNot.bad")
          : "";
      return t(wanted ? "whyNot.value" : "whyNot.valueNot", {
        property,
        expected,
        seen: quality === "" ? shown : `${shown} (${quality})`,
      });
    }
    default:
      return seen === null || seen === undefined
        ? test.what
        : `${test.what} (${t("trace.seen", { value: bareValueText(seen, i18n) })})`;
  }
}

function written(value: unknown, affordance: PropertyAffordance | undefined, i18n: I18n): string {
  return affordance === undefined ? bareValueText(value, i18n) : valueText(value, affordance, i18n);
}

function expectedText(
  test: Extract<CheckedTest, { kind: "equals" | "range" }>,
  affordance: PropertyAffordance | undefined,
  i18n: I18n,
): string {
  const { t } = i18n;
  if (test.kind === "equals") return t("whyNot.equals", { value: written(test.value, affordance, i18n) });
  const limit = (value: number) => written(value, affordance, i18n);
  const { above, below } = test;
  if (above !== undefined && below !== undefined)
    return t("whyNot.between", { above: limit(above), below: limit(below) });
  return above === undefined
    ? t("whyNot.below", { limit: limit(below ?? 0) })
    : t("whyNot.above", { limit: limit(above) });
}

function windowText(test: Extract<CheckedTest, { kind: "time" }>, i18n: I18n): string {
  const { t } = i18n;
  const { after, before, weekdays } = test;
  return [
    ...(after === undefined ? [] : [t("whyNot.from", { time: after })]),
    ...(before === undefined ? [] : [t("whyNot.until", { time: before })]),
    ...(weekdays.length === 0
      ? []
      : [t("whyNot.days", { days: weekdays.map((day) => weekdayName(day, i18n)).join(", ") })]),
  ].join(" ");
}

/** `wed 12:05:00` as people say it. */
function momentText(seen: unknown, i18n: I18n): string {
  const [, day, time] = /^([a-z]{3}) (\d\d:\d\d)/.exec(String(seen)) ?? [];
  return day === undefined ? bareValueText(seen, i18n) : `${weekdayName(day, i18n)} ${time}`;
}

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** 2024-01-01 was a Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** The short name of a weekday in the language; what is no weekday stays as it is. */
export function weekdayName(day: string, { language }: I18n): string {
  const index = (WEEKDAYS as readonly string[]).indexOf(day);
  if (index < 0) return day;
  return new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" }).format(
    A_MONDAY + index * DAY_MS,
  );
}
