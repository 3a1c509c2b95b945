import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "./unified-diff.ts";

const NAMES = { before: "a", after: "b" };

/** Applies a diff by its numbers, strictly: what `patch` does without any tolerance. */
function patch(before: string, diff: string): string {
  const lines = before.split("\n");
  const out: string[] = [];
  let at = 0;
  const [, , ...rest] = diff.split("\n");
  let last = "";
  for (const line of rest.slice(0, -1)) {
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@$/.exec(line);
    const text = line.slice(1);
    if (head !== null) {
      const start = Number(head[1]) - (head[2] === "0" ? 0 : 1);
      while (at < start) out.push(lines[at++] ?? "");
    } else if (line.startsWith(" ") || line.startsWith("-")) {
      expect(lines[at]).toBe(text);
      if (line.startsWith(" ")) out.push(text);
      at++;
    } else if (line.startsWith("+")) out.push(text);
    else {
      expect(line).toBe("\\ No newline at end of file");
      // Of the line above: what was taken out had none, or what stays has none.
      if (last !== "-") out.push("\u0000");
    }
    last = line.slice(0, 1);
  }
  out.push(...lines.slice(at));
  const joined = out.join("\n");
  return joined.includes("\u0000") ? joined.slice(0, joined.indexOf("\n\u0000")) : joined;
}

describe("a unified diff", () => {
  test("has the form that diff -u writes", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
    const after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n";
    expect(unifiedDiff(before, after, NAMES)).toBe(
      "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n",
    );
    expect(unifiedDiff("x\n", "x\n", NAMES)).toBe("");
    expect(unifiedDiff("", "x\n", NAMES)).toBe("--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
    expect(unifiedDiff("x\n", "x", NAMES)).toBe(
      "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n",
    );
  });

  test("applied to the one text it gives the other, and it is as short as can be", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "", "  d"), { maxLength: 25 })
      .map((lines) => lines.map((line) => `${line}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after, NAMES);
        if (before === after) return;
        expect(patch(before, diff)).toBe(after);
        const edits = diff
          .split("\n")
          .slice(2)
          .filter((line) => /^[-+]/.test(line)).length;
        expect(edits).toBe(shortestOf(before.split("\n"), after.split("\n")));
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, string, string]>([
    ["nothing in common", lines(60_000, "a"), lines(60_000, "b")],
    ["a shuffle", lines(20_000, "a"), lines(20_000, "a").split("\n").reverse().join("\n")],
    ["newlines alone", "\n".repeat(250_000), "x\n".repeat(100_000)],
    ["every second line another", lines(30_000, "a"), lines(30_000, "a").replace(/^a\d*[02468]$/gm, "z")],
  ])("%s of the largest file is told in bounded time", (_name, before, after) => {
    const startedAt = performance.now();
    const diff = unifiedDiff(before, after, NAMES);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(diff).toMatch(/^--- a\n\+\+\+ b\n@@ /);
  });
});

function lines(count: number, word: string): string {
  return Array.from({ length: count }, (_, index) => `${word}${index}\n`).join("");
}

/** Edits by the longest common subsequence, the slow way. */
function shortestOf(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    const next = [0];
    for (let j = 1; j <= b.length; j++) {
      next.push(one === b[j - 1] ? (row[j - 1] ?? 0) + 1 : Math.max(row[j] ?? 0, next[j - 1] ?? 0));
    }
    row = next;
  }
  return a.length + b.length - 2 * (row.at(-1) ?? 0);
}
