import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { renderDocument } from "./render-document.ts";
import type { TextResult } from "./rule-file-text.ts";
import { switchRule } from "./switch-rule.ts";

const RULE = `# The fan of the greenhouse
id: fan-on   # do not rename: the app knows it

# Not below 28: the plants like it warm.
triggers:
- { id: hot,   numeric: { property: air/air/temperature, above: 28.0 } }   # degrees
# the button
- state: {property: "button/button/press"}
  for:   2s

conditions: []
actions:
    - set: fan/fan/on   # big
      value: true
    - delay: 10m # long enough
    - { notify: "It is hot" }
# end
`;
const document = parse(RULE);

const text = (result: TextResult): string => {
  if (!result.ok) throw new Error(result.problem);
  return result.text;
};

describe("a document brought into its text", () => {
  it("that did not change gives the text itself", () => {
    expect(text(renderDocument(RULE, structuredClone(document)))).toBe(RULE);
  });

  it("leaves the lines of the keys that did not change, and the comments of the parts that stay", () => {
    const changed = structuredClone(document);
    changed.actions[1].delay = "20m";
    const out = text(renderDocument(RULE, changed));
    expect(parse(out)).toEqual(changed);
    expect(out.slice(0, out.indexOf("actions:"))).toBe(RULE.slice(0, RULE.indexOf("actions:")));
    expect(out).toContain("delay: 20m # long enough");
    expect(out).toContain("set: fan/fan/on # big");
    expect(out).toContain("# end");
  });

  it("keeps comments with their parts when one is put before, taken away or moved", () => {
    const more = structuredClone(document);
    more.actions.unshift({ notify: "first" });
    expect(text(renderDocument(RULE, more))).toMatch(
      /notify: first[\s\S]*fan\/fan\/on # big[\s\S]*10m # long enough/,
    );
    const less = structuredClone(document);
    less.actions.shift();
    expect(text(renderDocument(RULE, less))).toContain("delay: 10m # long enough");
    const moved = structuredClone(document);
    moved.actions.reverse();
    const out = text(renderDocument(RULE, moved));
    expect(parse(out)).toEqual(moved);
    expect(out).toMatch(/delay: 10m # long enough[\s\S]*fan\/fan\/on # big/);
  });

  it("puts new keys where the document has them, and keeps the head of the text", () => {
    const { id, ...rest } = document;
    const out = text(renderDocument(RULE, { id, title: "Fan", ...rest }));
    expect(out.startsWith("# The fan of the greenhouse\nid: fan-on   # do not rename")).toBe(true);
    expect(out).toContain("\ntitle: Fan\n");
    expect(parse(out)).toEqual({ ...document, title: "Fan" });
    const renamed = text(renderDocument(RULE, { ...document, id: "other" }));
    expect(renamed).toContain("# The fan of the greenhouse\nid: other # do not rename");
  });

  it("begins a text where there was none", () => {
    expect(
      text(
        renderDocument("", { id: "a", triggers: [{ time: "07:00" }], actions: [{ set: "a/b/c", value: 1 }] }),
      ),
    ).toBe(`id: a\ntriggers:\n  - { time: 07:00 }\nactions:\n  - { set: a/b/c, value: 1 }\n`);
    expect(text(renderDocument("# draft\n", { id: "a" }))).toBe("# draft\nid: a\n");
    // And fills what a form began with.
    const empty = text(renderDocument("", { id: "", triggers: [], actions: [] }));
    const filled = { id: "a", triggers: [{ state: { property: "a/b/c" } }], actions: [{ delay: "5m" }] };
    expect(text(renderDocument(empty, filled))).toBe(
      "id: a\ntriggers:\n  - { state: { property: a/b/c } }\nactions:\n  - { delay: 5m }\n",
    );
  });

  it("refuses what is no rule and what is no JSON", () => {
    expect(renderDocument("- a", {})).toMatchObject({ ok: false });
    expect(renderDocument("a: [", {})).toMatchObject({ ok: false });
    expect(renderDocument(RULE, [1])).toMatchObject({ ok: false });
    expect(renderDocument(RULE, { id: Number.NaN })).toMatchObject({ ok: false });
    let deep: unknown = 1;
    for (let level = 0; level < 50; level++) deep = [deep];
    expect(renderDocument(RULE, { deep })).toMatchObject({ ok: false });
  });

  it("with anchors says what was wanted", () => {
    const shared = "id: a\ntriggers: &t\n  - time: '07:00'\nconditions: *t\n";
    const wanted = { id: "a", triggers: [{ time: "08:00" }], conditions: [{ time: "07:00" }] };
    expect(parse(text(renderDocument(shared, wanted)))).toEqual(wanted);
  });

  it("says what was wanted for any text and any document", () => {
    const key = fc.constantFrom("id", "triggers", "actions", "a", "b", "__proto__x");
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: "small" },
        fc.boolean(),
        fc.integer(),
        fc.string({ maxLength: 20 }),
        fc.constant(null),
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(key, tie("node"), { maxKeys: 4 }),
      ),
    })).node;
    const map = fc.dictionary(key, value, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
    const commented = (yaml: string, seed: number): string =>
      yaml
        .split("\n")
        .flatMap((line, index) =>
          (seed >> (index % 30)) & 1 && /^[a-z]/.test(line) ? [`# c${index}`, line] : [line],
        )
        .join("\n");
    fc.assert(
      fc.property(
        map,
        map,
        fc.nat(),
        fc.constantFrom("any", "flow", "block"),
        (before, after, seed, collectionStyle) => {
          const old = commented(stringify(before, { collectionStyle: collectionStyle as "any" }), seed);
          expect(parse(text(renderDocument(old, after)))).toEqual(after);
          // And half changed: some keys of one, some of the other.
          const mixed = { ...before, ...Object.fromEntries(Object.entries(after).slice(1)) };
          expect(parse(text(renderDocument(old, mixed)))).toEqual(mixed);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a rule switched off and on", () => {
  it("changes one line, and nothing when it is so already", () => {
    const off = text(switchRule(RULE, false));
    expect(off).toBe(RULE.replace("it\n\n# Not", "it\nenabled: false\n\n# Not"));
    expect(text(switchRule(RULE, true))).toBe(RULE);
    expect(text(switchRule(off, true))).toBe(off.replace("false", "true"));
    expect(text(switchRule("id: a\nenabled: true # by me\n", false))).toBe("id: a\nenabled: false # by me\n");
    expect(switchRule("[", true)).toMatchObject({ ok: false });
  });
});
