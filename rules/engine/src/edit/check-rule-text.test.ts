import type { Thing } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { checkRuleText } from "./check-rule-text.ts";

const LAMP: Thing = {
  id: "lamp",
  title: "Lamp",
  properties: {
    "lamp/on": { type: "boolean" },
    "lamp/level": { type: "integer", minimum: 0, maximum: 100, readOnly: true },
  },
};
const house = { thing: (id: string) => (id === "lamp" ? LAMP : undefined) };
const check = (text: string, taken?: string) =>
  checkRuleText(text, { house, takenBy: (id) => (id === taken ? "rules.yaml [0]" : undefined) });

describe("checkRuleText", () => {
  it("names path and line of what is wrong", () => {
    const text = `id: a
triggers:
  - numeric:
      property: lamp/lamp/level
      abov: 3
actions:
  - set: lamp/lamp/level
    value: 7
  - set: lamp/lamp/on
`;
    const { id, document, problems } = check(text);
    expect(id).toBe("a");
    expect(document).toMatchObject({ id: "a" });
    expect(problems.map(({ path, line }) => [path, line])).toEqual([
      ["triggers[0].numeric.abov", 5],
      ["actions[1].value", 9],
    ]);
    const linked = check(
      text.replace("abov:", "above:").replace("lamp/lamp/on", "lamp/lamp/on\n    value: 1"),
    );
    expect(linked.problems.map(({ path, line }) => [path, line])).toEqual([
      ["actions[0].set", 7],
      ["actions[1].value", 10],
    ]);
  });

  it("warns of Things that are not known, and takes a sound rule", () => {
    const { problems, warnings } = check(
      "id: a\ntriggers: [{ time: '07:00' }]\nactions:\n  - { set: pump/pump/on, value: true }\n",
    );
    expect(problems).toEqual([]);
    expect(warnings).toMatchObject([{ path: "actions[0].set", line: 4 }]);
  });

  it("tells an id that another rule has, a syntax error with its line, and what is no map", () => {
    const sound = "id: a\ntriggers: [{ time: '07:00' }]\nactions: [{ notify: x }]\n";
    expect(check(sound, "a").problems).toMatchObject([{ path: "id", line: 1 }]);
    expect(check("id: a\ntriggers: [\n").problems[0]?.line).toBeGreaterThan(1);
    expect(check("- id: a").problems).toMatchObject([{ path: "", line: 1 }]);
    expect(check("").problems).toHaveLength(1);
    expect(check("id: a\nid: b").problems).toHaveLength(1);
  });
});
