import { isDeepStrictEqual } from "node:util";
import { type TSchema, Type } from "typebox";

/** Keys of an object; of a union of objects those of all its forms, each as any of them has it. */
export function propertiesOf(schema: TSchema): ReadonlyMap<string, TSchema> {
  const { properties, anyOf } = schema as {
    properties?: Readonly<Record<string, TSchema>>;
    anyOf?: readonly TSchema[];
  };
  if (anyOf === undefined) return new Map(Object.entries(properties ?? {}));
  const forms = new Map<string, TSchema[]>();
  for (const form of anyOf) {
    for (const [key, property] of propertiesOf(form)) {
      const known = forms.get(key) ?? [];
      // Most keys are the same in all forms, and then no choice.
      if (!known.some((each) => isDeepStrictEqual(each, property))) known.push(property);
      forms.set(key, known);
    }
  }
  return new Map(
    [...forms].map(([key, schemas]) => [
      key,
      schemas.length === 1 ? (schemas[0] as TSchema) : Type.Union(schemas),
    ]),
  );
}

/** Keys that must be there, whatever form of a union an object has. */
export function requiredOf(schema: TSchema): ReadonlySet<string> {
  const { required, anyOf } = schema as { required?: readonly string[]; anyOf?: readonly TSchema[] };
  if (anyOf === undefined) return new Set(required);
  const [first = new Set<string>(), ...others] = anyOf.map(requiredOf);
  return new Set([...first].filter((key) => others.every((other) => other.has(key))));
}
