import { createHash, randomBytes } from "node:crypto";
import { isJsonObject, type JsonObject } from "@tram/protocol";
import type { CloudClock } from "./cloud-clock.ts";
import { ARN } from "./policy.ts";
import { evaluate, type Provisioned, type TemplateBody, TemplateError } from "./provisioning-template.ts";
import type { Registry } from "./registry.ts";
import type { Service, ServiceRequest } from "./service.ts";

/** What AWS IoT sends to the Lambda function before it provisions a device ("Pre-provisioning hooks"). */
export interface HookEvent {
  readonly claimCertificateId: string;
  readonly certificateId: string;
  readonly certificatePem: string;
  readonly templateArn: string;
  readonly clientId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface HookAnswer {
  readonly allowProvisioning: boolean;
  readonly parameterOverrides?: Readonly<Record<string, string>>;
}

export interface ProvisioningTemplate {
  readonly body: TemplateBody;
  readonly enabled?: boolean;
  readonly hook?: (event: HookEvent) => HookAnswer | Promise<HookAnswer>;
}

interface ProvisioningParts {
  readonly registry: Registry;
  readonly clock: CloudClock;
}

interface Fault {
  readonly statusCode: number;
  readonly errorCode: string;
  readonly errorMessage: string;
}

interface Token {
  readonly certificateId: string;
  readonly expiry: Disposable;
}

const CREATE = /^\$aws\/certificates\/(create|create-from-csr)\/json$/;
const REGISTER = /^\$aws\/provisioning-templates\/([^/]+)\/provision\/json$/;
/** "The certificateOwnershipToken … expires after one hour." */
const TOKEN_MS = 3_600_000;
/** "The Lambda function must finish running and return within 5 seconds." */
const HOOK_MS = 5_000;

/** Fleet provisioning by claim over MQTT ("Device provisioning MQTT API"), in JSON. */
export class Provisioning implements Service {
  readonly #parts: ProvisioningParts;
  readonly #templates = new Map<string, ProvisioningTemplate>();
  readonly #tokens = new Map<string, Token>();

  constructor(parts: ProvisioningParts) {
    this.#parts = parts;
  }

  putTemplate(name: string, template: ProvisioningTemplate): void {
    this.#templates.set(name, template);
  }

  take(request: ServiceRequest): boolean {
    const { topic } = request;
    const operation = CREATE.exec(topic)?.[1];
    const template = REGISTER.exec(topic)?.[1];
    if (operation === undefined && template === undefined) return false;
    if (operation !== undefined) this.#answer(request, this.#create(operation, request.payload));
    else void this.#register(template ?? "", request).then((outcome) => this.#answer(request, outcome));
    return true;
  }

  #answer({ topic, reply }: ServiceRequest, outcome: JsonObject | Fault): void {
    const refused = "errorCode" in outcome;
    // "If you don't subscribe to the response topics before you publish a request, you might not receive the results."
    reply(`${topic}/${refused ? "rejected" : "accepted"}`, { ...outcome }, "subscribed");
  }

  #create(operation: string, payload: Buffer): JsonObject | Fault {
    const { certificates } = this.#parts.registry;
    if (operation === "create") {
      const { certificate, privateKey } = certificates.create("PENDING_ACTIVATION");
      return { ...this.#owned(certificate.id, certificate.pem), privateKey };
    }
    const request = readBody(payload)?.certificateSigningRequest;
    if (typeof request !== "string") return invalid("InvalidPayload", "certificateSigningRequest is missing");
    try {
      const { id, pem } = certificates.createFromCsr(request, "PENDING_ACTIVATION");
      return this.#owned(id, pem);
    } catch {
      return invalid("InvalidCertificateSigningRequest", "the certificate signing request cannot be used");
    }
  }

  #owned(certificateId: string, certificatePem: string): JsonObject {
    const certificateOwnershipToken = randomBytes(256).toString("base64url");
    const { registry, clock } = this.#parts;
    const expiry = clock.after(TOKEN_MS, () => {
      this.#tokens.delete(certificateOwnershipToken);
      // "If the certificate … has not been activated and has not been attached … the certificate is deleted."
      if (registry.certificates.get(certificateId)?.status === "PENDING_ACTIVATION") {
        registry.certificates.delete(certificateId);
      }
    });
    this.#tokens.set(certificateOwnershipToken, { certificateId, expiry });
    return { certificateId, certificatePem, certificateOwnershipToken };
  }

  async #register(name: string, request: ServiceRequest): Promise<JsonObject | Fault> {
    const template = this.#templates.get(name);
    if (template === undefined || template.enabled === false)
      return { statusCode: 404, errorCode: "ResourceNotFound", errorMessage: `there is no template ${name}` };
    const body = readBody(request.payload);
    const parameters = body?.parameters ?? {};
    if (body === undefined || !isParameters(parameters))
      return invalid("InvalidPayload", "the payload is not valid");
    const tokenText = String(body.certificateOwnershipToken ?? "");
    const token = this.#tokens.get(tokenText);
    const certificate = this.#parts.registry.certificates.get(token?.certificateId ?? "");
    if (token === undefined || certificate === undefined)
      return invalid("InvalidCertificateOwnershipToken", "the certificate ownership token is not valid");
    const answer = await this.#ask(template, {
      claimCertificateId: request.certificateId,
      certificateId: certificate.id,
      certificatePem: certificate.pem,
      templateArn: `${ARN}:provisioningtemplate/${name}`,
      clientId: request.clientId,
      parameters,
    });
    if (!answer.allowProvisioning)
      return { statusCode: 403, errorCode: "AccessDenied", errorMessage: "ACCESS_DENIED" };
    let provisioned: Provisioned;
    try {
      provisioned = evaluate(template.body, { ...parameters, ...answer.parameterOverrides }, certificate.id);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return invalid("InvalidParameters", error.message);
    }
    const missing = provisioned.policyNames.find((policy) => !this.#parts.registry.hasPolicy(policy));
    if (missing !== undefined) return invalid("InvalidParameters", `there is no policy ${missing}`);
    this.#tokens.delete(tokenText);
    token.expiry[Symbol.dispose]();
    return this.#apply(provisioned);
  }

  /** "If the Lambda function fails, the provisioning request fails with ACCESS_DENIED." */
  async #ask({ hook }: ProvisioningTemplate, event: HookEvent): Promise<HookAnswer> {
    if (hook === undefined) return { allowProvisioning: true };
    const { promise: late, resolve } = Promise.withResolvers<HookAnswer>();
    using _limit = this.#parts.clock.after(HOOK_MS, () => resolve({ allowProvisioning: false }));
    try {
      return await Promise.race([Promise.resolve(hook(event)), late]);
    } catch {
      return { allowProvisioning: false };
    }
  }

  #apply(provisioned: Provisioned): JsonObject {
    const { registry } = this.#parts;
    const { certificates } = registry;
    const { thing, certificateId, policyNames, policyDocuments, deviceConfiguration } = provisioned;
    for (const policy of policyNames) certificates.attachPolicy(certificateId, policy);
    for (const document of policyDocuments) {
      // "PolicyName: Optional. Defaults to a hash of the policy document."
      const name = createHash("sha256").update(JSON.stringify(document)).digest("hex");
      registry.putPolicy(name, document);
      certificates.attachPolicy(certificateId, name);
    }
    if (thing !== undefined) {
      registry.addThing(thing.name, thing.attributes);
      certificates.attachThing(certificateId, thing.name);
    }
    certificates.setStatus(certificateId, provisioned.certificateStatus);
    return { ...(thing === undefined ? {} : { thingName: thing.name }), deviceConfiguration };
  }
}

function invalid(errorCode: string, errorMessage: string): Fault {
  return { statusCode: 400, errorCode, errorMessage };
}

function isParameters(value: unknown): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((text) => typeof text === "string");
}

function readBody(payload: Buffer): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(payload.toString("utf8"));
    return isJsonObject(body) ? body : undefined;
  } catch {
    return undefined; // It is not JSON.
  }
}
