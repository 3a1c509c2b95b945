import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseFile } from "../parse-file.ts";
import { renderDocument } from "./render-document.ts";
import { addRule, removeRule, replaceRule, ruleTextOf, type TextResult } from "./rule-file-text.ts";
import { switchRule } from "./switch-rule.ts";

/** Actions as a person writes them: a remark above and behind many of them, at every depth. */
type Part =
  | { readonly kind: "notify" | "delay" }
  | {
      readonly kind: "if" | "choose" | "repeat" | "parallel" | "sequence" | "wait_for";
      readonly inner: readonly (readonly Part[])[];
    };

const parts = fc.letrec<{ part: Part; list: readonly Part[] }>((tie) => ({
  list: fc.array(tie("part"), { minLength: 1, maxLength: 3 }),
  part: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom<Part>({ kind: "notify" }, { kind: "delay" }),
    fc.record({
      kind: fc.constantFrom("if", "choose", "repeat", "parallel", "sequence", "wait_for"),
      inner: fc.array(tie("list"), { minLength: 1, maxLength: 2 }),
    }) as fc.Arbitrary<Part>,
  ),
})).list;

/** Writes them in block style, each with a number of its own in its remarks and its value. */
function write(list: readonly Part[], indent: string, next: () => number): string {
  const block = (key: string, inner: readonly Part[] | undefined, at: string): string =>
    inner === undefined ? "" : `${at}${key}:   # r${next()}\n${write(inner, `${at}  `, next)}`;
  return list
    .map((part) => {
      const number = next();
      const above = `${indent}# a${number}\n`;
      const at = `${indent}  `;
      if (!("inner" in part) && part.kind === "notify")
        return `${above}${indent}- notify: "n${number}"    # b${number}\n`;
      if (!("inner" in part)) return `${above}${indent}- delay:   ${number + 1}s # b${number}\n`;
      const [one, two] = part.inner;
      switch (part.kind) {
        case "if":
          return `${above}${indent}- if: [{ time: { after: "07:00" } }]\n${block("then", one, at)}${block("else", two, at)}`;
        case "choose":
          return `${above}${indent}- choose:\n${part.inner
            .map(
              (inner) =>
                `${at}# w${next()}\n${at}- when: [{ clock: trusted }]\n${block("do", inner, `${at}  `)}`,
            )
            .join("")}`;
        case "repeat":
          return `${above}${indent}- repeat: { count: 3 }   # three\n${block("do", one, at)}`;
        case "parallel":
          return `${above}${indent}- parallel:\n${part.inner
            .map((inner) => `${at}# p${next()}\n${at}-\n${write(inner, `${at}  `, next)}`)
            .join("")}`;
        case "sequence":
          return `${above}${indent}- sequence:\n${write(one ?? [], at, next)}`;
        default:
          return `${above}${indent}- wait_for:\n${at}# v${number}\n${at}- time: "07:0${number % 10}"   # t\n${at}timeout: 5m  # o${number}\n`;
      }
    })
    .join("");
}

function ruleOf(list: readonly Part[]): string {
  let count = 0;
  return `id: x   # id\n# when\ntriggers:\n  - time: "07:00"   # early\n\n# what\nactions:\n${write(list, "  ", () => count++)}# end\n`;
}

const remarks = (text: string): readonly string[] => text.match(/# .*$/gm) ?? [];
const textIn = (result: TextResult): string => {
  if (!result.ok) throw new Error(result.problem);
  return result.text;
};

/** The texts of `notify` anywhere inside, to be changed in place. */
function leaves(value: unknown): { notify: string }[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (typeof value !== "object" || value === null) return [];
  return "notify" in value ? [value as { notify: string }] : Object.values(value).flatMap(leaves);
}

describe("nested actions with remarks", () => {
  test("are rules of the language", () => {
    fc.assert(
      fc.property(parts, (list) => {
        const item = ruleOf(list)
          .replace(/^(?=.)/gm, "  ")
          .replace("  id", "- id");
        expect(parseFile(item).rules.map(({ problems }) => problems)).toEqual([[]]);
      }),
      { numRuns: 100 },
    );
  });

  test("lose no remark and no order when a value deep inside changes, or a key is added on top", () => {
    fc.assert(
      fc.property(parts, fc.nat(), (list, pick) => {
        const text = ruleOf(list);
        const changed = parse(text);
        const all = leaves(changed);
        const leaf = all[pick % Math.max(1, all.length)];
        if (leaf !== undefined) leaf.notify = "another";
        changed.mode = "queued";
        const out = textIn(renderDocument(text, changed));
        expect(parse(out)).toEqual(changed);
        expect(remarks(out)).toEqual(remarks(text));
      }),
      { numRuns: 120 },
    );
  });

  test("keep all remarks but those of the part that goes", () => {
    fc.assert(
      fc.property(parts, fc.nat(), (list, pick) => {
        const text = ruleOf(list);
        const changed = parse(text);
        if (changed.actions.length < 2) return;
        const [gone] = changed.actions.splice(pick % changed.actions.length, 1);
        const out = textIn(renderDocument(text, changed));
        expect(parse(out)).toEqual(changed);
        // What stays is in its order; what went was inside the part, or right above it.
        const left = remarks(out);
        const before = remarks(text);
        let at = 0;
        for (const remark of before) if (remark === left[at]) at++;
        expect(at).toBe(left.length);
        const inside = JSON.stringify(gone).match(
          /"notify"|"delay"|"if"|"do"|"choose"|"when"|"then"|"else"|"parallel"|"sequence"|"wait_for"|"repeat"/g,
        );
        expect(before.length - left.length).toBeLessThanOrEqual(3 * (inside?.length ?? 0) + 2);
      }),
      { numRuns: 120 },
    );
  });

  test("are cut out of a file, switched and put back with all other lines as they were", () => {
    fc.assert(
      fc.property(parts, parts, (one, two) => {
        const first = ruleOf(one);
        const second = ruleOf(two).replace("id: x", "id: y");
        const file = textIn(addRule(textIn(addRule("# the house\n", first)), second));
        expect(textIn(ruleTextOf(file, "x"))).toBe(first);
        const off = textIn(switchRule(first, false));
        expect(off.split("\n").filter((line) => line !== "enabled: false")).toEqual(first.split("\n"));
        const switched = textIn(replaceRule(file, "x", off));
        expect(switched.split("\n").filter((line) => line !== "  enabled: false")).toEqual(file.split("\n"));
        expect(textIn(replaceRule(switched, "x", first))).toBe(file);
        expect(textIn(ruleTextOf(textIn(removeRule(file, "x")), "y"))).toBe(second);
      }),
      { numRuns: 60 },
    );
  });
});
