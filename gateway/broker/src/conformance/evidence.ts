import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MALFORMED_CASES, malformedTitle } from "./malformed-cases.ts";
import { PROVED_ELSEWHERE } from "./proved-elsewhere.ts";
import type { SpecVersion } from "./statement.ts";

/** A test that proves a statement. */
export interface Proof {
  readonly version: SpecVersion;
  readonly id: string;
  /** From the root of the repository. */
  readonly file: string;
  /** As it stands in the file. */
  readonly test: string;
}

const HERE = "gateway/broker/src/conformance";
/** `prove("title", { v4: "…", v5: "…" }` */
const PROVE = /\bprove\(\s*"((?:[^"\\]|\\.)*)",\s*\{\s*(?:v4: "([^"]*)")?,?\s*(?:v5: "([^"]*)")?,?\s*\}/g;

/** Every proof there is, in the order of the files. */
export function proofs(): readonly Proof[] {
  const malformed = MALFORMED_CASES.map((each): Proof => {
    const { statement, version } = each;
    const test = malformedTitle(each).replace(/^.*?\] /, "");
    return {
      version: version === 5 ? "5.0" : "3.1.1",
      id: statement,
      file: `${HERE}/malformed.test.ts`,
      test,
    };
  });
  return [...sources().flatMap(({ name, text }) => proofsIn(name, text)), ...malformed, ...PROVED_ELSEWHERE];
}

/** How many calls of `prove` the tests have: each must have been understood. */
export function provings(): { readonly called: number; readonly read: number } {
  const texts = sources().map(({ text }) => text);
  const count = (pattern: RegExp): number =>
    texts.reduce((sum, text) => sum + [...text.matchAll(pattern)].length, 0);
  return { called: count(/^prove\(/gm), read: count(PROVE) };
}

function proofsIn(name: string, text: string): Proof[] {
  return [...text.matchAll(PROVE)].flatMap(([, test = "", v4, v5]) =>
    (
      [
        ["3.1.1", v4],
        ["5.0", v5],
      ] as const
    ).flatMap(([version, numbers]) =>
      (numbers?.split(" ") ?? []).map((number) => {
        return { version, id: `MQTT-${number}`, file: `${HERE}/${name}`, test };
      }),
    ),
  );
}

function sources(): { readonly name: string; readonly text: string }[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".test.ts"));
  return names.sort().map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), "utf8") }));
}
