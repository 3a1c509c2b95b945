import type { CloudRequest } from "@tram/core";
import { isJson, type Json, VALUE_LEVELS } from "@tram/protocol";

const ID = /^[\x21-\x7e]{1,100}$/;
const MAX_NAME = 200;
/** Files of people are some kilobytes, and a text that is made to be hard to read takes its time. */
const MAX_TEXT_LENGTH = 65_536;
const MAX_VALUE_BYTES = 16_384;
const MAX_CONTEXT_BYTES = 1_024;

/** What is wrong with the form of a request: it comes from a cloud, through a provider, and is believed in nothing. */
export function malformed(request: CloudRequest): string | undefined {
  if (!ID.test(request.id)) return "id: expected 1 to 100 visible characters of ASCII";
  switch (request.kind) {
    case "command": {
      const { thing, target, value, context = null } = request;
      const name = "property" in target ? target.property : target.action;
      if (thing.length > MAX_NAME || name.length > MAX_NAME) return "expected a shorter name";
      if (!isJson(value, VALUE_LEVELS)) return `value: expected JSON of at most ${VALUE_LEVELS} levels`;
      if (bytesOf(value) > MAX_VALUE_BYTES) return `value: expected at most ${MAX_VALUE_BYTES} bytes`;
      return bytesOf(context) > MAX_CONTEXT_BYTES ? "what the answer needs is too long" : undefined;
    }
    case "manage": {
      const { name = "", operation, revision = "", text } = request;
      if (Math.max(name.length, revision.length) > MAX_NAME) return "expected a shorter name";
      if (operation === "put" && text === undefined) return "text: is missing";
      return (text ?? "").length > MAX_TEXT_LENGTH
        ? `text: expected at most ${MAX_TEXT_LENGTH} characters`
        : undefined;
    }
    case "firmware":
      return request.version.length > MAX_NAME || request.url.length > 4_096
        ? "expected less text"
        : undefined;
  }
}

function bytesOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
