import { type Json, jsonEqual, type Rule, type RuleTrigger } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import { joinPath } from "../shape-check.ts";
import { judgeAll } from "./verdict.ts";

/** A rule with its place. */
export interface PlacedRule {
  readonly file: string;
  readonly path: string;
  readonly rule: Rule;
}

export interface Conflict {
  readonly file: string;
  readonly path: string;
  readonly problem: string;
}

/** A value that a rule writes as soon as it runs. */
interface Writing extends PlacedRule {
  readonly at: string;
  readonly value: Json;
}

/**
 * Finds rules that write different values to the same property when the same trigger fires, unless their conditions
 * exclude each other. Only what is written at once counts: after a delay or in a branch it may be meant.
 */
export function conflictsOf(rules: readonly PlacedRule[], nameOf: (reference: string) => string): Conflict[] {
  const byMoment = new Map<string, Writing[]>();
  for (const placed of rules) {
    if (placed.rule.enabled === false) continue;
    const keys = new Set(placed.rule.triggers.flatMap((trigger) => momentOf(trigger, nameOf)));
    for (const { property, ...written } of writingsOf(placed, nameOf)) {
      for (const key of keys) {
        const moment = `${key} ${property}`;
        byMoment.set(moment, [...(byMoment.get(moment) ?? []), { ...placed, ...written }]);
      }
    }
  }
  const found = new Map<string, Conflict>();
  for (const [moment, writings] of byMoment) {
    for (const [index, one] of writings.entries()) {
      for (const other of writings.slice(0, index)) {
        if (one.rule === other.rule || jsonEqual(one.value, other.value)) continue;
        const both = [...(one.rule.conditions ?? []), ...(other.rule.conditions ?? [])];
        if (judgeAll(both, "", nameOf).holds === "never") continue;
        const property = moment.slice(moment.lastIndexOf(" ") + 1);
        const problem = `writes ${writeValue(one.value)} to ${property} when "${other.rule.id}" (${other.file}) writes ${writeValue(other.value)}: the same trigger fires both`;
        found.set(`${one.file} ${one.at} ${other.rule.id}`, { file: one.file, path: one.at, problem });
      }
    }
  }
  return [...found.values()];
}

/** When a trigger fires, in one form; what it is called and how its runs queue does not matter. */
function momentOf(trigger: RuleTrigger, nameOf: (reference: string) => string): string[] {
  const { enabled, id: _id, mode: _mode, ...rest } = trigger;
  if (enabled === false) return [];
  if (("state" in rest || "numeric" in rest) && typeof partOf(rest).property === "string") {
    const part = partOf(rest);
    return [
      JSON.stringify({ ...rest, [part.key]: { ...part.body, property: nameOf(String(part.property)) } }),
    ];
  }
  return [JSON.stringify(rest)];
}

function partOf(trigger: object): { key: string; body: object; property: unknown } {
  const [key = "", body = {}] =
    Object.entries(trigger).find(([name]) => name === "state" || name === "numeric") ?? [];
  return { key, body, property: "property" in body ? body.property : undefined };
}

function* writingsOf(
  { path, rule }: PlacedRule,
  nameOf: (reference: string) => string,
): Generator<{ property: string; value: Json; at: string }> {
  for (const [index, action] of rule.actions.entries()) {
    // What follows a wait or a branch happens at another time, or not.
    if (!("set" in action || "notify" in action || "variables" in action)) return;
    if (!("set" in action)) continue;
    const value = action.value as Json;
    if (JSON.stringify(value).includes("${")) continue;
    const references =
      typeof action.set === "string" ? [action.set] : Array.isArray(action.set) ? action.set : [];
    for (const reference of references) {
      yield {
        property: nameOf(reference),
        value,
        at: joinPath(joinPath(joinPath(path, "actions"), index), "set"),
      };
    }
  }
}
