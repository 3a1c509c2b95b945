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
