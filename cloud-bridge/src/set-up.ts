import type { CheckParts } from "./check/check-cloud.ts";
import type { CheckCode, CheckResult } from "./check/check-step.ts";
import type { Provisioned, ProvisionOptions } from "./providers/aws-iot/provisioning.ts";

/*
 * What is used when a cloud is set up, and at no other time: it is loaded, and the client library with it, when it is
 * called.
 */

/** See `check/check-cloud.ts`. */
export async function checkCloud(parts: CheckParts, signal: AbortSignal): Promise<readonly CheckResult[]> {
  return (await import("./check/check-cloud.ts")).checkCloud(parts, signal);
}

/** What somebody can do about a claim that gives nothing, see `check/advice.ts`. */
export async function claimAdvice(code: CheckCode): Promise<Pick<CheckResult, "advice">> {
  const advice = (await import("./check/advice.ts")).adviceFor(code, { step: "mqtt", provider: "aws-iot" });
  return advice === undefined ? {} : { advice };
}

/** See `providers/aws-iot/provisioning.ts`. */
export async function provisionAwsIot(options: ProvisionOptions, signal: AbortSignal): Promise<Provisioned> {
  return (await import("./providers/aws-iot/provisioning.ts")).provision(options, signal);
}

/** See `providers/aws-iot/provisioning.ts`. */
export async function renewAwsIot(options: ProvisionOptions, signal: AbortSignal): Promise<Provisioned> {
  return (await import("./providers/aws-iot/provisioning.ts")).renew(options, signal);
}
