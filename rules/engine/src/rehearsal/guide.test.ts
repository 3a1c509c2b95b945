import { readFileSync } from "node:fs";
import { EDITOR_SCHEMAS } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { TSchema } from "typebox";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { compile } from "../compile.ts";
import { runRuleTest } from "./run-test.ts";
import { parseTestFile } from "./test-file.ts";
import { makeThing } from "./test-things.ts";

/** The devices of the guide, by their models. */
const DEVICES = {
  greenhouse: "temperature-humidity",
  fan: "fan",
  stairs: "motion",
  lamp: "dimmable-light",
  heater: "plug-meter",
};
const THINGS = new Map(Object.entries(DEVICES).map(([id, model]) => [id, makeThing(id, model).thing]));
const HOUSE = { thing: (id: string) => THINGS.get(id), members: () => [] };
const schema = Compile(EDITOR_SCHEMAS["rules.schema.json"]() as TSchema);

test.each(["rules.md", "rules.vi.md"])("what %s shows are sound rules, and tests that they pass", (name) => {
  const text = readFileSync(new URL(`../../../../docs/guide/${name}`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml);
  let rules = "";
  let tried = 0;
  for (const block of blocks) {
    if (block.startsWith("- id:")) {
      rules = block;
      const sources = [{ file: name, text: block }];
      const { broken, rules: compiled, warnings } = compile(sources, { house: HOUSE, timezone: "UTC" });
      expect(broken).toEqual([]);
      expect(warnings).toEqual([]);
      expect(compiled.size).toBe(1);
      expect(schema.Check(parse(block, { schema: "core" }))).toBe(true);
      continue;
    }
    // Tests are about the rule that stands before them.
    const { problems, tests } = parseTestFile(block);
    expect(problems).toEqual([]);
    for (const one of tests) {
      const setting = { sources: [{ file: name, text: rules }], things: [], timezone: "UTC" };
      expect(runRuleTest(one, setting).failures).toEqual([]);
      // The guide says so.
      const wrong = [{ file: name, text: rules.replace("28", "29") }];
      expect(runRuleTest(one, { ...setting, sources: wrong }).status).toBe("failed");
      tried++;
    }
  }
  expect(blocks).toHaveLength(5);
  expect(tried).toBe(2);
});
