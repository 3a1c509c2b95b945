import {
  type BridgeConfig,
  BridgeError,
  type CheckCode,
  type CheckResult,
  checkCloud,
  claimAdvice,
  firstFailure,
  type Provisioned,
  provisionAwsIot,
  type TlsIdentity,
} from "@tram/cloud-bridge";
import type { Clock } from "@tram/core";
import type { NewAwsCloud, NewCloud, SchemaProblem } from "@tram/protocol";
import { certificateRequest } from "./certificate-request.ts";
import type { CloudRecord } from "./cloud-folders.ts";
import { entryOf, identityOf, requestProblems } from "./new-cloud-entry.ts";

/** A cloud that was found good, or why it was not. */
export type Prepared =
  | { readonly ok: true; readonly record: CloudRecord; readonly check: readonly CheckResult[] }
  | {
      readonly ok: false;
      readonly code: "invalid-cloud" | "check-failed";
      readonly problems?: readonly SchemaProblem[];
      readonly check?: readonly CheckResult[];
    };

export interface NewCloudParts {
  /** Id of the gateway. */
  readonly gateway: string;
  readonly clock: Clock;
  /** Is filled while it goes, for who watches. */
  readonly steps: CheckResult[];
}

/**
 * Makes a cloud of what somebody has asked for: looks whether it can be reached, gets a certificate for a key that is
 * made here where there is a claim, and looks whether that may do what is needed. Nothing is written.
 */
export async function prepareCloud(
  request: NewCloud,
  parts: NewCloudParts,
  signal: AbortSignal,
): Promise<Prepared> {
  const problems = requestProblems(request);
  if (problems.length > 0) return { ok: false, code: "invalid-cloud", problems };
  const entry = entryOf(request);
  const { steps } = parts;
  const looked = async (identity: TlsIdentity, config: BridgeConfig, wanted: "tls" | "publish") => {
    const password = config.provider === "aws-iot" ? undefined : config.password;
    // A certificate that is good for nothing is so without a look at the cloud.
    const until = request.check === false ? "configuration" : wanted;
    const terms = {
      ...parts,
      config,
      identity,
      until,
      ...(password === undefined ? {} : { password }),
    } as const;
    // A second look is seen when it is over: it begins anew.
    const results = steps.length === 0 ? steps : [];
    await checkCloud({ ...terms, results }, signal);
    if (results !== steps) steps.splice(0, steps.length, ...results);
    const failure = firstFailure(steps);
    if (failure === undefined && request.check === false) steps.length = 0;
    return failure;
  };
  const failed = { ok: false, code: "check-failed", check: steps } as const;
  const given = identityOf(request);
  if (request.provider !== "aws-iot" || request.claim === undefined) {
    if (await looked(given, entry as unknown as BridgeConfig, "publish")) return failed;
    return { ok: true, record: { entry, ...given }, check: steps };
  }
  const { claim, parameters = {}, template = "" } = request;
  const shown = { ...given, cert: claim.certificate, key: claim.key };
  if (await looked(shown, entry as unknown as BridgeConfig, "tls")) return failed;
  const provisioned = await provisioning(request, shown, parts, signal);
  if ("said" in provisioned) {
    steps.push(provisioned);
    return failed;
  }
  const identity = { ...given, cert: provisioned.certificate, key: provisioned.key };
  const named = { ...entry, thing_name: provisioned.thing };
  if (await looked(identity, named as unknown as BridgeConfig, "publish")) return failed;
  const record = { entry: named, provisionedBy: { template, parameters }, ...identity };
  return { ok: true, record, check: steps };
}

/** The claim's certificate and key are used in here, and nowhere else. */
async function provisioning(
  request: NewAwsCloud,
  claim: TlsIdentity,
  { clock, gateway }: NewCloudParts,
  signal: AbortSignal,
): Promise<Provisioned | CheckResult> {
  const { endpoint, parameters = {}, port = 8_883, template = "", thing } = request;
  const refused = async (said: string, code: CheckCode): Promise<CheckResult> => ({
    step: "mqtt",
    outcome: "failed",
    said,
    code,
    ...(await claimAdvice(code)),
  });
  try {
    const made = await provisionAwsIot(
      {
        endpoint,
        port,
        alpn: port === 443,
        claim,
        clientId: thing ?? gateway,
        template,
        parameters,
        request: (key) => certificateRequest(key, thing ?? gateway),
        clock,
      },
      signal,
    );
    if (thing === undefined || made.thing === thing) return made;
    return await refused(
      `the template calls this gateway ${made.thing}, and it was to be ${thing}`,
      "template",
    );
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    // It was let in: what was refused is what it has asked for.
    return await refused(error.message, error.code === "refused" ? "template" : error.code);
  }
}
