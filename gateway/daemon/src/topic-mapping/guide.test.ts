import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkConfig } from "../config/check.ts";

test.each(["plain-topics.md", "plain-topics.vi.md"])("what %s shows is a sound configuration", (name) => {
  const text = readFileSync(new URL(`../../../../docs/guide/${name}`, import.meta.url), "utf8");
  // The examples go on where the one before ended.
  const examples = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml).join("");
  const checked = checkConfig(parse(examples, { schema: "core" }), "/");
  expect(checked).toHaveProperty("mappings");
  const { mappings } = checked as Extract<typeof checked, { mappings: unknown }>;
  expect(mappings.map(({ id, properties }) => [id, Object.keys(properties).length])).toEqual([
    ["room1", 2],
    ["pump", 2],
    ["farm", 2],
  ]);
});
