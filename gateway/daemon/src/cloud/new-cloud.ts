import {
  type BridgeConfig,
  BridgeError,
  type CheckResult,
  checkCloud,
  firstFailure,
  type Provisioned,
  provisionAwsIot,
  type TlsIdentity,
} from "@tram/cloud-bridge";
import type { Clock } from "@tram/core";
import {
  type JsonObject,
  type NewAwsCloud,
  type NewCloud,
  PRODUCT,
  type SchemaProblem,
} from "@tram/protocol";
import { checkConfig } from "../config/check.ts";
import { certificateRequest } from "./certificate-request.ts";
import type { CloudRecord } from "./cloud-folders.ts";

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
}

/** What is said in the request by a name of its own, or nowhere. */
const NOT_MORE = /^(?:id|provider|endpoint|port|url|username|password|thing_name|.*_file)$/;

/**
 * Makes a cloud of what somebody has asked for: looks whether it can be reached, gets a certificate for a key that is
 * made here, and looks whether that may do what is needed. Nothing is written.
 */
export async function prepareCloud(
  request: NewCloud,
  parts: NewCloudParts,
  signal: AbortSignal,
): Promise<Prepared> {
  const entry = entryOf(request);
  const problems = [...moreProblems(request), ...entryProblems(entry)];
  if (problems.length > 0) return { ok: false, code: "invalid-cloud", problems };
  const steps: CheckResult[] = [];
  const looked = async (identity: TlsIdentity, config: BridgeConfig, until: "tls" | "publish") => {
    if (request.check === false) return undefined;
    const password = config.provider === "mqtt" ? config.password : undefined;
    const terms = { ...parts, config, identity, until, ...(password === undefined ? {} : { password }) };
    steps.splice(0, steps.length, ...(await checkCloud(terms, signal)));
    return firstFailure(steps);
  };
  const failed = { ok: false, code: "check-failed", check: steps } as const;
  const { ca } = request;
  const believed = ca === undefined ? {} : { ca };
  if (request.provider === "mqtt") {
    if (await looked(believed, entry as unknown as BridgeConfig, "publish")) return failed;
    return { ok: true, record: { entry, ...believed }, check: steps };
  }
  const { certificate, key } = request.claim;
  const claim = { ...believed, cert: certificate, key };
  if (await looked(claim, entry as unknown as BridgeConfig, "tls")) return failed;
  const provisioned = await provisioning(request, claim, parts, signal);
  if ("said" in provisioned) {
    steps.push(provisioned);
    return failed;
  }
  const identity = { ...believed, cert: provisioned.certificate, key: provisioned.key };
  const named = { ...entry, thing_name: provisioned.thing };
  if (await looked(identity, named as unknown as BridgeConfig, "publish")) return failed;
  const { template, parameters = {} } = request;
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
  const { endpoint, parameters = {}, port = 8_883, template, thing } = request;
  const refused = (said: string): CheckResult => ({ step: "mqtt", outcome: "failed", said });
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
    return refused(`the template calls this gateway ${made.thing}, and it was to be ${thing}`);
  } catch (error) {
    if (error instanceof BridgeError) return refused(error.message);
    throw error;
  }
}

function entryOf(request: NewCloud): CloudRecord["entry"] {
  const { id, more = {}, provider } = request;
  const common = { ...(more as JsonObject), id, provider };
  if (request.provider === "mqtt") {
    const { password, url, username } = request;
    return {
      ...common,
      url,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }
  const { endpoint, port } = request;
  return { ...common, endpoint, ...(port === undefined ? {} : { port }) };
}

function moreProblems({ more = {} }: NewCloud): readonly SchemaProblem[] {
  return Object.keys(more)
    .filter((key) => NOT_MORE.test(key))
    .map((key) => ({ path: `more.${key}`, problem: "cannot be said here" }));
}

/** Its certificate files are made later. */
function entryProblems(entry: JsonObject): readonly SchemaProblem[] {
  const files = entry.provider === "aws-iot" ? { cert_file: "cert.pem", key_file: "key.pem" } : {};
  const checked = checkConfig({ cloud: [{ ...entry, ...files }] }, `/nonexistent/${PRODUCT.name}`);
  if ("document" in checked) return [];
  return checked
    .filter(({ path }) => !path.endsWith("_file"))
    .map(({ path, problem }) => ({ path: path.replace(/^cloud\[0\]\.?/, ""), problem }));
}
