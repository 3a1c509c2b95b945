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
    for (const [key, property] of propertiesOf(form)) forms.set(key, [...(forms.get(key) ?? []), property]);
  }
  return new Map(
    [...forms].map(([key, schemas]) => [
      key,
      schemas.length === 1 ? (schemas[0] as TSchema) : Type.Union(schemas),
    ]),
  );
}
