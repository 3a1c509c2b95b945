import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { proofs, provings } from "./evidence.ts";
import { STATEMENTS } from "./reference.ts";
import type { SpecVersion } from "./statement.ts";
import { excused, reasonWhyNot } from "./unproved.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const all = proofs();

describe.each<[SpecVersion, number]>([
  ["3.1.1", 141],
  ["5.0", 251],
])("%s", (version, count) => {
  const statements = STATEMENTS[version];
  const proved = new Set(all.filter((proof) => proof.version === version).map(({ id }) => id));

  test("has its statements, each once", () => {
    expect([statements.length, new Set(statements.map(({ id }) => id)).size]).toEqual([count, count]);
  });

  test("each statement is proved, or it is said why not", () => {
    const open = statements.filter(
      (each) => !proved.has(each.id) && reasonWhyNot(version, each) === undefined,
    );
    expect(open.map(({ id }) => id)).toEqual([]);
  });

  test("none is proved and excused at once", () => {
    expect(excused(version).filter((id) => proved.has(id))).toEqual([]);
  });

  test("tests and excuses name statements that there are", () => {
    const known = new Set(statements.map(({ id }) => id));
    expect([...proved, ...excused(version)].filter((id) => !known.has(id))).toEqual([]);
  });
});

test("every test that proves something was read", () => {
  const { called, read } = provings();
  expect(read).toBe(called);
});

test("every test that is named is there", () => {
  const missing = all.filter(({ file, test: name }) => {
    return (
      !file.endsWith("malformed.test.ts") && !readFileSync(join(ROOT, file), "utf8").includes(`"${name}"`)
    );
  });
  expect(missing).toEqual([]);
});
