import { expect, test } from "vitest";
import { areaIdOf } from "./area-id.ts";

test.each([
  ["Ground floor", "ground-floor"],
  ["Tầng trệt", "tang-tret"],
  ["Đồng ruộng", "dong-ruong"],
  ["  ", "area"],
  ["客厅", "area"],
  ["x".repeat(80), "x".repeat(48)],
])("%s becomes %s", (title, id) => {
  expect(areaIdOf(title, new Set())).toBe(id);
});

test("an id that is taken gets a number", () => {
  expect(areaIdOf("Hall", new Set(["hall", "hall-2"]))).toBe("hall-3");
});
