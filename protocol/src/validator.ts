import type { Static, TSchema } from "typebox";
import { Build, Errors } from "typebox/schema";
import type { SchemaError } from "./schema-problem.ts";

/** A schema that has been compiled to code, where the platform allows that. */
export interface Validator<Schema extends TSchema> {
  Check(value: unknown): value is Static<Schema>;
  /** What is wrong with a value that `Check` refuses. */
  Errors(value: unknown): readonly SchemaError[];
}

/**
 * Compiles a schema. TypeBox's own `Compile` brings what converts, cleans and decodes values along, which is half of the
 * library: nothing from outside is converted here.
 */
export function Compile<Schema extends TSchema>(schema: Schema): Validator<Schema> {
  // What it returns holds the code as thousands of pieces beside the function: 1.4 MB for the schemas of a gateway.
  // biome-ignore lint/complexity/useLiteralKeys: it is private to TypeScript, which lets those through who say so.
  const check = Build({}, schema).Evaluate()["check"];
  return {
    Check: (value): value is Static<Schema> => check(value),
    Errors: (value) => Errors({}, schema, value)[1],
  };
}

/**
 * Looks at one value without compiling the schema first: for what is looked at once.
 * @returns what is wrong with it; `undefined` when nothing is.
 */
export function schemaErrors(schema: TSchema, value: unknown): readonly SchemaError[] | undefined {
  const [fits, errors] = Errors({}, schema, value);
  return fits ? undefined : errors;
}
