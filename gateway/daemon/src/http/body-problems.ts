import { isJsonObject, type Json, type SchemaProblem, schemaProblems } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { showSetting } from "../config/secrets.ts";
import type { Route } from "./route.ts";
import type { BodyValidator } from "./route-table.ts";

/** What is wrong with the body of a request that does not fit, without showing a secret. */
export function bodyProblems(
  { forms }: Pick<Route, "forms">,
  validator: BodyValidator,
  body: Json,
): readonly SchemaProblem[] {
  const told = (by: BodyValidator): readonly SchemaProblem[] =>
    schemaProblems(by.Errors(body), body, showSetting);
  if (forms === undefined) return told(validator);
  const named = isJsonObject(body) ? body[forms.by] : undefined;
  if (typeof named === "string" && Object.hasOwn(forms.of, named)) {
    return told(Compile(forms.of[named] ?? {}));
  }
  // Of a form that nobody knows nobody knows what else it should have.
  const all = told(validator);
  const own = all.filter(({ path }) => path === forms.by);
  return own.length === 0 ? all : own;
}
