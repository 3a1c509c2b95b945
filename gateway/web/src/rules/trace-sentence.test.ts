import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { traceSentence } from "./trace-sentence.ts";

const ENGINE = join(import.meta.dirname, "../../../../rules/engine/src");

test("a sentence that has no twin stays as it is", () => {
  expect(traceSentence("not true")).toBe("trace.say.notTrue");
  expect(traceSentence("missed 07:00 by 4 h")).toBeUndefined();
  expect(traceSentence("constructor")).toBeUndefined();
});

test("the engine still says what is translated", () => {
  const sources = readdirSync(ENGINE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(ENGINE, name), "utf8"))
    .join("\n");
  for (const said of [
    "not true",
    "was true before: it fires when that begins",
    "waits for its time to pass",
  ]) {
    expect(sources).toContain(`"${said}"`);
    expect(traceSentence(said)).toBeDefined();
  }
  expect(sources).toContain('"the clock is not trusted"');
});
