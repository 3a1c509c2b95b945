import { parseFile } from "./parse-file.ts";
import type { Program } from "./program.ts";
import type { RuleDocument } from "./rule-document.ts";

/** Rules that worked, by the file and the id that they had. */
export type LastGood = ReadonlyMap<string, ReadonlyMap<string, RuleDocument>>;

/** What runs now, for the next compilation. */
export function lastGoodOf(program: Program): LastGood {
  const files = new Map<string, Map<string, RuleDocument>>();
  for (const { document, file, id } of program.rules.values()) {
    const rules = files.get(file);
    if (rules === undefined) files.set(file, new Map([[id, document]]));
    else rules.set(id, document);
  }
  return files;
}

/** A text that a rule file had. */
export interface PastText {
  readonly text: string;
  /** Ids of the rules that could not run as this text has them, for whatever reason. */
  readonly unsound: readonly string[];
}

/**
 * Looks through what a file said for the rules that go on while its newest text is broken: of each the newest version
 * that could run.
 *
 * A version that cannot be read says nothing; one that can be read and does not have a rule says that it was removed,
 * unless something in it has no name.
 * @param past the newest first. Read only as far as needed.
 */
export function lastGoodIn(past: Iterable<PastText>): ReadonlyMap<string, RuleDocument> {
  const found = new Map<string, RuleDocument>();
  const decided = new Set<string>();
  /** Rules that are still looked for; `undefined` while any may turn up. */
  let wanted: Set<string> | undefined;
  for (const { text, unsound } of past) {
    const { problems, rules } = parseFile(text);
    if (problems.length > 0) continue;
    const broken = new Set<string>();
    let nameless = false;
    for (const { document, id } of rules) {
      if (id === undefined) nameless = true;
      else if (decided.has(id) || (wanted !== undefined && !wanted.has(id))) continue;
      else if (document === undefined || unsound.includes(id)) broken.add(id);
      else {
        decided.add(id);
        if (!broken.has(id)) found.set(id, document);
      }
    }
    if (nameless) continue;
    wanted = broken;
    if (wanted.size === 0) break;
  }
  return found;
}
