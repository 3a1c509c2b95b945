import { expect, it } from "vitest";
import { loadPreferences, savePreferences } from "./preferences.ts";

function storageWith(text: string | null) {
  const kept = new Map<string, string>(text === null ? [] : [["preferences", text]]);
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}
const refused = () => {
  throw new Error("SecurityError");
};

it("remembers", () => {
  const storage = storageWith(null);
  expect(savePreferences(() => storage, { language: "vi", theme: "dark" })).toBe(true);
  expect(loadPreferences(() => storage, ["en"])).toEqual({ language: "vi", theme: "dark" });
});

it.each([null, "{", "null", "7", '{"language":"xx","theme":"pink"}'])("falls back on %j", (text) => {
  expect(loadPreferences(() => storageWith(text), ["vi-VN"])).toEqual({ language: "vi", theme: "auto" });
});

it("works where the browser keeps nothing", () => {
  expect(loadPreferences(refused, ["en"])).toEqual({ language: "en", theme: "auto" });
  expect(savePreferences(refused, { language: "en", theme: "auto" })).toBe(false);
});
