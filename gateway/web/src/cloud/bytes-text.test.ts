import { expect, test } from "vitest";
import { i18nFor } from "../i18n/i18n.ts";
import { bytesText } from "./bytes-text.ts";

test.each([
  ["en", 0, "0 B"],
  ["en", 999, "999 B"],
  ["en", 1_000, "1 kB"],
  ["en", 12_345_678, "12.3 MB"],
  ["en", 999_960, "1 MB"],
  ["vi", 12_345_678, "12,3 MB"],
] as const)("%s: %i bytes are %s", (language, bytes, text) => {
  expect(bytesText(bytes, i18nFor(language)).replace("\u00a0", " ")).toBe(text);
});
