import type { Json, JsonObject } from "@tram/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { mergedSection, treeOf, valueAt } from "./shadow-document.ts";
import { bytesOf, ShadowDraft } from "./shadow-draft.ts";

const key = fc.constantFrom("a", "b", "ấ", "__proto__", "constructor", "");
const path = fc.array(key, { minLength: 1, maxLength: 3 });
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(true, 1, "x", [1, 2]),
    fc.array(fc.tuple(key, tie("json")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const object = fc
  .array(fc.tuple(key, json), { maxLength: 4 })
  .map((entries): JsonObject => Object.fromEntries(entries));

it("is changed as AWS would change it, knows by how much it grows, and is as before when that is taken back", () => {
  fc.assert(
    fc.property(object, fc.array(fc.tuple(path, fc.option(json, { nil: undefined }))), (tree, changes) => {
      const draft = new ShadowDraft(tree);
      let expected = tree;
      for (const [at, value] of changes) {
        const before = draft.replacedAt(at);
        const grown = draft.set(at, value);
        expect(grown + draft.set(before.path, before.value)).toBe(0);
        expect(draft.json()).toEqual(expected);
        expect(draft.set(at, value)).toBe(grown);
        const bytes = bytesOf(expected);
        const gone = valueAt(expected, at) === undefined;
        if (value !== undefined)
          expected = mergedSection(mergedSection(expected, gone ? {} : treeOf(at, null)), treeOf(at, value));
        else if (!gone) expected = mergedSection(expected, treeOf(at, null));
        expect(draft.json()).toEqual(expected);
        expect(draft.valueAt(at)).toEqual(valueAt(expected, at));
        expect(bytesOf(expected) - bytes).toBe(grown);
      }
    }),
  );
});

it("joins what is added, and keeps null", () => {
  const draft = new ShadowDraft();
  draft.add(["a", "b"], { c: 1, d: null });
  draft.add(["a", "b"], { d: { e: 2 }, f: null });
  draft.add(["a", "g"], null);
  expect(draft.json()).toEqual({ a: { b: { c: 1, d: { e: 2 }, f: null }, g: null } });
});
