import { describe, expect, it } from "vitest";
import { kindOf, kindsOf, moved, newPart, withInner, withKey, withList } from "./document.ts";

describe("what the form knows of a rule", () => {
  it("recognises what it makes itself, in each list", () => {
    for (const list of ["triggers", "conditions", "actions"] as const) {
      for (const kind of kindsOf(list))
        expect(kindOf(list, newPart(list, kind)), `${list} ${kind}`).toBe(kind);
    }
  });

  it("leaves to the text what it could not show whole", () => {
    expect(kindOf("conditions", { and: [{ state: { property: "a/b/c", is: 1 } }] })).toBeUndefined();
    expect(kindOf("triggers", { state: { property: "a/b/c" }, throttle: "1s" })).toBeUndefined();
    expect(kindOf("triggers", { time: { after: "07:00" } })).toBeUndefined();
    expect(kindOf("triggers", "sunrise")).toBeUndefined();
    expect(kindOf("actions", { delay: 5 })).toBeUndefined();
  });

  it("changes a key and keeps the others, in their order", () => {
    expect(Object.keys(withKey({ a: 1, b: 2, c: 3 }, "b", 9))).toEqual(["a", "b", "c"]);
    expect(withKey({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
    expect(
      withInner({ numeric: { property: "x", above: 1 }, for: "2s" }, "numeric", "above", undefined),
    ).toEqual({
      numeric: { property: "x" },
      for: "2s",
    });
  });

  it("puts conditions between triggers and actions, and takes the last one's list away", () => {
    const rule = { id: "a", triggers: [], actions: [] };
    const more = withList(rule, "conditions", [{}]);
    expect(Object.keys(more)).toEqual(["id", "triggers", "conditions", "actions"]);
    expect(withList(more, "conditions", [])).toEqual(rule);
    expect(withList(rule, "actions", [])).toEqual(rule);
  });

  it("moves within its bounds", () => {
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });
});
