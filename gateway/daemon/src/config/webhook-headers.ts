import { validateHeaderName, validateHeaderValue } from "node:http";
import { basename } from "node:path";
import type { SchemaProblem } from "@tram/protocol";
import { readSmallFile } from "./read-file.ts";
import type { WebhookConfig } from "./schema-rules.ts";

/** In bytes. */
const LIMIT_BYTES = 16_384;

export interface WebhookSettings {
  readonly id: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Completes a webhook with the headers of its file, which is absolute already.
 * @param path of the webhook in the configuration, for problems; they show nothing of the file's content.
 */
export function readWebhook(
  { headers_file: file, id, url }: WebhookConfig,
  path: string,
): { readonly webhook: WebhookSettings; readonly problems: readonly SchemaProblem[] } {
  const headers: Record<string, string> = {};
  const webhook = { id, url, headers };
  if (typeof url !== "string" || !URL.canParse(url)) {
    return { webhook, problems: [{ path: `${path}.url`, problem: "expected a URL" }] };
  }
  if (typeof file !== "string") return { webhook, problems: [] };
  const wrong = (problem: string) => ({ webhook, problems: [{ path: `${path}.headers_file`, problem }] });
  const bytes = readSmallFile(file, LIMIT_BYTES);
  if ("found" in bytes) return wrong(`expected a readable file, found ${bytes.found}: ${file}`);
  for (const [index, line] of bytes.toString("utf8").split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const [, name, value = ""] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || !isHeader(name.trim(), value.trim())) {
      return wrong(`expected \`Name: value\` in line ${index + 1} of ${basename(file)}`);
    }
    headers[name.trim()] = value.trim();
  }
  return { webhook, problems: [] };
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false; // They have no other way to say so.
  }
}
