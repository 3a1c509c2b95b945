import type { BridgeErrorCode } from "../bridge-error.ts";

/** What is looked at before a cloud can be trusted with anything, in the order of need. */
export const CHECK_STEPS = ["configuration", "clock", "name", "tcp", "tls", "mqtt", "publish"] as const;
export type CheckStep = (typeof CHECK_STEPS)[number];

/**
 * Why a step failed, for programs that say it in another language.
 * - `portal`: somebody wants to be signed in to first.
 * - `own-pair`, `own-time`, `own-pem`: our key is not that of our certificate, that is out of date, one of them is no PEM.
 * - `template`: the cloud knows the claim, and gives nothing for it.
 */
export type CheckCode = BridgeErrorCode | "own-pair" | "own-pem" | "own-time" | "portal" | "template";

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
  /** Kind of a failure, where it is a known one. */
  readonly code?: CheckCode;
  /** What to do about it, in a line. */
  readonly advice?: string;
}

/** The first step that has failed; `undefined` when the cloud can be used. */
export function firstFailure(results: readonly CheckResult[]): CheckResult | undefined {
  return results.find(({ outcome }) => outcome === "failed");
}
