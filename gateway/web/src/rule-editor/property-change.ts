import { isPart, type Part, valueAt, withPath } from "./document.ts";
import { isTemplate } from "./part-shape.ts";
import type { FieldSpec } from "./part-specs.ts";
import { firstValue, fits, type PropertyChoice } from "./property-choices.ts";

/**
 * Another property for a part. What was compared with the old one, or written to it, goes where it cannot be of the new
 * one; an occurrence does not last, so nothing waits for it.
 * @param fields all fields of the part.
 * @param at where the property stands.
 */
export function withProperty(
  part: Part,
  fields: readonly FieldSpec[],
  at: string,
  { affordance, reference }: PropertyChoice,
): Part {
  let next = withPath(part, at, reference);
  for (const field of fields.filter(({ of, type }) => of === at && (type === "value" || type === "values"))) {
    const value = valueAt(next, field.at);
    const needed = field.type === "value" || field.need === true;
    const all = field.type === "values" && Array.isArray(value) ? value : [value];
    if (isTemplate(value) || (value === undefined && !needed)) continue;
    // Inside a value that is a map nobody knows what is right.
    if (isPart(next.state) && next.state.attribute !== undefined) continue;
    if (!all.every((one) => fits(affordance, one)))
      next = withPath(next, field.at, needed ? firstValue(affordance) : undefined);
  }
  return affordance.momentary === true ? withPath(next, "for", undefined) : next;
}
