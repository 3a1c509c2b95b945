import { type TSchema, Type } from "typebox";
import { isJsonObject, type Json } from "../json.ts";
import { RuleFile } from "./rule.ts";
import { RuleTest, RuleTestDefaults } from "./rule-test.ts";

const Tests = Type.Array(Type.Ref("test"));
/** A file of tests: a list, or a map of what they have in common and `tests`. */
const RuleTestFile = Type.Cyclic(
  {
    test: RuleTest,
    file: Type.Union([
      Tests,
      Type.Object({ ...RuleTestDefaults.properties, tests: Tests }, { additionalProperties: false }),
    ]),
  },
  "file",
);

/** The schemas for editors, by the names of their files. */
export const EDITOR_SCHEMAS = {
  "rules.schema.json": () => editorSchema(RuleFile, "Rules of Tram"),
  "rule-tests.schema.json": () => editorSchema(RuleTestFile, "Tests of rules of Tram"),
} as const;

/**
 * A schema as JSON Schema 2020-12 that editors complete and explain by: references are pointers, the word that tells a
 * trigger, a condition, an action or a check from the others has what is said about the whole, and texts with code in
 * them are Markdown.
 */
function editorSchema(schema: TSchema, title: string): Json {
  // What TypeBox keeps beside the schema is not enumerable, and stays behind.
  const plain = JSON.parse(JSON.stringify(schema)) as { [key: string]: Json };
  const { $defs, $ref, ...rest } = adapt(plain) as { [key: string]: Json };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...rest,
    ...($ref === undefined ? {} : { $ref }),
    ...($defs === undefined ? {} : { $defs }),
  };
}

function adapt(node: Json): Json {
  if (Array.isArray(node)) return node.map(adapt);
  if (!isJsonObject(node)) return node;
  const { $id: _name, ...schema }: { [key: string]: Json } = node;
  // Names of variables and of Things are checked, too.
  if ("patternProperties" in schema && !("^.*$" in (schema.patternProperties as object))) {
    schema.additionalProperties = false;
  }
  const entries = Object.entries(schema).map(([key, value]): [string, Json] => {
    if (key === "$ref" && typeof value === "string") return [key, `#/$defs/${value}`];
    // A property may be called `$id`, `$ref` or `description`: what is below `properties` are names.
    if (key === "properties" && isJsonObject(value)) {
      return [
        key,
        Object.fromEntries(Object.entries(explain(schema, value)).map(([name, one]) => [name, adapt(one)])),
      ];
    }
    // Values, and no schemas.
    return key === "default" || key === "enum" || key === "const" ? [key, value] : [key, adapt(value)];
  });
  const { description } = schema;
  if (typeof description === "string" && description.includes("`")) {
    entries.push(["markdownDescription", description]);
  }
  return Object.fromEntries(entries);
}

/** Says at the first required word of a map what is said of the map: that is where people point at. */
function explain(
  { description: whole, required }: { readonly [key: string]: Json },
  properties: { readonly [key: string]: Json },
): { readonly [key: string]: Json } {
  const word = Array.isArray(required) ? required[0] : undefined;
  const property = typeof word === "string" ? properties[word] : undefined;
  if (typeof word !== "string" || typeof whole !== "string" || !isJsonObject(property)) return properties;
  const own = typeof property.description === "string" ? ` ${property.description}` : "";
  return { ...properties, [word]: { ...property, description: `${whole}${own}` } };
}
