import type { ListKey } from "./document.ts";

/**
 * The line, from 1, in which a part of a list begins in the text of a rule written line by line; that of the list itself
 * where the part cannot be told (a list in brackets). `undefined` where there is no such list.
 */
export function lineOfPart(text: string, list: ListKey, index: number): number | undefined {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => line.startsWith(`${list}:`));
  if (head < 0) return undefined;
  let indent: string | undefined;
  let seen = -1;
  for (let at = head + 1; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const [, space, dash] = /^( *)(- |-$)?/.exec(line) ?? [];
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    // The next key of the rule. Items may stand at the left edge too.
    if (space === "" && dash === undefined) break;
    if (dash === undefined) continue;
    indent ??= space;
    if (space === indent && ++seen === index) return at + 1;
  }
  return head + 1;
}

/** A document as YAML in brackets, readable for people: only shown, never written to a file. */
export function showYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showYaml).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${key}: ${showYaml(inner)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  // Plain words need no quotes; what could be read as something else does.
  if (
    typeof value === "string" &&
    /^[A-Za-z][\w/-]*(?: [\w/-]+)*$/.test(value) &&
    !/^(?:true|false|null)$/i.test(value)
  )
    return value;
  return JSON.stringify(value) ?? "";
}

/** A part as it may stand in a list of a rule: groups one part a line. */
export function showPart(part: unknown, indent = ""): string {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return `${indent}- ${showYaml(part)}`;
  const [first, ...more] = Object.entries(part) as [string, unknown][];
  if (first === undefined || more.length > 0) return `${indent}- ${showYaml(part)}`;
  const [key, inner] = first;
  if (!Array.isArray(inner)) return `${indent}- ${key}: ${showYaml(inner)}`;
  return [`${indent}- ${key}:`, ...inner.map((one) => showPart(one, `${indent}    `))].join("\n");
}
