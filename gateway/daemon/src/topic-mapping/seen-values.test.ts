import { expect, test } from "vitest";
import { kindOfTexts } from "./seen-values.ts";
import { understood } from "./topic-words.ts";

test.each([
  [["1", " 2.5\n"], "number"],
  [["0x10"], "text"],
  [["ON", "OFF"], "boolean"],
  [['{"a":1}'], "object"],
] as const)("%j are of the kind %s", (texts, kind) => {
  expect(kindOfTexts(texts)).toBe(kind);
});

test("long ones end", () => {
  expect(kindOfTexts([`${"1".repeat(500_000)}x`])).toBe("text");
  expect(understood(`${"1".repeat(500_000)}x`)).toEqual({ keys: [], number: "" });
  expect(understood(`temp${"\u0345\u0300".repeat(200_000)}`).keys).toEqual(["air/temperature"]);
});
