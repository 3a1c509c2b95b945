import { expect, it } from "vitest";
import { lineOfPart } from "./part-lines.ts";

const text = `id: a
triggers: [{ time: "07:00" }]
conditions:
  # the first
  - state: { property: a/b/c, is: 1 }

  - or:
      - time: { after: "06:00" }
      - state: { property: a/b/c, is: 2 }
  -
    not: { time: { after: "06:00" } }
actions:
- notify: x
- delay: 2s
`;

it("finds the line of a part", () => {
  expect([0, 1, 2].map((index) => lineOfPart(text, "conditions", index))).toEqual([5, 7, 10]);
  expect([0, 1].map((index) => lineOfPart(text, "actions", index))).toEqual([13, 14]);
  expect(lineOfPart(text, "triggers", 0)).toBe(2);
  expect(lineOfPart(text, "actions", 9)).toBe(12);
  expect(lineOfPart("id: a", "actions", 0)).toBeUndefined();
});
