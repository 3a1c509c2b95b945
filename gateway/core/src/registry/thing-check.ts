import { parseThingId, schemaProblems, Thing } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";

const validator = Compile(Thing);

export type ThingCheck =
  | { readonly ok: true; readonly thing: Thing }
  | { readonly ok: false; readonly path: string; readonly problem: string };

/** Validates a description from outside, and names the path of the first thing that is wrong with it. */
export function checkThing(candidate: unknown): ThingCheck {
  if (!validator.Check(candidate)) {
    const [first] = schemaProblems(validator.Errors(candidate), candidate);
    return { ok: false, path: first?.path || "thing", problem: first?.problem ?? "is not a Thing" };
  }
  if (parseThingId(candidate.id) === undefined) {
    return { ok: false, path: "id", problem: `the id ${candidate.id} is reserved` };
  }
  return { ok: true, thing: candidate };
}
