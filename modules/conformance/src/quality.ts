import { schemaProblems, show } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";
import { RULES } from "./rules/index.ts";

const Reason = Type.String({ minLength: 1 });
const Status = Type.Union([
  Type.Literal("done"),
  Type.Object({ todo: Reason }, { additionalProperties: false }),
  Type.Object({ exempt: Reason }, { additionalProperties: false }),
]);

/** What a module says of itself in `quality.yaml`: each rule is done, or to do, or does not apply, and why. */
export const Quality = Type.Object(
  { module: Type.String({ minLength: 1 }), rules: Type.Record(Type.String(), Status) },
  { additionalProperties: false },
);
export type Quality = Static<typeof Quality>;

const document = Compile(
  Type.Object(
    { module: Quality.properties.module, rules: Type.Record(Type.String(), Type.Unknown()) },
    { additionalProperties: false },
  ),
);
const quality = Compile(Quality);
const status = Compile(Status);

/** The rules that a `quality.yaml` has to name, each once. */
export const RULE_IDS: readonly string[] = RULES.map(({ id }) => id);

export type QualityCheck =
  | { readonly ok: true; readonly quality: Quality }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Checks a `quality.yaml` against the rules of this kit.
 * @param candidate the file as its YAML parser gives it.
 * @param moduleName the `name` of the module that it stands beside.
 */
export function checkQuality(candidate: unknown, moduleName: string): QualityCheck {
  if (!document.Check(candidate)) {
    const problems = schemaProblems(document.Errors(candidate), candidate);
    return { ok: false, problems: problems.map(({ path, problem }) => `${path || "document"}: ${problem}`) };
  }
  const named = Object.keys(candidate.rules);
  const problems = [
    ...(candidate.module === moduleName
      ? []
      : [`module: expected ${moduleName}, found ${show(candidate.module)}`]),
    ...RULE_IDS.filter((id) => !named.includes(id)).map((id) => `rules.${id}: is missing`),
    ...named.filter((id) => !RULE_IDS.includes(id)).map((id) => `rules.${id}: unknown rule`),
    ...Object.entries(candidate.rules)
      .filter(([, value]) => !status.Check(value))
      .map(
        ([id, value]) => `rules.${id}: expected done, { todo: why } or { exempt: why }, found ${show(value)}`,
      ),
  ];
  return problems.length === 0 && quality.Check(candidate)
    ? { ok: true, quality: candidate }
    : { ok: false, problems };
}
