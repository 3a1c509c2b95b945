import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMAND_STATES } from "./live-message.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const types = globSync("nodes/tram-*.html", { cwd: ROOT }).map((path) =>
  path.slice("nodes/".length, -".html".length),
);

/** `{ a: { b: "x" } }` → `a.b`. */
function keysOf(catalogue: object, before = ""): string[] {
  return Object.entries(catalogue).flatMap(([name, value]) =>
    typeof value === "string" ? [`${before}${name}`] : keysOf(value as object, `${before}${name}.`),
  );
}

test("there are seven nodes", () => {
  expect(types).toHaveLength(7);
});

describe.each(types)("%s", (type) => {
  const catalogue = (language: string): string[] =>
    keysOf(JSON.parse(read(`nodes/locales/${language}/${type}.json`)) as object).sort();
  const program = read(`src/nodes/${type.replace("tram-", "")}.ts`);
  const attached = type === "tram-gateway" ? "" : read("src/nodes/attach.ts");

  test("has the same texts in both languages, and help", () => {
    expect(catalogue("vi")).toEqual(catalogue("en-US"));
    for (const language of ["en-US", "vi"]) {
      expect(existsSync(join(ROOT, `nodes/locales/${language}/${type}.html`))).toBe(true);
      expect(read(`nodes/locales/${language}/${type}.html`)).toContain(`data-help-name="${type}"`);
    }
  });

  test("has every text that its form and its program name", () => {
    const form = read(`nodes/${type}.html`);
    const inForm = [
      ...form.matchAll(/data-i18n="(?:\[\w+\])?([\w.-]+)"/g),
      ...form.matchAll(/this\._\("([\w.-]+)"\)/g),
    ];
    const inProgram = [...`${program}${attached}`.matchAll(/`\$\{(?:TYPE|type)\}\.([\w.]+)`/g)];
    const named = [...inForm.map(([, key]) => key), ...inProgram.map(([, key]) => `${type}.${key}`)];
    expect(named.length).toBeGreaterThan(3);
    for (const key of named) expect(catalogue("en-US")).toContain(key);
  });
});

test("each end of a command and each state of the gateway has its words", () => {
  const catalogue = keysOf(JSON.parse(read("nodes/locales/en-US/tram-command-result.json")) as object);
  for (const state of COMMAND_STATES) expect(catalogue).toContain(`tram-command-result.status.${state}`);
  const status = keysOf(JSON.parse(read("nodes/locales/vi/tram-gateway-status.json")) as object);
  for (const word of ["untrusted", "problems", "holdover"])
    expect(status).toContain(`tram-gateway-status.status.${word}`);
});
