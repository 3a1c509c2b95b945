import { expect, test } from "vitest";
import { diffLines } from "./diff-lines.ts";

test("a diff is told line by line, without its head and its signs", () => {
  expect(diffLines("")).toEqual([]);
  expect(
    diffLines("--- a\n+++ b\n@@ -1,2 +1,2 @@\n id: x\n-- one\n+- two\n\\ No newline at end of file\n"),
  ).toEqual([
    { kind: "place", text: "@@ -1,2 +1,2 @@" },
    { kind: "same", text: "id: x" },
    { kind: "removed", text: "- one" },
    { kind: "added", text: "- two" },
    { kind: "place", text: "\\ No newline at end of file" },
  ]);
});
