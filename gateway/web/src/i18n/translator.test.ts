import { expect, it } from "vitest";
import { createTranslator } from "./translator.ts";

const en = createTranslator("en");
const vi = createTranslator("vi");

it("chooses the plural form and writes numbers as the language does", () => {
  expect(en("things.count", { count: 1 })).toBe("1 Thing");
  expect(en("things.count", { count: 1_000 })).toBe("1,000 Things");
  expect(vi("things.count", { count: 1_000 })).toBe("1.000 thiết bị");
});

it("fills slots with what is given, as it is given", () => {
  expect(en("things.noMatch", { query: "{query} $& <b>" })).toBe("No Thing matches “{query} $& <b>”.");
});

it("says the words of the product", () => {
  expect([vi("nav.things"), vi("nav.rules"), vi("system.bridges")]).toEqual([
    "Thiết bị",
    "Quy tắc",
    "Cầu nối đám mây",
  ]);
});
