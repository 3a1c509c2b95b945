import { generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import type { Clock } from "@tram/core";
import type { JsonObject, Ms } from "@tram/protocol";
import { BridgeError } from "../../bridge-error.ts";
import { CarefulWindow } from "../careful-window.ts";
import { MqttConnection } from "../mqtt-connection.ts";
import type { TlsIdentity } from "../tls-identity.ts";
import { ALPN } from "./aws-iot.ts";
import { explainConnect } from "./faults.ts";
import {
  type Enrolled,
  FIRST_STATE,
  type ProvisioningEvent,
  type ProvisioningState,
  type ProvisioningTask,
  stepProvisioning,
} from "./provisioning-machine.ts";
import { parseShadowMessage as parseObject } from "./shadow-document.ts";

export interface ProvisionOptions {
  readonly endpoint: string;
  readonly port: number;
  /** As for the provider: on port 443. */
  readonly alpn: boolean;
  /** The claim: a certificate that may do nothing but this, the same in many gateways. */
  readonly claim: TlsIdentity;
  /** What the claim's policy lets its bearer call itself. */
  readonly clientId: string;
  /** Name of the provisioning template. */
  readonly template: string;
  /** What the template asks for, the gateway's serial number for one. */
  readonly parameters: Readonly<Record<string, string>>;
  /**
   * Makes the certificate request (PKCS #10, PEM) for a key. The key itself goes nowhere.
   */
  readonly request: (key: KeyObject) => Promise<string>;
  readonly clock: Clock;
}

/** Who the gateway is to AWS IoT from now on. */
export interface Provisioned extends Enrolled {
  /** PKCS #8, PEM. Secret; it was made here. */
  readonly key: string;
}

const ANSWER_WITHIN_MS: Ms = 30_000;
/** A certificate that was just activated may not be known everywhere yet. Waits before the next try. */
const VERIFY_AGAIN_MS: readonly Ms[] = [1_000, 2_000, 4_000, 8_000];
const KEEPALIVE_S = 60;
const CREATE = "$aws/certificates/create-from-csr/json";

/**
 * Fleet provisioning by claim (developer guide, "Provisioning devices that don't have device certificates using fleet
 * provisioning"). The key is made here and stays here. What comes back was tried: there was a connection with it. Until
 * then nothing of the old identity has changed, so that it can be called again after any failure.
 * @throws {BridgeError} in words for whoever sets it up.
 */
export async function provision(options: ProvisionOptions, signal: AbortSignal): Promise<Provisioned> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  const request = await options.request(privateKey);
  const state = await enroll(options, { key: privateKey, request }, signal);
  await verify(options, { certificate: state.certificate, thing: state.thing, key }, signal);
  const { state: end } = stepProvisioning(state, { kind: "verified" });
  if (end.stage !== "done") throw new Error(`a provisioning cannot end at ${end.stage}`);
  const { thing, certificateId, certificate } = end;
  return { thing, certificateId, certificate, key };
}

/**
 * A new key and certificate for a gateway that has one, by the same way: the old certificate is the claim. It has the
 * gateway's own client id, so the bridge's connection has to be closed before, and may be opened again with what comes
 * back. The old certificate stays active until somebody switches it off in AWS.
 * @param options.claim the present identity. `options.clientId` is the name of the Thing.
 * @throws {BridgeError} also when the template gives the gateway another name.
 */
export async function renew(options: ProvisionOptions, signal: AbortSignal): Promise<Provisioned> {
  const renewed = await provision(options, signal);
  if (renewed.thing === options.clientId) return renewed;
  throw new BridgeError(
    "protocol",
    `the provisioning template calls this gateway ${renewed.thing}, and it is ${options.clientId}`,
  );
}

interface Ours {
  readonly key: KeyObject;
  readonly request: string;
}

/** The conversation with the claim. */
async function enroll(
  options: ProvisionOptions,
  ours: Ours,
  signal: AbortSignal,
): Promise<ProvisioningState & { readonly stage: "verifying" }> {
  const register = `$aws/provisioning-templates/${options.template}/provision/json`;
  let state: ProvisioningState = FIRST_STATE;
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  let patience: Disposable | undefined;
  let connection: MqttConnection | undefined;
  const send = (topic: string, body: JsonObject): void => {
    patience?.[Symbol.dispose]();
    const late = { kind: "broke", code: "timeout", reason: `AWS IoT does not answer ${topic}` } as const;
    patience = options.clock.after(ANSWER_WITHIN_MS, () => on(late));
    void connection?.send({ topic, payload: JSON.stringify(body) });
  };
  const perform = (task: ProvisioningTask): void => {
    if (task?.do === "create") send(CREATE, { certificateSigningRequest: ours.request });
    if (task?.do === "register") {
      send(register, { certificateOwnershipToken: task.token, parameters: options.parameters });
    }
  };
  const on = (event: ProvisioningEvent): void => {
    // What follows is another connection's business, and the end of this one is no fault.
    if (state.stage === "verifying") return;
    const step = stepProvisioning(state, event);
    state = step.state;
    perform(step.task);
    if (state.stage === "verifying" || state.stage === "failed") resolve();
  };
  const hear = async (topic: string, payload: Uint8Array): Promise<void> => {
    const event = eventOf(topic, parseObject(payload) ?? {}, { register, key: ours.key });
    if (event !== undefined) on(event);
  };
  const filters = [CREATE, register].flatMap((topic) => [`${topic}/accepted`, `${topic}/rejected`]);
  connection = await open(options, options.claim, { clientId: options.clientId, filters, hear }, signal);
  const abort = (): void => on({ kind: "broke", code: "aborted", reason: "it is not wanted any more" });
  signal.addEventListener("abort", abort, { once: true });
  void connection.closed.then((reason) =>
    on({ kind: "broke", code: "refused", reason: closedReason(reason) }),
  );
  try {
    on({ kind: "subscribed" });
    await settled;
  } finally {
    patience?.[Symbol.dispose]();
    signal.removeEventListener("abort", abort);
    await connection[Symbol.asyncDispose]();
  }
  return verifying(state);
}

function verifying(state: ProvisioningState): ProvisioningState & { readonly stage: "verifying" } {
  if (state.stage === "verifying") return state;
  if (state.stage === "failed") throw new BridgeError(state.code, state.reason);
  throw new Error(`a provisioning cannot go on at ${state.stage}`);
}

/** Connects as the new gateway; a certificate is good when this has worked, and not before. */
async function verify(
  options: ProvisionOptions,
  { certificate, thing, key }: { readonly certificate: string; readonly thing: string; readonly key: string },
  signal: AbortSignal,
): Promise<void> {
  const { ca } = options.claim;
  const identity: TlsIdentity = { ...(ca === undefined ? {} : { ca }), cert: certificate, key };
  for (const waitMs of [...VERIFY_AGAIN_MS, undefined]) {
    try {
      const connection = await open(options, identity, { clientId: thing, filters: [] }, signal);
      await connection[Symbol.asyncDispose]();
      return;
    } catch (error) {
      if (signal.aborted || waitMs === undefined) throw rejectedIdentity(error);
      await options.clock.sleep(waitMs, signal);
    }
  }
}

async function open(
  { endpoint, port, alpn, clock }: ProvisionOptions,
  identity: TlsIdentity,
  wanted: {
    readonly clientId: string;
    readonly filters: readonly string[];
    readonly hear?: (topic: string, payload: Uint8Array) => Promise<void>;
  },
  signal: AbortSignal,
): Promise<MqttConnection> {
  const { clientId, filters, hear = async () => undefined } = wanted;
  try {
    return await MqttConnection.open(
      {
        host: endpoint,
        port,
        tls: { identity, ...(alpn ? { alpn: [ALPN] } : {}) },
        clientId,
        protocolVersion: 4,
        keepaliveS: KEEPALIVE_S,
        clock,
      },
      {
        encode: () => ({ unfit: "nothing of the house goes here" }),
        careful: new CarefulWindow(1),
        clock,
        subscriptions: filters.length === 0 ? [] : [{ filters, qos: 1, onMessage: hear }],
      },
      signal,
    );
  } catch (error) {
    throw explainConnect(error, clientId);
  }
}

function eventOf(
  topic: string,
  message: JsonObject,
  { register, key }: { readonly register: string; readonly key: KeyObject },
): ProvisioningEvent | undefined {
  if (topic === `${CREATE}/rejected` || topic === `${register}/rejected`) {
    const { errorCode, errorMessage } = message;
    return { kind: "rejected", code: short(errorCode), said: short(errorMessage) };
  }
  if (topic === `${register}/accepted`) return { kind: "registered", thing: message.thingName };
  if (topic !== `${CREATE}/accepted`) return undefined;
  const { certificatePem: certificate, certificateId, certificateOwnershipToken: token } = message;
  return { kind: "created", certificate, certificateId, token, ours: isFor(key, certificate) };
}

function isFor(key: KeyObject, certificate: unknown): boolean {
  try {
    return typeof certificate === "string" && new X509Certificate(certificate).checkPrivateKey(key);
  } catch {
    return false; // It is no certificate.
  }
}

function short(said: unknown): string {
  // It is shown in a terminal.
  return typeof said === "string" ? said.replace(/\p{C}/gu, " ").slice(0, 200) : "no reason given";
}

function closedReason(reason: string): string {
  return `${reason}: does the claim's policy allow iot:Publish, iot:Receive and iot:Subscribe for provisioning?`;
}

function rejectedIdentity(error: unknown): unknown {
  if (!(error instanceof BridgeError)) return error;
  return new BridgeError(error.code, `the new certificate was made and does not work: ${error.message}`, {
    cause: error,
  });
}
