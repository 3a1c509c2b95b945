import { Rule } from "@tram/protocol";
import fc from "fast-check";
import { Check } from "typebox/value";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { compile } from "./compile.ts";
import { parseFile } from "./parse-file.ts";
import { shapeProblems } from "./shape-check.ts";

const VALID = {
  id: "one",
  title: "One",
  enabled: true,
  mode: "queued",
  max: 3,
  triggers: [
    { id: "hot", numeric: { property: "room/air/temperature", above: 3, below: 9.5 }, for: "2s" },
    { state: { property: "door/open", to: true, from: "x" } },
    { time: "07:30" },
  ],
  conditions: [
    {
      and: [{ not: { state: { property: "a/b", is: 3 } } }, { time: { after: "10:00", weekdays: ["mon"] } }],
    },
    { or: [{ numeric: { property: "a/b/c", below: 4 } }] },
  ],
  actions: [
    { set: "lamp/light/on", value: { deep: [1, { er: null }] } },
    { delay: "1h30m" },
    { notify: "hi", level: "alarm" },
  ],
};

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** The document with what is at `path` replaced, or removed. */
function mutate(value: unknown, path: Path, mutation: { readonly value: unknown } | undefined): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return mutation?.value;
  const slots = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  const changed = mutate(slots.get(String(key)), rest, mutation);
  if (changed === undefined) slots.delete(String(key));
  else slots.set(String(key), changed);
  // From entries, so that `__proto__` is a key like any other.
  return Array.isArray(value) ? [...slots.values()] : Object.fromEntries(slots);
}

const mutatedRules = fc
  .array(
    fc.record({
      path: fc.constantFrom(...pathsOf(VALID).slice(1)),
      extra: fc.option(fc.constantFrom("abov", "state", "numeric", "time", "set", "and", "__proto__"), {
        nil: undefined,
      }),
      mutation: fc.option(
        fc.record({
          value: fc.oneof(
            fc.jsonValue(),
            fc.constantFrom(
              "07:00",
              "2s",
              "a/b",
              "lamp/light/on",
              "one",
              Number.POSITIVE_INFINITY,
              Number.NaN,
              [],
              {},
            ),
          ),
        }),
        { nil: undefined },
      ),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((mutations) =>
    mutations.reduce<unknown>(
      (rule, { extra, mutation, path }) =>
        mutate(rule, extra === undefined ? path : [...path.slice(0, -1), extra], mutation),
      VALID,
    ),
  );

const house = { thing: () => undefined };
const compileText = (text: string) => compile([{ file: "f.yaml", text }], { house, timezone: "UTC" });

test("the words of the shape check agree with the schema itself, on changed rules and on any JSON", () => {
  expect(shapeProblems(Rule, VALID)).toEqual([]);
  let valid = 0;
  fc.assert(
    fc.property(fc.oneof(mutatedRules, fc.jsonValue()), (document) => {
      // The schema says nothing of what is inside a free value; the check admits only JSON there.
      const json: unknown = document === undefined ? null : JSON.parse(JSON.stringify(document));
      const fits = Check(Rule, json);
      if (fits) valid++;
      expect(shapeProblems(Rule, json).length === 0).toBe(fits);
    }),
    { numRuns: 3_000 },
  );
  expect(valid).toBeGreaterThan(20);
});

test("compile never throws, whatever the text", () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        "- ",
        "id: a",
        "\n",
        "  ",
        "&a ",
        "*a",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "? ",
        "!x ",
        "'",
        '"',
        "|",
        ">",
        "%",
        "---",
        "<<",
        "\t",
        "#",
        "a",
        "~",
        "\0",
        "\uFEFF",
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), yamlish), (text) => {
      compileText(text);
    }),
    { numRuns: 3_000 },
  );
});

test("compile never throws on documents, and a text is either a rule or a problem", () => {
  fc.assert(
    fc.property(fc.oneof(mutatedRules, fc.jsonValue()), (document) => {
      const { broken, rules } = compileText(stringify([document ?? null]));
      expect(rules.size + broken.length).toBe(1);
      for (const { problems } of broken) {
        expect(problems.length).toBeGreaterThan(0);
        for (const { problem } of problems) expect(problem).not.toMatch(/\[object|undefined|schema/);
      }
    }),
    { numRuns: 1_000 },
  );
});

/** Generous: each takes well under a second, and an unbounded one minutes or the whole memory. */
const QUICKLY_MS = 8_000;

test.each([
  ["a file of 10 MB", () => "- a\n".repeat(2_600_000), "expected at most 262144"],
  [
    "an alias bomb",
    () => {
      const levels = [..."bcdefghi"].map((name, index) => {
        const inner = Array(9).fill(`*${String.fromCharCode(97 + index)}`);
        return `- &${name} [${inner.join(",")}]`;
      });
      return `- &a [x,x,x,x,x,x,x,x,x]\n${levels.join("\n")}`;
    },
    "Excessive alias count",
  ],
  ["50,000 aliases", () => `- &a x\n${"- *a\n".repeat(50_000)}`, "Excessive alias count"],
  ["lists in lists", () => "[".repeat(260_000), "line 1"],
  ["keys in keys", () => "? ".repeat(130_000), "line 1"],
  ["keys in keys that fit", () => "? ".repeat(900), "line 1"],
  [
    "a map of too many keys",
    () => Array.from({ length: 26_000 }, (_, index) => `k${index}: 1`).join("\n"),
    "too many keys",
  ],
  [
    "a value inside itself",
    () =>
      `- { id: a, triggers: [{ time: "07:00" }], actions: [{ set: a/b/c, value: &v [${Array(90).fill("*v").join()}] }] }`,
    "",
  ],
])("%s is refused quickly", (_name, text, expected) => {
  const source = text();
  const before = performance.now();
  const program = compileText(source);
  expect(performance.now() - before).toBeLessThan(QUICKLY_MS);
  expect(program.rules.size).toBe(0);
  expect(program.broken.length).toBeGreaterThan(0);
  expect(program.broken[0]?.problems[0]?.problem).toContain(expected);
});

test("a text of exactly the bound is read", () => {
  const rule = "- { id: a, triggers: [{ time: '07:00' }], actions: [{ notify: x }] }\n";
  const padded = rule + "#".repeat(256 * 1024 - rule.length);
  expect(parseFile(padded).rules).toHaveLength(1);
  expect(parseFile(`${padded}#`).problems).toHaveLength(1);
});

test("the order of keys, the title and the description do not make another version; anything else does", () => {
  const versionOf = (rule: object) => parseFile(stringify([rule])).rules[0]?.document?.fingerprint;
  const base = versionOf(VALID);
  expect(base).toMatch(/^[0-9a-f]{16}$/);
  const reversed = Object.fromEntries(Object.entries(VALID).reverse());
  expect(versionOf({ ...reversed, title: "Two", description: "d" })).toBe(base);
  for (const change of [{ enabled: false }, { max: 4 }, { mode: "single" }, { conditions: [] }]) {
    expect(versionOf({ ...VALID, ...change })).not.toBe(base);
  }
});
