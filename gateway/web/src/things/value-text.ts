import type { PropertyAffordance } from "@tram/protocol";
import type { I18n } from "../i18n/i18n.ts";
import { spacedUnit } from "../i18n/number.ts";

/** What of a property matters for writing its values. */
export type ValueShape = Pick<PropertyAffordance, "type"> & Partial<PropertyAffordance>;

/**
 * A value as people read it, with its unit.
 * @returns an empty text for `null` and `undefined`, which mean that no value was ever seen.
 */
export function valueText(value: unknown, shape: ValueShape, i18n: I18n): string {
  switch (typeof value) {
    case "boolean":
      if (shape.labels !== undefined) return shape.labels[value ? 1 : 0] ?? "";
      if (shape.readOnly === true) return i18n.t(value ? "value.yes" : "value.no");
      return i18n.t(value ? "value.on" : "value.off");
    case "number":
      return `${i18n.number(value, shape)}${spacedUnit(shape.unit)}`;
    case "string":
      return shape.format === "date-time" ? i18n.instant.full(value) : `${value}${spacedUnit(shape.unit)}`;
    default:
      return value === undefined || value === null ? "" : JSON.stringify(value);
  }
}

/** A value of unknown shape, as a trace shows it. */
export function bareValueText(value: unknown, i18n: I18n): string {
  if (typeof value === "number") return i18n.number(value, {});
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? "";
}
