import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { anyRule } from "./any-rule.fixture.ts";
import { writeYaml } from "./write-yaml.ts";

it("writes what YAML reads as the same, for any JSON", () => {
  const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes("__proto__"));
  fc.assert(
    fc.property(fc.oneof(json, anyRule), (value) => {
      expect(parse(writeYaml(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 200 },
  );
});

it("is readable", () => {
  expect(
    writeYaml({ until: [{ clock: "trusted" }], do: [{ set: "a/b/c", value: [1, "on"] }], none: {} }),
  ).toBe(
    `until:
  - clock: trusted
do:
  - set: a/b/c
    value:
      - 1
      - "on"
none: {}`,
  );
  expect(writeYaml(undefined)).toBe("");
});
