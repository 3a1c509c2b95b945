import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseUci } from "./parse-uci.ts";
import { UCI_LIMITS, type UciSection, type UciValue } from "./section.ts";
import { writeUci } from "./write-uci.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): ReturnType<typeof parseUci> => parseUci(encode(text));

/** The value of the only option of the only section. */
function onlyValue(text: string): UciValue | undefined {
  const { sections, problems } = parse(`config t\n${text}`);
  expect(problems).toEqual([]);
  expect(sections).toHaveLength(1);
  const values = [...(sections[0]?.options.values() ?? [])];
  expect(values.length).toBeLessThan(2);
  return values[0];
}

function problemsOf(text: string): string[] {
  return parse(text).problems.map(({ line, problem }) => `${line}: ${problem}`);
}

describe("words", () => {
  // Each of them was tried on libuci itself.
  const values: [string, string, UciValue | undefined][] = [
    ["bare", "option a b", "b"],
    ["in single quotes", "option 'a' 'b c'", "b c"],
    ["in double quotes", '\toption\t"a"\t"b c"\t', "b c"],
    ["adjacent pieces", `option a b'c d'"e f"g`, "bc de fg"],
    ["a single quote inside of single quotes, as uci writes it", `option a 'it'\\''s'`, "it's"],
    ["nothing is special in single quotes", `option a '\\ " # ; $x'`, '\\ " # ; $x'],
    ["a backslash takes the next character, whatever it is", `option a "\\"\\\\\\n\\t"\\'\\ `, `"\\nt' `],
    ["a backslash at the end of a line joins the next", 'option a "b\\\nc"\\\nd', "bcd"],
    ["also with a carriage return", 'option a "b\\\r\nc"', "bc"],
    ["several lines in single quotes", "option a 'b\n# c\n\nd\\\n'", "b\n# c\n\nd\\\n"],
    ["several lines in double quotes", 'option a "b\n\tc"', "b\n\tc"],
    ["a comment after the value", "option a b # c 'd", "b"],
    ["a comment inside of a bare word", "option a b#c", "b"],
    ["a comment after quotes", "option a 'b'#c", "b"],
    ["lines of Windows", "option a b\r\n\r\n", "b"],
    ["the first letters of the keywords", "o a b", "b"],
    ["an option without a value is none", "option a ''", undefined],
    ["and takes back what was said", "option a b\noption a", undefined],
    ["the last option wins", "option a b\noption a c", "c"],
    ["a list", "list a b\nlist a c", ["b", "c"]],
    ["an option is the first entry of the list after it", "option a b\nlist a c", ["b", "c"]],
    ["an option replaces a list", "list a b\noption a c", "c"],
    ["an empty entry of a list stays", "list a ''", [""]],
    ["text beyond ASCII", "option a 'trạm 🌱'", "trạm 🌱"],
    ["several statements in a line", "option a 'b'; option a c ; option a 'd' # e", "d"],
  ];
  test.each(values)("%s", (_name, text, expected) => {
    expect(onlyValue(text)).toEqual(expected);
  });
});

test("sections: with a name, without one, and one that comes again", () => {
  const { sections, problems } = parse(
    `package 'tram'\n# c\n  config 'a-b' one\n\toption x 1\nconfig c\nconfig a-b "one"\n\toption y 2\nconfig c ''\n`,
  );
  expect(problems).toEqual([]);
  expect(sections.map(({ type, name, options }) => [type, name, Object.fromEntries(options)])).toEqual([
    ["a-b", "one", { x: "1", y: "2" }],
    ["c", undefined, {}],
    ["c", undefined, {}],
  ]);
  expect(parse("").sections).toEqual([]);
  expect(parse("\n \t# nothing").problems).toEqual([]);
});

describe("what is wrong is told with its line, and shows no value", () => {
  const broken: [string, string, string[]][] = [
    [
      "another word",
      "config a\noptoin x 1\n",
      ["2: expected config, option, list or package, found another word"],
    ],
    ["a type is missing", "\nconfig\n", ["2: expected the section's type, found nothing"]],
    [
      "a type that is none",
      "config 'a b'",
      ['1: expected the section\'s type in at most 128 printable ASCII characters, found "a…"'],
    ],
    [
      "a name with a dash",
      "config a b-c",
      ['1: expected the section\'s name in at most 128 letters, digits and _, found "b-c"'],
    ],
    [
      "an option's name",
      "config a\noption x-secret y",
      ["2: expected the option's name in at most 128 letters, digits and _, found something else"],
    ],
    ["an option without a name", "config a\nlist", ["2: expected the option's name, found nothing"]],
    [
      "more words",
      "config a\noption pass my secret",
      ["2: expected a name and a value, found more words (a value with spaces needs quotes)"],
    ],
    [
      "more words of a section",
      "config a b c",
      ["1: expected a type and a name, found more words (a value with spaces needs quotes)"],
    ],
    ["no section", "option a b\nconfig c", ["1: expected a section first"]],
    [
      "quotes that do not end",
      "config a\noption b 'c\n\n",
      ["2: expected a closing ', found the end of the file"],
    ],
    ["double ones", 'config a\noption b "c\\"\n\n', ['2: expected a closing ", found the end of the file']],
    [
      "another type for a name",
      "config a x\n\n\nconfig b x",
      ['4: expected section "x" to be of the type "a" that it has in line 1, found "b"'],
    ],
    [
      "libuci would forget the rest",
      "config a\noption b c;option d e",
      ["2: expected quotes around `;`, or a space before it"],
    ],
    [
      "lines are counted through values",
      "config a\noption b 'c\n\nd' \\\n # e\n!",
      ["6: expected config, option, list or package, found another word"],
    ],
    [
      "all of them are told",
      "config\noption a b\nfoo\nconfig a\nbar",
      [
        "1: expected the section's type, found nothing",
        "3: expected config, option, list or package, found another word",
        "5: expected config, option, list or package, found another word",
      ],
    ],
  ];
  test.each(broken)("%s", (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test("bytes that are no text", () => {
    const problem = (bytes: Uint8Array) => parseUci(bytes).problems;
    expect(problem(encode("config a\n\toption b 'c\0d'"))).toEqual([
      { line: 2, problem: "expected text, found a NUL byte" },
    ]);
    expect(problem(Uint8Array.of(0x23, 0x0a, 0xc3, 0xa1, 0x0a, 0xc3, 0x28))).toEqual([
      { line: 3, problem: "expected UTF-8, found other bytes" },
    ]);
    expect(problem(Uint8Array.of(0x23, 0xe1))).toEqual([
      { line: 1, problem: "expected UTF-8, found other bytes" },
    ]);
  });
});

describe("a file without measure", () => {
  const within = (limitMs: number, run: () => void): void => {
    const before = process.cpuUsage();
    run();
    // Of this process: other tests may run beside it.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(limitMs);
  };

  test("10 MB", () => {
    within(200, () => {
      const { sections, problems } = parseUci(new Uint8Array(10_000_000).fill(0x61));
      expect(sections).toEqual([]);
      expect(problems).toEqual([{ problem: `expected at most ${UCI_LIMITS.bytes} bytes, found 10000000` }]);
    });
  });

  test("100,000 sections", () => {
    within(2_000, () => {
      expect(problemsOf("config a\n".repeat(100_000))).toEqual([
        "4097: expected at most 4096 sections, found more",
      ]);
    });
  });

  test("100,000 entries of a list", () => {
    within(2_000, () => {
      const { sections, problems } = parse(`config a\n${"l b c\n".repeat(100_000)}`);
      expect(problems).toEqual([
        { line: 65_538, problem: "expected at most 65536 options and list entries, found more" },
      ]);
      expect(sections[0]?.options.get("b")).toHaveLength(65_536);
    });
  });

  test("one long name, one long value, nothing but quotes, backslashes or errors", () => {
    within(5_000, () => {
      const many = UCI_LIMITS.bytes - 100;
      expect(problemsOf(`config ${"a".repeat(many)}`)[0]?.length).toBeLessThan(200);
      expect(problemsOf(`config a ${"b".repeat(129)}`)).toHaveLength(1);
      expect(onlyValue(`option a '${"b".repeat(many)}'`)).toHaveLength(many);
      expect(onlyValue(`option a ${"''".repeat(many / 2)}b`)).toBe("b");
      expect(onlyValue(`option a ${"\\b".repeat(many / 2 - 10)}`)).toHaveLength(many / 2 - 10);
      expect(onlyValue(`option a "${"\\\n".repeat(many / 2 - 10)}"`)).toBeUndefined();
      expect(parse("x\n".repeat(many / 2)).problems).toHaveLength(UCI_LIMITS.problems);
      expect(parse(`config a\n${"option b 'c' ;".repeat(60_000)}`).problems).toHaveLength(0);
    });
  });
});

test("names of JavaScript's own objects are names like others", () => {
  const { sections, problems } = parse(
    "config constructor __proto__\n\toption __proto__ x\n\tlist toString y\n",
  );
  expect(problems).toEqual([]);
  expect(sections).toEqual([
    {
      type: "constructor",
      name: "__proto__",
      options: new Map<string, UciValue>([
        ["__proto__", "x"],
        ["toString", ["y"]],
      ]),
    },
  ]);
  expect(parse("__proto__ a\ntoString b").problems).toHaveLength(2);
});

describe("fuzzed", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/);
  const text = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\0", ""));
  const value: fc.Arbitrary<UciValue> = fc.oneof(
    text.filter((one) => one !== ""),
    fc.array(text, { minLength: 1, maxLength: 4 }),
  );
  const section: fc.Arbitrary<UciSection> = fc
    .record({
      type: fc.oneof(name, fc.stringMatching(/^[!-~]{1,12}$/)),
      name: fc.option(name, { nil: undefined }),
      options: fc.array(fc.tuple(fc.oneof(name, fc.constant("__proto__")), value), { maxLength: 6 }),
    })
    .map(({ type, name: own, options }) => ({
      type,
      ...(own === undefined ? {} : { name: own }),
      options: new Map(options),
    }));
  const sections = fc.uniqueArray(section, { selector: ({ name: own }) => own ?? {}, maxLength: 6 });

  test("what is written is read again", () => {
    fc.assert(
      fc.property(sections, (written) => {
        const { sections: read, problems } = parse(writeUci(written));
        expect(problems).toEqual([]);
        expect(read).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });

  test("whatever the bytes are, the answer is sections or problems of one line", () => {
    const soup = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            "config ",
            "option ",
            "list ",
            "package ",
            "\n",
            "'",
            '"',
            "\\",
            "#",
            ";",
            " ",
            "\t",
            "\r\n",
            "a",
            "__proto__ ",
          ),
          fc.string({ unit: "binary", maxLength: 4 }),
        ),
        { maxLength: 60 },
      )
      .map((pieces) => encode(pieces.join("")));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), soup), (bytes) => {
        const { sections: read, problems } = parseUci(bytes);
        for (const { line, problem } of problems) {
          expect(line).toBeGreaterThan(0);
          expect(problem).toMatch(/^expected [^\n]+$/);
        }
        // What was understood can be written, and is understood again.
        expect(parse(writeUci(read)).sections).toEqual(read);
      }),
      { numRuns: 3_000 },
    );
  });
});
