import { expect, it } from "vitest";
import { chooseLanguage } from "./language.ts";
import { localTitle } from "./titles.ts";

it.each([
  [["vi-VN", "en"], "vi"],
  [["fr", "VI"], "vi"],
  [["en-GB", "vi"], "en"],
  [["fr", "de"], "en"],
  [[], "en"],
])("%j speaks %s", (wanted, language) => {
  expect(chooseLanguage(wanted)).toBe(language);
});

it("takes the title of the language, then the plain one, then the id", () => {
  expect(localTitle({ title: "Lamp", titles: { vi: "Đèn" } }, "vi", "l")).toBe("Đèn");
  expect(localTitle({ title: "Lamp", titles: { "vi-VN": "Đèn" } }, "vi", "l")).toBe("Đèn");
  expect(localTitle({ title: "Lamp", titles: { vi: "Đèn" } }, "en", "l")).toBe("Lamp");
  expect(localTitle({ titles: { vi: "" } }, "vi", "l")).toBe("l");
});
