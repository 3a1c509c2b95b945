import { Rule } from "@tram/protocol";
import fc from "fast-check";

/** Rules for tests: whatever the schema of the language admits, with all its kinds. */

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

// The schema is JSON, whatever its type says of it.
const RULE: Schema = JSON.parse(JSON.stringify(Rule));
const DEPTH = 3;
const made = new Map<string, fc.Arbitrary<unknown>>();

/** The branches of the union that a definition is. */
export function branchesOf(name: "trigger" | "condition" | "action"): readonly Schema[] {
  return RULE.$defs?.[name]?.anyOf ?? [];
}

export const anyRule: fc.Arbitrary<Readonly<Record<string, unknown>>> = arbitraryOf(
  { $ref: "rule" },
  0,
) as fc.Arbitrary<Readonly<Record<string, unknown>>>;

/** Made once for each definition and depth: there are very many ways through them. */
function arbitraryOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const key = `${schema.$ref} ${depth}`;
  const arbitrary = (schema.$ref === undefined ? undefined : made.get(key)) ?? makeArbitrary(schema, depth);
  if (schema.$ref !== undefined) made.set(key, arbitrary);
  return arbitrary;
}

function makeArbitrary(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const inner = RULE.$defs?.[schema.$ref] ?? {};
    // Deep inside only what holds nothing further.
    if (depth < DEPTH || inner.anyOf === undefined) return arbitraryOf(inner, depth + 1);
    return arbitraryOf({ anyOf: inner.anyOf.filter((one) => !JSON.stringify(one).includes("$ref")) }, depth);
  }
  if (schema.anyOf !== undefined) {
    return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one, depth)));
  }
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  switch (schema.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: schema.minimum ?? -100, max: schema.maximum ?? 100 });
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: schema.minimum ?? -1e6, max: 1e6 });
    case "string":
      return schema.pattern === undefined
        ? fc.oneof(
            fc.string({ minLength: schema.minLength ?? 0, maxLength: 40 }),
            fc.constantFrom("${ 1 + 1 }x", "true", "07:00", "a, b", "x: y", "# no remark"),
          )
        : fc.stringMatching(new RegExp(schema.pattern), { size: "xsmall" });
    case "array":
      return fc.array(arbitraryOf(schema.items ?? {}, depth), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(2, schema.minItems ?? 0),
      });
    case "object":
      return mapOf(schema, depth);
    default:
      return fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>;
  }
}

function mapOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const [free] = Object.entries(schema.patternProperties ?? {});
  if (free !== undefined) {
    const [pattern, value] = free;
    return fc.dictionary(
      fc.stringMatching(new RegExp(pattern), { size: "xsmall" }).filter((key) => key !== "__proto__"),
      arbitraryOf(value, depth),
      { maxKeys: 3 },
    );
  }
  const entries = Object.entries(schema.properties ?? {}).map(
    ([key, inner]) => [key, arbitraryOf(inner, depth)] as const,
  );
  return fc
    .record(Object.fromEntries(entries), {
      requiredKeys: [...(schema.required ?? [])],
      noNullPrototype: true,
    })
    .map((record) => JSON.parse(JSON.stringify(record)));
}
