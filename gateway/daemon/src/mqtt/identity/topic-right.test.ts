import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFilter, parseSubscription, parseTopic } from "./topic-filter.ts";
import { covers, rightOf, type TopicRight } from "./topic-right.ts";

function rights(...filters: string[]): readonly TopicRight[] {
  return filters.map((filter) => rightOf(parseFilter(filter) ?? []));
}

/** MQTT 3.1.1 §4.7, straight from its words: the model that the walk is measured against. */
function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}

/** Every topic of up to four levels over an alphabet that has a level which no right and no filter names. */
const TOPICS = (function grow(depth: number): string[] {
  const levels = ["a", "b", "", "$s", "else"];
  if (depth === 1) return levels;
  const shorter = grow(depth - 1);
  return [
    ...new Set([...shorter, ...shorter.flatMap((topic) => levels.map((level) => `${topic}/${level}`))]),
  ];
})(4).filter((topic) => topic !== "");

const level = fc.constantFrom("a", "b", "", "$s", "+");
const filter = fc
  .tuple(fc.array(level, { minLength: 0, maxLength: 3 }), fc.boolean())
  .map(([levels, below]) => [...levels, ...(below ? ["#"] : [])].join("/"))
  .filter((text) => parseFilter(text) !== undefined);

describe("covers", () => {
  test.each([
    [["a/#"], "a", true],
    [["a/#"], "a/b/c", true],
    [["a/+"], "a", false],
    [["a", "a/+/#"], "a/#", true],
    [["a", "a/b/#"], "a/#", false],
    [["+/+"], "#", false],
    [["#"], "#", true],
    [["#"], "+/a", true],
    [["#"], "$SYS/x", false],
    [["#", "$SYS/#"], "$SYS/#", true],
    [["+", "+/#"], "#", true],
    [["a/+/c"], "a/b/c", true],
    [["a/b/c", "a/d/c"], "a/+/c", false],
    [[], "a", false],
    [[], "#", false],
  ])("%j and %s: %s", (allowed, asked, expected) => {
    expect(covers(rights(...(allowed as string[])), parseFilter(asked as string) ?? [])).toBe(expected);
  });

  test("says yes exactly when every topic that the filter matches is allowed, for unions of rights too", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 4 }), filter, (allowed, asked) => {
        const reached = TOPICS.filter((topic) => matches(asked, topic));
        const model = reached.every((topic) => allowed.some((right) => matches(right, topic)));
        expect(
          covers(rights(...allowed), parseFilter(asked) ?? []),
          `${allowed.join(" ∪ ")} ⊇ ${asked}`,
        ).toBe(model);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("filters and topics", () => {
  test.each(["", "a/#/b", "a+", "a/b#", "+a/b", "a\0b"])("%j is no filter", (text) => {
    expect(parseFilter(text)).toBeUndefined();
  });

  test.each(["", "a/+", "#", "a#b", "a\0"])("%j is no topic", (text) => {
    expect(parseTopic(text)).toBeUndefined();
  });

  test.each([
    ["$share/group/a/#", ["a", "#"]],
    ["$share/group//a", ["", "a"]],
    ["$share/group", undefined],
    ["$share/group/", undefined],
    ["$share//a", undefined],
    ["$share/gr+up/a", undefined],
    ["$share/g/$share/h/a", undefined],
    ["$share", undefined],
    ["$shared/x", ["$shared", "x"]],
  ])("%s asks for %j", (text, expected) => {
    expect(parseSubscription(text)).toEqual(expected);
  });
});
