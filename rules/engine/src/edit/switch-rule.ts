import { isMap } from "yaml";
import { readYaml } from "../parse-file.ts";
import { renderDocument } from "./render-document.ts";
import type { TextResult } from "./rule-file-text.ts";

/** Switches a rule on or off in its text; nothing but the line of `enabled` changes. On is what a rule is without it. */
export function switchRule(text: string, enabled: boolean): TextResult {
  const read = readYaml(text);
  if (!read.ok) return { ok: false, problem: read.problems[0] ?? "expected YAML" };
  if (!isMap(read.document.contents)) return { ok: false, problem: "expected a map that begins with `id:`" };
  const { id, title, description, ...rest } = read.value as Record<string, unknown>;
  if ("enabled" in rest) return renderDocument(text, { ...(read.value as object), enabled });
  if (enabled) return { ok: true, text };
  // A switched-off rule says so near its top, where a reader looks first.
  const head = Object.fromEntries(
    Object.entries({ id, title, description }).filter(([, value]) => value !== undefined),
  );
  return renderDocument(text, { ...head, enabled, ...rest });
}
