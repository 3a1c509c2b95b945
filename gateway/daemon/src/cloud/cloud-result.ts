import type { CloudCheckView, SchemaProblem } from "@tram/protocol";

/** Why something was not done. */
export interface CloudRefusal {
  readonly code:
    | "unknown-cloud"
    | "configured"
    | "exists"
    | "busy"
    | "invalid-cloud"
    | "check-failed"
    | "not-provisioned"
    | "renewal-failed";
  readonly detail: string;
  readonly errors?: readonly SchemaProblem[];
  /** How far it came. */
  readonly check?: CloudCheckView;
}

export type CloudResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: CloudRefusal };

export const done = <T>(value: T): CloudResult<T> => ({ ok: true, value });
export const refuse = (
  code: CloudRefusal["code"],
  detail: string,
  more: Pick<CloudRefusal, "check" | "errors"> = {},
): { readonly ok: false; readonly refusal: CloudRefusal } => ({
  ok: false,
  refusal: { code, detail, ...more },
});
