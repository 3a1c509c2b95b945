import type { RuleProblemView, SchemaProblem } from "@tram/protocol";

/** Why an edit was not done. */
export interface EditRefusal {
  readonly code:
    | "unknown-rule"
    | "unknown-file"
    | "unknown-version"
    | "not-in-version"
    | "changed"
    | "exists"
    | "broken-file"
    | "invalid-rule"
    | "not-writable";
  readonly detail: string;
  readonly errors?: readonly SchemaProblem[];
}

export type Edited<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: EditRefusal };

export interface Refused {
  readonly ok: false;
  readonly refusal: EditRefusal;
}

export const CHANGED = refuse({
  code: "changed",
  detail: "Somebody changed this file meanwhile. Load it again.",
});

export function refuse(refusal: EditRefusal): Refused {
  return { ok: false, refusal };
}

export function unknownRule(id: string): Refused {
  return refuse({ code: "unknown-rule", detail: `There is no rule ${id}.` });
}

export function invalid(problems: readonly RuleProblemView[]): Refused {
  const [first] = problems;
  const where = first === undefined || first.path === "" ? "" : `${first.path}: `;
  return refuse({
    code: "invalid-rule",
    detail: `${where}${first?.problem ?? "not a rule"}`,
    errors: problems.map(({ path, problem }) => ({ path, problem })),
  });
}
