/** The only region and account of the double. */
export const ARN = "arn:aws:iot:eu-central-1:123456789012";

/** "AWS IoT Core quotas", security and identity: without white space. */
const MAX_POLICY_CHARACTERS = 2_048;

type OneOrMore = string | readonly string[];

/** A policy document, as `aws iot create-policy` takes it. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: OneOrMore;
  readonly Resource: OneOrMore;
  readonly Condition?: PolicyCondition;
}

/** The conditions that matter to a connection; the double knows no others. */
export interface PolicyCondition {
  readonly "ForAllValues:StringEquals"?: { readonly "iot:ConnectAttributes": OneOrMore };
  readonly "ForAnyValue:StringEquals"?: { readonly "iot:ConnectAttributes": OneOrMore };
  readonly Bool?: { readonly "iot:Connection.Thing.IsAttached": OneOrMore };
}

/** Who asks. */
export interface PolicyContext {
  readonly clientId: string;
  /** The Thing that the certificate is attached to and whose name is the client id. Left out: there is none. */
  readonly thing?: { readonly name: string; readonly attributes: Readonly<Record<string, string>> };
  /** What the CONNECT carries. */
  readonly connectAttributes?: readonly ("PersistentConnect" | "LastWill")[];
}

export type PolicyAction = "Connect" | "Publish" | "RetainPublish" | "Subscribe" | "Receive";

const RESOURCE_OF: Readonly<Record<PolicyAction, string>> = {
  Connect: "client",
  Publish: "topic",
  RetainPublish: "topic",
  Subscribe: "topicfilter",
  Receive: "topic",
};

const OPERATORS = new Set(["ForAllValues:StringEquals", "ForAnyValue:StringEquals", "Bool"]);

/**
 * Whether policies allow it: a statement that denies wins, and without one that allows it is denied.
 * @param name client id, topic or filter.
 */
export function allows(
  documents: Iterable<PolicyDocument>,
  action: PolicyAction,
  name: string,
  context: PolicyContext,
): boolean {
  const resource = `${ARN}:${RESOURCE_OF[action]}/${name}`;
  let allowed = false;
  for (const document of documents) {
    for (const statement of statements(document)) {
      if (!applies(statement, `iot:${action}`, resource, context)) continue;
      if (statement.Effect === "Deny") return false;
      allowed = true;
    }
  }
  return allowed;
}

/** @throws {Error} when AWS would not take the document, or when it has conditions that the double does not know. */
export function checkPolicy(document: PolicyDocument): void {
  const size = JSON.stringify(document).replace(/\s/g, "").length;
  if (size > MAX_POLICY_CHARACTERS)
    throw new Error(`the policy has ${size} characters, and AWS takes ${MAX_POLICY_CHARACTERS}`);
  if (document.Version !== "2012-10-17") throw new Error("the policy's Version is not 2012-10-17");
  for (const { Condition = {} } of statements(document)) {
    const unknown = Object.keys(Condition).find((operator) => !OPERATORS.has(operator));
    if (unknown !== undefined) throw new Error(`the double does not know the condition ${unknown}`);
  }
}

function statements({ Statement }: PolicyDocument): readonly PolicyStatement[] {
  return Array.isArray(Statement) ? Statement : [Statement as PolicyStatement];
}

function applies(
  { Action, Resource, Condition = {} }: PolicyStatement,
  action: string,
  resource: string,
  context: PolicyContext,
): boolean {
  return (
    list(Action).some((pattern) => pattern === "*" || wildcard(pattern, "i").test(action)) &&
    list(Resource).some((pattern) => {
      const expanded = expand(pattern, context);
      return expanded?.test(resource) === true;
    }) &&
    holds(Condition, context)
  );
}

/** A resource with the variables of this connection in it. Undefined: it has one that this connection does not have. */
function expand(pattern: string, context: PolicyContext): RegExp | undefined {
  const parts: string[] = [];
  let at = 0;
  for (const found of pattern.matchAll(/\$\{([^}]*)\}/g)) {
    const value = variable(found[1] ?? "", context);
    if (value === undefined) return undefined;
    // What a client calls itself is no pattern.
    parts.push(source(pattern.slice(at, found.index)), escapeLiteral(value));
    at = found.index + found[0].length;
  }
  parts.push(source(pattern.slice(at)));
  return new RegExp(`^${parts.join("")}$`, "s");
}

function variable(name: string, { clientId, thing }: PolicyContext): string | undefined {
  if (name === "iot:ClientId") return clientId;
  if (name === "iot:Connection.Thing.ThingName") return thing?.name;
  if (name === "iot:Connection.Thing.IsAttached") return String(thing !== undefined);
  const attribute = /^iot:Connection\.Thing\.Attributes\[(.+)\]$/.exec(name)?.[1];
  return attribute === undefined ? undefined : thing?.attributes[attribute];
}

function holds(condition: PolicyCondition, context: PolicyContext): boolean {
  const attributes = context.connectAttributes ?? [];
  const all = condition["ForAllValues:StringEquals"]?.["iot:ConnectAttributes"];
  const any = condition["ForAnyValue:StringEquals"]?.["iot:ConnectAttributes"];
  const attached = condition.Bool?.["iot:Connection.Thing.IsAttached"];
  return (
    (all === undefined || attributes.every((attribute) => list(all).includes(attribute))) &&
    (any === undefined || attributes.some((attribute) => list(any).includes(attribute))) &&
    (attached === undefined || list(attached).includes(String(context.thing !== undefined)))
  );
}

function wildcard(pattern: string, flags = ""): RegExp {
  return new RegExp(`^${source(pattern)}$`, `s${flags}`);
}

/** In a policy `*` is any characters and `?` is one; `+` and `#` are themselves (publish/subscribe policy examples). */
function source(pattern: string): string {
  return pattern
    .split(/([*?])/)
    .map((part) => (part === "*" ? ".*" : part === "?" ? "." : escapeLiteral(part)))
    .join("");
}

function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function list(values: OneOrMore): readonly string[] {
  return typeof values === "string" ? [values] : values;
}
