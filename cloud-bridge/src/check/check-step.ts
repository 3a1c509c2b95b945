/** What is looked at before a cloud can be trusted with anything, in the order of need. */
export const CHECK_STEPS = ["configuration", "clock", "name", "tcp", "tls", "mqtt", "publish"] as const;
export type CheckStep = (typeof CHECK_STEPS)[number];

/** How one step went. */
export interface CheckResult {
  readonly step: CheckStep;
  /**
   * - `unsure`: it may be well or not, and nothing that follows tells.
   * - `skipped`: it is not asked for here, or a step before it has failed.
   */
  readonly outcome: "ok" | "failed" | "unsure" | "skipped";
  /** What was found, in a line. Never a secret. */
  readonly said: string;
  /** What to do about it, in a line. */
  readonly advice?: string;
}

/** The first step that has failed; `undefined` when the cloud can be used. */
export function firstFailure(results: readonly CheckResult[]): CheckResult | undefined {
  return results.find(({ outcome }) => outcome === "failed");
}
