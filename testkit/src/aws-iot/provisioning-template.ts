import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { PolicyDocument } from "./policy.ts";

/** A fleet provisioning template's body, as `aws iot create-provisioning-template` takes it ("Provisioning templates"). */
export interface TemplateBody {
  readonly Parameters?: Readonly<Record<string, { readonly Type: "String"; readonly Default?: string }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly DeviceConfiguration?: JsonObject;
}

export interface TemplateResource {
  readonly Type: "AWS::IoT::Thing" | "AWS::IoT::Certificate" | "AWS::IoT::Policy";
  readonly Properties: JsonObject;
}

/** What a template makes of a device. */
export interface Provisioned {
  readonly thing?: { readonly name: string; readonly attributes: Readonly<Record<string, string>> };
  readonly certificateId: string;
  readonly certificateStatus: "ACTIVE" | "INACTIVE";
  readonly policyNames: readonly string[];
  readonly policyDocuments: readonly PolicyDocument[];
  readonly deviceConfiguration: Readonly<Record<string, string>>;
}

/** A parameter is missing, or the template is not well-formed: the device is told so. */
export class TemplateError extends Error {
  readonly code = "template";
  constructor(message: string) {
    super(message);
    this.name = "TemplateError";
  }
}

const CERTIFICATE_ID = "AWS::IoT::Certificate::Id";

/**
 * Evaluates a template.
 * @param parameters of the device, with what the hook has overridden.
 * @throws {TemplateError} when a value is missing.
 */
export function evaluate(
  body: TemplateBody,
  parameters: Readonly<Record<string, string>>,
  certificateId: string,
): Provisioned {
  const scope = scopeOf(body, parameters, certificateId);
  const resources = Object.values(body.Resources);
  const propertiesOf = (type: TemplateResource["Type"]): readonly JsonObject[] =>
    resources.filter(({ Type }) => Type === type).map(({ Properties }) => resolveObject(Properties, scope));
  const [thing] = propertiesOf("AWS::IoT::Thing");
  const [certificate] = propertiesOf("AWS::IoT::Certificate");
  if (certificate === undefined) throw new TemplateError("the template has no certificate");
  if (certificate.CertificateId === undefined)
    throw new TemplateError("a fleet provisioning template takes a certificate by its CertificateId only");
  const policies = propertiesOf("AWS::IoT::Policy");
  return {
    ...(thing === undefined ? {} : { thing: thingOf(thing) }),
    certificateId: text(certificate.CertificateId, "CertificateId"),
    // "Status: Optional. String that can be ACTIVE or INACTIVE. Defaults to ACTIVE."
    certificateStatus: /^inactive$/i.test(String(certificate.Status ?? "")) ? "INACTIVE" : "ACTIVE",
    policyNames: policies.flatMap(({ PolicyName }) =>
      PolicyName === undefined ? [] : [text(PolicyName, "PolicyName")],
    ),
    policyDocuments: policies.flatMap(({ PolicyDocument }) =>
      PolicyDocument === undefined ? [] : [document(PolicyDocument)],
    ),
    deviceConfiguration: strings(resolveObject(body.DeviceConfiguration ?? {}, scope), "DeviceConfiguration"),
  };
}

interface Scope {
  value(name: string): string | undefined;
  readonly mappings: NonNullable<TemplateBody["Mappings"]>;
}

function scopeOf(
  { Parameters = {}, Mappings = {} }: TemplateBody,
  parameters: Readonly<Record<string, string>>,
  certificateId: string,
): Scope {
  return {
    value: (name) =>
      name === CERTIFICATE_ID ? certificateId : (parameters[name] ?? Parameters[name]?.Default),
    mappings: Mappings,
  };
}

function thingOf(properties: JsonObject): { name: string; attributes: Readonly<Record<string, string>> } {
  const { ThingName, AttributePayload = {} } = properties;
  if (!isJsonObject(AttributePayload)) throw new TemplateError("AttributePayload is not an object");
  return { name: text(ThingName, "ThingName"), attributes: strings(AttributePayload, "AttributePayload") };
}

/** "Intrinsic functions", and `Ref`. */
function resolve(value: Json, scope: Scope): Json {
  if (Array.isArray(value)) return value.map((item: Json) => resolve(item, scope));
  if (!isJsonObject(value)) return value;
  const [[name, argument] = ["", null], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (name === "Ref") return lookup(text(argument, "Ref"), scope);
    if (name === "Fn::Sub") return substitute(text(argument, "Fn::Sub"), scope);
    if (name.startsWith("Fn::")) return call(name, resolve(argument, scope), scope);
  }
  return resolveObject(value, scope);
}

function resolveObject(value: JsonObject, scope: Scope): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner, scope)]));
}

function call(name: string, argument: Json, scope: Scope): Json {
  if (!Array.isArray(argument)) throw new TemplateError(`${name} takes a list`);
  const [first = null, second = null, third = null] = argument as readonly Json[];
  switch (name) {
    case "Fn::Join":
      // "If a delimiter is an empty string, the values are concatenated with no delimiter."
      return list(second, name).map(String).join(String(first));
    case "Fn::Select":
      return list(second, name)[Number(first)] ?? missing(`${name} ${String(first)}`);
    case "Fn::Split":
      return text(second, name).split(text(first, name));
    case "Fn::FindInMap":
      return (
        scope.mappings[String(first)]?.[String(second)]?.[String(third)] ??
        missing(`${name} ${String(second)}`)
      );
    default:
      throw new TemplateError(`there is no function ${name}`);
  }
}

function substitute(pattern: string, scope: Scope): string {
  return pattern.replace(/\$\{([^}]+)\}/g, (_whole, name: string) => lookup(name, scope));
}

function lookup(name: string, scope: Scope): string {
  return scope.value(name) ?? missing(`parameter ${name}`);
}

function missing(what: string): never {
  throw new TemplateError(`${what} has no value`);
}

function list(value: Json, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw new TemplateError(`${what} takes a list`);
  return value;
}

function text(value: Json | undefined, what: string): string {
  if (typeof value !== "string" || value === "") throw new TemplateError(`${what} is no text`);
  return value;
}

function strings(value: JsonObject, what: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, text(inner, `${what}.${key}`)]),
  );
}

/** "A JSON object specified as an escaped string"; the examples have the object itself, too. */
function document(value: Json): PolicyDocument {
  const body: unknown = typeof value === "string" ? JSON.parse(value) : value;
  if (!isJsonObject(body)) throw new TemplateError("PolicyDocument is not an object");
  return body as unknown as PolicyDocument;
}
