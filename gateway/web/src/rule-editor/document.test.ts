import { describe, expect, it } from "vitest";
import {
  isListable,
  kindOf,
  kindsOf,
  LISTS,
  moved,
  newPart,
  valueAt,
  withInner,
  withKey,
  withList,
} from "./document.ts";

describe("what the form knows of a rule", () => {
  it("recognises what it makes itself, in each list", () => {
    for (const list of LISTS) {
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
    expect(kindOf("triggers", { state: { property: { thing: "a" } } })).toBeUndefined();
    expect(kindOf("triggers", { time: "07:00", id: ["a"] })).toBeUndefined();
    expect(kindOf("conditions", { time: { weekdays: [{ day: 1 }] } })).toBeUndefined();
  });

  it("shows what is wrong in a value only, for people to mend it there", () => {
    expect(kindOf("conditions", { time: { weekdays: ["monday"] } })).toBe("time");
    expect(kindOf("triggers", { numeric: { property: "a/b/c", abov: 3, below: "x" } })).toBe("numeric");
    expect(kindOf("actions", { set: "a/b/c", value: { r: 1 } })).toBe("set");
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

  it("puts a new key where people write it", () => {
    expect(Object.keys(withKey({ id: "a", triggers: [], actions: [] }, "title", "A"))).toEqual([
      "id",
      "title",
      "triggers",
      "actions",
    ]);
    expect(Object.keys(withKey({ time: "07:00" }, "id", "morning"))).toEqual(["id", "time"]);
    expect(
      Object.keys(withInner({ state: { property: "p", to: 1 } }, "state", "from", 0).state as object),
    ).toEqual(["property", "from", "to"]);
    expect(Object.keys(withKey({ odd: 1, id: "a" }, "own", 2))).toEqual(["odd", "id", "own"]);
  });

  it("puts conditions between triggers and actions, and takes the last one's list away", () => {
    const rule = { id: "a", triggers: [], actions: [] };
    const more = withList(rule, "conditions", [{}]);
    expect(Object.keys(more)).toEqual(["id", "triggers", "conditions", "actions"]);
    expect(withList(more, "conditions", [])).toEqual(rule);
    expect(withList(rule, "actions", [])).toEqual(rule);
  });

  it("does not put parts in the place of something else", () => {
    expect(isListable({ triggers: { time: "07:00" } }, "triggers")).toBe(false);
    expect(isListable({ triggers: null }, "triggers")).toBe(true);
    expect(isListable({}, "conditions")).toBe(true);
  });

  it("moves within its bounds", () => {
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
    expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
  });

  it("finds what a path names", () => {
    const rule = { triggers: [{ numeric: { property: "a/b/c" } }], odd: "text" };
    expect(valueAt(rule, "triggers[0].numeric.property")).toBe("a/b/c");
    expect(valueAt(rule, "triggers[1].numeric.property")).toBeUndefined();
    expect(valueAt(rule, "odd[0].constructor")).toBeUndefined();
    expect(valueAt(rule, "")).toBe(rule);
  });
});
