import type { BridgeErrorCode } from "../../bridge-error.ts";

/** What AWS IoT has given a new gateway. */
export interface Enrolled {
  /** Name of the Thing. */
  readonly thing: string;
  readonly certificateId: string;
  /** PEM. */
  readonly certificate: string;
}

interface Certified {
  readonly certificate: string;
  readonly certificateId: string;
}

/**
 * Where a provisioning is. A certificate is only worth something at the end: before it is registered AWS holds it as
 * pending, and before a connection was made with it nobody knows whether its policy is any good.
 */
export type ProvisioningState =
  | { readonly stage: "subscribing" }
  | { readonly stage: "creating" }
  | ({ readonly stage: "registering" } & Certified)
  | ({ readonly stage: "verifying" } & Enrolled)
  | ({ readonly stage: "done" } & Enrolled)
  | { readonly stage: "failed"; readonly code: BridgeErrorCode; readonly reason: string };

export type ProvisioningEvent =
  | { readonly kind: "subscribed" }
  /** The answer to CreateCertificateFromCsr. @property ours whether it is for the key that we have made. */
  | {
      readonly kind: "created";
      readonly certificate: unknown;
      readonly certificateId: unknown;
      readonly token: unknown;
      readonly ours: boolean;
    }
  /** The answer to RegisterThing. */
  | { readonly kind: "registered"; readonly thing: unknown }
  | { readonly kind: "rejected"; readonly code: string; readonly said: string }
  /** A connection was made with the new certificate. */
  | { readonly kind: "verified" }
  | { readonly kind: "broke"; readonly code: BridgeErrorCode; readonly reason: string };

/** What is to be done next. */
export type ProvisioningTask =
  | { readonly do: "create" }
  | { readonly do: "register"; readonly token: string }
  | { readonly do: "verify"; readonly enrolled: Enrolled }
  | undefined;

export const FIRST_STATE: ProvisioningState = { stage: "subscribing" };

/** Developer guide, "Device provisioning MQTT API", in the words of somebody who has to mend it. */
const REFUSALS: Readonly<Record<string, string>> = {
  InvalidCertificateSigningRequest: "it does not take the certificate request",
  InvalidCertificateOwnershipToken: "it does not know the certificate any more; it has to be asked for again",
  InvalidParameters: "the template does not fit the parameters",
  InvalidPayload: "it does not understand the request",
  ResourceNotFound: "there is no such provisioning template, or it is not enabled",
  AccessDenied: "the pre-provisioning hook of the template has said no",
  Throttled: "too many gateways are provisioned at once",
};
/** What a name of a gateway may be, see {@link ThingNames}. */
const GATEWAY_NAME = /^[a-zA-Z0-9:_]+(?:-[a-zA-Z0-9:_]+)*$/;
const LONGEST_NAME = 64;

/** One step. What does not belong to the stage changes nothing: answers may come twice, or too late. */
export function stepProvisioning(
  state: ProvisioningState,
  event: ProvisioningEvent,
): { readonly state: ProvisioningState; readonly task: ProvisioningTask } {
  const { stage } = state;
  const stay = { state, task: undefined };
  if (stage === "done" || stage === "failed") return stay;
  if (event.kind === "broke") return failed(event.code, event.reason);
  if (stage === "subscribing") {
    return event.kind === "subscribed" ? { state: { stage: "creating" }, task: { do: "create" } } : stay;
  }
  if (stage === "verifying") {
    if (event.kind !== "verified") return stay;
    return { state: { ...state, stage: "done" }, task: undefined };
  }
  if (event.kind === "rejected") {
    const what = stage === "creating" ? "a certificate" : "to register the gateway";
    const why = REFUSALS[event.code] ?? event.said;
    return failed("refused", `AWS IoT refuses ${what}: ${why} (${event.code}: ${event.said})`);
  }
  if (stage === "creating") return event.kind === "created" ? created(event) : stay;
  if (event.kind !== "registered") return stay;
  const { thing } = event;
  if (typeof thing !== "string" || thing.length > LONGEST_NAME || !GATEWAY_NAME.test(thing)) {
    return failed(
      "protocol",
      `the provisioning template gives the gateway no usable name: expected at most ${LONGEST_NAME} of ` +
        `[a-zA-Z0-9:_-] without --, found ${typeof thing === "string" ? JSON.stringify(thing.slice(0, 80)) : "none"}`,
    );
  }
  const { certificate, certificateId } = state;
  const enrolled = { thing, certificate, certificateId };
  return { state: { stage: "verifying", ...enrolled }, task: { do: "verify", enrolled } };
}

function created({ certificate, certificateId, token, ours }: ProvisioningEvent & { kind: "created" }) {
  if (typeof certificate !== "string" || typeof certificateId !== "string" || typeof token !== "string") {
    return failed("protocol", "AWS IoT sent no certificate");
  }
  if (!ours) return failed("protocol", "AWS IoT sent a certificate for another key than ours");
  const state: ProvisioningState = { stage: "registering", certificate, certificateId };
  return { state, task: { do: "register", token } as const };
}

function failed(code: BridgeErrorCode, reason: string) {
  const state: ProvisioningState = { stage: "failed", code, reason };
  return { state, task: undefined };
}
