import { describe, expect, it } from "vitest";
import { isListable, joinPath, moved, valueAt, withKey, withList, withPath } from "./document.ts";

describe("changes to a rule", () => {
  it("put a new key where rules have it, and leave the others where they are", () => {
    expect(Object.keys(withKey({ id: "a", actions: [] }, "title", "A"))).toEqual(["id", "title", "actions"]);
    expect(Object.keys(withKey({ odd: 1, id: "a" }, "mode", "queued"))).toEqual(["odd", "id", "mode"]);
    expect(withKey({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
    expect(Object.keys(withKey({ do: [], repeat: {} }, "do", [1]))).toEqual(["do", "repeat"]);
  });

  it("reach any place, make what is missing on the way, and leave no empty map behind", () => {
    const part = { sun: { after: { event: "sunset" } } };
    expect(withPath(part, "sun.after.offset", "-5m")).toEqual({
      sun: { after: { event: "sunset", offset: "-5m" } },
    });
    expect(withPath(part, "sun.before.event", "dawn")).toEqual({
      sun: { after: { event: "sunset" }, before: { event: "dawn" } },
    });
    expect(withPath(part, "sun.after.event", undefined)).toEqual({ sun: {} });
    const rule = { actions: [{ repeat: {}, do: [{ notify: "a" }, { notify: "b" }] }] };
    expect(withPath(rule, "actions[0].do[1].notify", "c")).toEqual({
      actions: [{ repeat: {}, do: [{ notify: "a" }, { notify: "c" }] }],
    });
    expect(withPath(rule, "actions[0].do[0]", null)).toEqual({
      actions: [{ repeat: {}, do: [null, { notify: "b" }] }],
    });
    expect(part).toEqual({ sun: { after: { event: "sunset" } } });
    const odd = { 'a "b".c': 1 };
    expect(valueAt(odd, joinPath("", 'a "b".c'))).toBe(1);
    expect(withPath(odd, joinPath("", 'a "b".c'), 2)).toEqual({ 'a "b".c': 2 });
  });

  it("find what stands at a path, and nothing where nothing does", () => {
    const rule = { triggers: [{ numeric: { property: "a" } }], __proto__: { id: "x" } };
    expect(valueAt(rule, "triggers[0].numeric.property")).toBe("a");
    expect(valueAt(rule, "triggers[1].numeric")).toBeUndefined();
    expect(valueAt(rule, "triggers.numeric")).toBeUndefined();
    expect(valueAt(rule, "toString")).toBeUndefined();
  });

  it("move by one place and no further; an empty list of conditions is none", () => {
    expect(moved([1, 2, 3], 1, -1)).toEqual([2, 1, 3]);
    expect(moved([1, 2, 3], 2, 1)).toEqual([1, 2, 3]);
    expect(withList({ conditions: [1] }, "conditions", [])).toEqual({});
    expect(withList({ actions: [1] }, "actions", [])).toEqual({ actions: [] });
    expect(isListable({ actions: {} }, "actions")).toBe(false);
    expect(isListable({}, "actions")).toBe(true);
  });
});
