import fc from "fast-check";
import { expect, it } from "vitest";
import { fold, matches } from "./fold.ts";

it.each([
  ["Đèn phòng ngủ", "den phong ngu"],
  ["ĐƯỜNG", "duong"],
  ["Cầu nối đám mây", "cau noi dam may"],
  ["Café ÀÉ", "cafe ae"],
])("%s", (text, folded) => {
  expect(fold(text)).toBe(folded);
});

it("is the same for composed and decomposed texts, and folds once", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(fold(text.normalize("NFC"))).toBe(fold(text.normalize("NFD")));
      expect(fold(fold(text))).toBe(fold(text));
    }),
  );
});

it("asks for each word, in any order", () => {
  expect(matches("den phong ngu", "ngu den")).toBe(true);
  expect(matches("den phong ngu", "den bep")).toBe(false);
});
