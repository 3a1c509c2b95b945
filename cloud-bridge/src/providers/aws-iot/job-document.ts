import type { CloudRequest } from "@tram/core";
import {
  ID_PATTERN,
  isJson,
  isJsonObject,
  type Json,
  parsePropertyKey,
  parseThingId,
  schemaProblems,
  show,
} from "@tram/protocol";
import { schemaErrors } from "@tram/protocol/validator";
import { type Static, type TSchema, Type } from "typebox";

/** What a cloud has to say in its job's document. The number tells later versions apart. */
const HEAD = { tram: Type.Enum([1], { description: "Version of this format." }) };
const ID = ID_PATTERN.slice(1, -1);

const CommandJob = Type.Object(
  {
    ...HEAD,
    operation: Type.Enum(["command"]),
    thing: Type.String({ pattern: ID_PATTERN }),
    property: Type.Optional(
      Type.String({ pattern: `^${ID}/${ID}$`, description: "`node/property` to write." }),
    ),
    action: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "Action to invoke instead." })),
    value: Type.Unknown({ description: "The value to write, or the action's input." }),
    expires_at: Type.Optional(
      Type.String({
        pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:\\d\\d)$",
        description: "ISO 8601: not to be begun after this.",
      }),
    ),
  },
  { additionalProperties: false },
);

const FirmwareJob = Type.Object(
  {
    ...HEAD,
    operation: Type.Enum(["firmware"]),
    thing: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "Left out: the gateway itself." })),
    version: Type.String({ minLength: 1, maxLength: 64 }),
    url: Type.String({
      pattern: "^https://",
      maxLength: 4_096,
      description: "A presigned URL; it is asked for again when it has expired.",
    }),
    sha256: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{64}$" })),
  },
  { additionalProperties: false },
);

const ManageJob = Type.Object(
  {
    ...HEAD,
    operation: Type.Enum(["rules", "config"]),
    action: Type.Enum(["get", "put", "remove"]),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    text: Type.Optional(Type.String({ maxLength: 131_072 })),
    revision: Type.Optional(
      Type.String({ maxLength: 64, description: "Of the text that the new one was made of." }),
    ),
  },
  { additionalProperties: false },
);

const SCHEMAS: Readonly<Record<string, TSchema>> = {
  command: CommandJob,
  firmware: FirmwareJob,
  rules: ManageJob,
  config: ManageJob,
};

/** Deeper than this no document of ours is. */
const LEVELS = 24;
/** Of all that is wrong, so much is told. */
const MOST_PROBLEMS = 3;

export type JobRequest = { readonly request: CloudRequest } | { readonly malformed: string };

/**
 * Reads the document of a job.
 * @param document from the cloud, anything.
 * @param id of the request that it becomes.
 * @param context for the answer to a command, or to an image.
 */
export function readJobDocument(document: unknown, id: string, context: Json): JobRequest {
  if (!isJson(document, LEVELS) || !isJsonObject(document)) {
    return { malformed: `expected an object with "tram": 1, found ${show(document)}` };
  }
  const { operation } = document;
  const schema =
    typeof operation === "string" && Object.hasOwn(SCHEMAS, operation) ? SCHEMAS[operation] : undefined;
  if (schema === undefined) {
    const known = Object.keys(SCHEMAS).join(", ");
    return { malformed: `operation: expected one of ${known}, found ${show(operation)}` };
  }
  const errors = schemaErrors(schema, document);
  if (errors !== undefined) {
    const problems = schemaProblems(errors, document).slice(0, MOST_PROBLEMS);
    return { malformed: problems.map(({ path, problem }) => `${path}: ${problem}`).join("; ") };
  }
  if (operation === "command")
    return commandOf(document as unknown as Static<typeof CommandJob>, id, context);
  if (operation === "firmware") {
    const { thing, version, url, sha256 } = document as unknown as Static<typeof FirmwareJob>;
    const whose = thing === undefined ? {} : { thing };
    const digest = sha256 === undefined ? {} : { sha256: sha256.toLowerCase() };
    return { request: { kind: "firmware", id, ...whose, version, url, ...digest, context } };
  }
  const { operation: what, action, name, text, revision } = document as unknown as Static<typeof ManageJob>;
  if (action === "put" && text === undefined) return { malformed: "text: is missing: it is to be put" };
  const named = name === undefined ? {} : { name };
  return {
    request: {
      kind: "manage",
      id,
      what: what as "rules" | "config",
      operation: action as "get" | "put" | "remove",
      ...named,
      ...(text === undefined ? {} : { text }),
      ...(revision === undefined ? {} : { revision }),
    },
  };
}

function commandOf(job: Static<typeof CommandJob>, id: string, context: Json): JobRequest {
  const { thing, property, action, value, expires_at } = job;
  const key = property === undefined ? undefined : parsePropertyKey(property);
  if ((key === undefined) === (action === undefined)) {
    return { malformed: "expected either property or action" };
  }
  if (parseThingId(thing) === undefined) return { malformed: `thing: ${thing} is no name of a Thing` };
  const expiresAt = expires_at === undefined ? undefined : Date.parse(expires_at);
  if (expiresAt !== undefined && Number.isNaN(expiresAt)) {
    return { malformed: `expires_at: there is no moment ${show(expires_at)}` };
  }
  return {
    request: {
      kind: "command",
      id,
      thing,
      target: key === undefined ? { action: action ?? "" } : { property: key },
      value: value as Json,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      context,
    },
  };
}
