import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { addRule, removeRule, replaceRule, ruleTextOf, type TextResult } from "./rule-file-text.ts";

const FILE = `# Rules of the greenhouse, by Lan

# Hot days
- id: fan-on   # the big one
  triggers:
  - { numeric: { property: air/air/temperature, above: 28 } }
  # nobody is there at night
  actions: [{ set: fan/fan/on, value: true }]

# Cold nights
- id: heater
  description: |
    # not a comment
    two lines

  triggers: [ { time: "22:00" } ]
  actions:
    - notify: "cold"   # said once


# The end
`;

const text = (result: TextResult): string => {
  if (!result.ok) throw new Error(result.problem);
  return result.text;
};

describe("the text of one rule", () => {
  it("is cut out with its own comments, at the left edge", () => {
    expect(text(ruleTextOf(FILE, "fan-on"))).toBe(`id: fan-on   # the big one
triggers:
- { numeric: { property: air/air/temperature, above: 28 } }
# nobody is there at night
actions: [{ set: fan/fan/on, value: true }]
`);
    expect(parse(text(ruleTextOf(FILE, "heater")))).toEqual(parse(FILE)[1]);
  });

  it("put back unchanged leaves the file as it was, byte for byte", () => {
    for (const file of [
      FILE,
      FILE.replaceAll("\n", "\r\n"),
      "-\n  id: a\n  x: 1\n- # why\n  id: b\n",
      "[{id: a}, {id: b}]\n",
    ]) {
      for (const id of (parse(file) as { id: string }[]).map((rule) => rule.id)) {
        expect(text(replaceRule(file, id, text(ruleTextOf(file, id)))).replace(/\s/g, ""), file).toBe(
          file.replace(/\s/g, ""),
        );
      }
    }
    expect(text(replaceRule(FILE, "fan-on", text(ruleTextOf(FILE, "fan-on"))))).toBe(FILE);
    expect(text(replaceRule(FILE, "heater", text(ruleTextOf(FILE, "heater"))))).toBe(FILE);
  });

  it("is replaced between untouched neighbours, and may take another id", () => {
    const changed = text(replaceRule(FILE, "heater", "id: heater-2\ntriggers: []\n# last words\n"));
    expect(changed).toBe(`${FILE.slice(0, FILE.indexOf("- id: heater"))}- id: heater-2
  triggers: []
  # last words


# The end
`);
  });

  it("is added at the end, in the list's own indentation, and to an empty file", () => {
    expect(text(addRule("", "id: a\nx: 1"))).toBe("- id: a\n  x: 1\n");
    expect(text(addRule("# mine\n", "# why\nid: a\n"))).toBe("# mine\n- # why\n  id: a\n");
    expect(text(addRule("  - id: a\n    x: 1", "id: b\ny: 2"))).toBe(
      "  - id: a\n    x: 1\n\n  - id: b\n    y: 2\n",
    );
    expect(text(addRule("[{id: a}]", "id: b"))).toContain("id: b");
    expect(addRule("- id: a\n  x: [", "id: b")).toMatchObject({ ok: false });
    expect(addRule("a: map", "id: b")).toMatchObject({ ok: false, problem: expect.stringContaining("list") });
  });

  it("is removed with the comment right above it; the head of the file stays", () => {
    const less = text(removeRule(FILE, "heater"));
    expect(less).not.toContain("Cold nights");
    expect(less).toContain("# The end");
    expect(parse(less)).toEqual([parse(FILE)[0]]);
    const none = text(removeRule("# head\n- id: a\n", "a"));
    expect(none).toBe("# head\n");
  });

  it("refuses what would change another rule, what is no rule, and what is not there", () => {
    const shared = "- id: a\n  triggers: &t [{ time: '07:00' }]\n- id: b\n  triggers: *t\n";
    expect(parse(text(ruleTextOf(shared, "b")))).toEqual({ id: "b", triggers: [{ time: "07:00" }] });
    expect(replaceRule(shared, "a", "id: a")).toMatchObject({
      ok: false,
      problem: expect.stringContaining("anchor"),
    });
    expect(replaceRule(FILE, "heater", "- id: list")).toMatchObject({ ok: false });
    expect(replaceRule(FILE, "heater", "id: [")).toMatchObject({ ok: false });
    expect(replaceRule(FILE, "pump", "id: pump")).toMatchObject({ ok: false });
    expect(replaceRule("- id: a\n", "a", `id: a\ndescription: ${"x".repeat(300_000)}`)).toMatchObject({
      ok: false,
    });
  });

  it("a document marker, a comment or a tab cannot break out of its place", () => {
    for (const evil of [
      "id: b\n---\nid: c",
      "id: b\n...\n- id: c",
      "%YAML 1.2\n---\nid: b",
      "id: b\n\t- x",
      "id: 'b\n- id: c'",
    ]) {
      const result = replaceRule(FILE, "heater", evil);
      if (result.ok) expect((parse(result.text) as unknown[]).length, evil).toBe(2);
      if (result.ok) expect((parse(result.text) as { id: string }[])[0]?.id, evil).toBe("fan-on");
    }
  });
});

describe("any file of rules", () => {
  const scalar = fc.oneof(fc.boolean(), fc.integer(), fc.string({ maxLength: 30 }));
  const rule = fc.record({
    title: scalar,
    more: fc.array(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), scalar, { maxKeys: 3 }), {
      maxLength: 3,
    }),
  });
  const rules = fc
    .array(rule, { minLength: 1, maxLength: 5 })
    .map((list) => list.map((one, index) => ({ id: `r${index}`, ...one })));
  const style = fc.record({
    indentSeq: fc.boolean(),
    collectionStyle: fc.constantFrom("any", "flow") as fc.Arbitrary<"any">,
    defaultStringType: fc.constantFrom("PLAIN", "QUOTE_DOUBLE", "BLOCK_LITERAL") as fc.Arbitrary<"PLAIN">,
  });

  it("says after a change what was wanted, and of the others what it said before", () => {
    fc.assert(
      fc.property(rules, rule, style, fc.nat(), (written, fresh, how, pick) => {
        const file = stringify(written, how);
        // Not what was written: as a block, the library writes a lone space that it reads as nothing.
        const list = parse(file) as readonly { id: string }[];
        const at = pick % list.length;
        const wanted: unknown = parse(stringify({ id: "new", ...fresh }, how));
        expect(parse(text(ruleTextOf(file, `r${at}`)))).toEqual(list[at]);
        expect(parse(text(replaceRule(file, `r${at}`, stringify(wanted, how))))).toEqual(
          list.with(at, wanted as never),
        );
        expect(parse(text(addRule(file, stringify(wanted, how))))).toEqual([...list, wanted]);
        expect(parse(text(removeRule(file, `r${at}`))) ?? []).toEqual(list.toSpliced(at, 1));
      }),
      { numRuns: 300 },
    );
  });

  it("and any text at all gives a problem or a text, and no exception", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("- id: a\n", "  x: 1\n", "---\n", "&a ", "*a", "[", "{", "\t", "# c\n", "|\n", "\r\n"),
    );
    const garbage = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(garbage, garbage, (file, one) => {
        for (const result of [
          ruleTextOf(file, "a"),
          replaceRule(file, "a", one),
          addRule(file, one),
          removeRule(file, "a"),
        ]) {
          expect(typeof (result.ok ? result.text : result.problem)).toBe("string");
        }
      }),
      { numRuns: 500 },
    );
  });
});
