import type { Translate } from "../i18n/translator.ts";
import type { ApiProblem } from "./client.ts";

/** What to tell people about a request that failed, where no better text is known. */
export function problemText(problem: ApiProblem, t: Translate): string {
  if (problem.status === 0) return t("problem.network");
  if (problem.status === 429) return t("problem.tooMany");
  if (problem.status === 403 && problem.detail === undefined) return t("problem.forbidden");
  if (problem.code === "not-stored") return t("problem.notStored");
  return t("problem.other", { detail: problem.detail ?? problem.code });
}
