import { isId } from "@tram/protocol";
import { fingerprint } from "../fingerprint.ts";
import { readYaml } from "../parse-file.ts";
import { ruleRegions } from "./rule-regions.ts";

/** What is remembered of one rule of a text, to see later what became of it. */
interface Sketch {
  /** Of everything that makes it act, but for whether it is on. */
  readonly acts: string;
  readonly enabled: boolean;
  /** Of its lines as they are written, title and comments included. */
  readonly lines: string;
}

/** What is remembered of the text of a rule file. */
export type RuleOutline = ReadonlyMap<string, Sketch>;

/** Rules by what was done with them. `reworded`: it acts as before, its title, comments or spelling are others. */
export type RuleChanges = Partial<
  Record<"added" | "changed" | "enabled" | "disabled" | "reworded" | "removed", readonly string[]>
>;

/** @returns `undefined` for a text that is not a list of rules. Never throws, whatever the text. */
export function outlineOf(text: string): RuleOutline | undefined {
  const read = readYaml(text, { keepSourceTokens: true });
  if (!read.ok) return undefined;
  const items: unknown = read.value ?? [];
  if (!Array.isArray(items)) return undefined;
  const regions = ruleRegions(text, read.document);
  const outline = new Map<string, Sketch>();
  for (const [index, item] of (items as unknown[]).entries()) {
    if (typeof item !== "object" || item === null) continue;
    const { id, title, description, enabled, ...acting } = item as Record<string, unknown>;
    if (typeof id !== "string" || !isId(id) || outline.has(id)) continue;
    const region = regions[index];
    const lines =
      region === undefined ? [title, description] : text.slice(region.content, region.end).trimEnd();
    outline.set(id, {
      acts: fingerprint(acting),
      enabled: enabled !== false,
      lines: fingerprint({ lines }),
    });
  }
  return outline;
}

/** What was done to the rules of a file between two of its texts. */
export function ruleChanges(before: RuleOutline, after: RuleOutline): RuleChanges {
  const changes: { [Kind in keyof RuleChanges]: string[] } = {};
  const add = (kind: keyof RuleChanges, id: string): void => {
    const ids = changes[kind];
    if (ids === undefined) changes[kind] = [id];
    else ids.push(id);
  };
  for (const [id, now] of after) {
    const was = before.get(id);
    if (was === undefined) add("added", id);
    else {
      if (was.enabled !== now.enabled) add(now.enabled ? "enabled" : "disabled", id);
      if (was.acts !== now.acts) add("changed", id);
      else if (was.enabled === now.enabled && was.lines !== now.lines) add("reworded", id);
    }
  }
  for (const id of before.keys()) if (!after.has(id)) add("removed", id);
  return changes;
}
