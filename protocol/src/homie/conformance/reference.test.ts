import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProof, STATEMENTS } from "./reference.ts";

const ROOT = join(import.meta.dirname, "../../../..");

test("each statement is proved, or it is said why not", () => {
  expect(STATEMENTS.filter(({ proof = [], note }) => proof.length === 0 && note === undefined)).toEqual([]);
});

test("no statement is there twice", () => {
  const keys = STATEMENTS.map(({ section, side, says }) => `${section} ${side} ${says}`);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

test("every test that is named is there", () => {
  const missing = STATEMENTS.flatMap(({ proof = [] }) => proof).filter((proof) => {
    const { file, title } = readProof(proof);
    if (file === "") return true;
    const text = readFileSync(join(ROOT, file), "utf8");
    // A row of a table of cases stands for itself.
    const written = title.startsWith("[") ? [title] : [JSON.stringify(title), `'${title}'`];
    return !written.some((name) => text.includes(name));
  });
  expect(missing).toEqual([]);
});
