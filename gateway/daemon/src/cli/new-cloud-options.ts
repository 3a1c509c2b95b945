import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "@tram/protocol";
import type { CommandContext } from "./command.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const CLAIM = ["claim-cert", "claim-key", "template", "param"];
/** What each kind of cloud is told, besides what all are. */
const KINDS: Readonly<
  Record<string, { readonly options: readonly string[]; request(context: CommandContext): JsonObject }>
> = {
  aws: { options: ["endpoint", "port", "thing", ...CLAIM], request: awsRequest },
  ibm: {
    options: ["host", "port", "org", "gateway-type", "gateway-id", "token-file"],
    request: ibmRequest,
  },
  mqtt: { options: ["url", "username", "password-file"], request: mqttRequest },
};

/** The request that a command line of `cloud add` asks for. @throws {UsageError} @throws {CommandFailed} */
export function newCloudOf(context: CommandContext): JsonObject {
  const [kind = ""] = context.args;
  const own = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (own === undefined) throw new UsageError(`expected ${Object.keys(KINDS).join(", ")}, found ${kind}`);
  for (const { options } of Object.values(KINDS)) {
    const foreign = options.find((name) => !own.options.includes(name) && name in context.options);
    if (foreign !== undefined) throw new UsageError(`--${foreign} is not for ${kind}`);
  }
  return { ...common(context, kind), ...own.request(context) };
}

/** What `--cert` and `--key` hold. @throws {UsageError} where one of them is missing. */
export function ownCertificate(context: CommandContext): JsonObject | undefined {
  const [cert, key] = [text(context, "cert"), text(context, "key")];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw new UsageError("--cert is missing: there is --key");
  if (key === undefined) throw new UsageError("--key is missing: there is --cert");
  return { certificate: read(cert), key: read(key) };
}

/** What the first line of `--password-file` holds. @throws {CommandFailed} where it cannot be read. */
export function ownPassword(context: CommandContext): string | undefined {
  const file = text(context, "password-file");
  return file === undefined ? undefined : firstLine(file);
}

function awsRequest(context: CommandContext): JsonObject {
  const claimed = CLAIM.find((name) => name in context.options);
  const own = text(context, "cert") !== undefined;
  if (own && claimed !== undefined) {
    throw new UsageError(`expected --cert and --key, or a claim; found --cert and --${claimed}`);
  }
  if (!own && claimed === undefined) {
    throw new UsageError("expected --cert and --key, or --claim-cert, --claim-key and --template");
  }
  const thing = text(context, "thing");
  return {
    provider: "aws-iot",
    endpoint: needed(context, "endpoint"),
    ...port(context),
    ...(thing === undefined ? {} : { thing }),
    ...(own ? {} : claim(context)),
  };
}

function claim(context: CommandContext): JsonObject {
  return {
    claim: {
      certificate: read(needed(context, "claim-cert")),
      key: read(needed(context, "claim-key")),
    },
    template: needed(context, "template"),
    parameters: pairs(context, "param"),
  };
}

function ibmRequest(context: CommandContext): JsonObject {
  const gatewayId = text(context, "gateway-id");
  return {
    provider: "bluemix",
    host: needed(context, "host"),
    ...port(context),
    org: needed(context, "org"),
    gatewayType: needed(context, "gateway-type"),
    ...(gatewayId === undefined ? {} : { gatewayId }),
    token: firstLine(needed(context, "token-file")),
  };
}

function mqttRequest(context: CommandContext): JsonObject {
  const username = text(context, "username");
  const password = ownPassword(context);
  return {
    provider: "mqtt",
    url: needed(context, "url"),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function port(context: CommandContext): JsonObject {
  const found = text(context, "port");
  if (found === undefined) return {};
  if (!/^\d{1,5}$/.test(found)) throw new UsageError(`--port: expected a number, found ${found}`);
  return { port: Number(found) };
}

function common(context: CommandContext, usual: string): JsonObject {
  const ca = text(context, "ca");
  const own = ownCertificate(context);
  const more = Object.entries(pairs(context, "set")).map(([key, value]) => [key, settingOf(value)] as const);
  return {
    id: text(context, "id") ?? usual,
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...own,
    ...(more.length === 0 ? {} : { more: Object.fromEntries(more) }),
    ...(context.options["no-check"] === true ? { check: false } : {}),
  };
}

function text({ options }: CommandContext, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

function needed(context: CommandContext, name: string): string {
  const value = text(context, name);
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function pairs(context: CommandContext, name: string): Record<string, string> {
  const lines = text(context, name)?.split("\n") ?? [];
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new UsageError(`--${name}: expected KEY=VALUE, found ${line}`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** `true`, `5` and `["pump"]` are JSON; everything else is a text. */
function settingOf(value: string): Json {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** A secret is on no command line, where everybody sees it. */
function firstLine(file: string): string {
  return read(file).split(/\r?\n/)[0] ?? "";
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
