import { type Json, type JsonObject, jsonEqual } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  merged,
  mergedSection,
  misshapen,
  parseShadowMessage,
  patchOf,
  readDocument,
  shadowBytes,
  treeOf,
  valueAt,
  wishesOf,
} from "./shadow-document.ts";

const key = fc.oneof(fc.constantFrom("a", "b", "c"), fc.constantFrom("__proto__", "constructor", ""));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 1, 2, "x"),
    fc.array(fc.constantFrom(1, 2), { maxLength: 2 }),
    fc.array(fc.tuple(key, tie("json")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const object = fc
  .array(fc.tuple(key, json), { maxLength: 4 })
  .map((entries) => Object.fromEntries(entries) as JsonObject);
/** A value as a shadow holds it: it has no nulls. */
const held = json.map((value) => merged(undefined, value));

describe("the difference", () => {
  it("makes what is reported equal what is wanted, and is nothing when it is", () => {
    fc.assert(
      fc.property(held, json, (reported, wanted) => {
        const patch = patchOf(reported, wanted);
        const after = patch === undefined ? reported : merged(reported, patch);
        expect(after).toEqual(merged(undefined, wanted));
        if (jsonEqual(reported, merged(undefined, wanted))) expect(patch).toBeUndefined();
        if (after !== undefined) expect(patchOf(after, wanted)).toBeUndefined();
      }),
    );
  });

  it("is only what differs", () => {
    expect(patchOf({ a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 2, d: 4 } })).toEqual({ b: { d: 4 } });
    expect(patchOf({ a: 1, b: 2 }, { a: 1 })).toEqual({ b: null });
    expect(patchOf(undefined, null)).toBeUndefined();
    expect(patchOf([1, 2], [1, 3])).toEqual([1, 3]);
  });
});

describe("wishes", () => {
  it("find each property with its time, and complete an object", () => {
    const delta = { motor: { power: true, mode: { fan: 3 } }, welcome: "x" };
    const reported = { motor: { power: false, mode: { fan: 1, heat: 2 } } };
    const metadata = {
      motor: { power: { timestamp: 100 }, mode: { fan: { timestamp: 102 }, heat: { timestamp: 90 } } },
    };
    expect(wishesOf(delta, reported, metadata)).toEqual([
      { path: ["motor", "power"], value: true, at: 100 },
      { path: ["motor", "mode"], value: { fan: 3, heat: 2 }, at: 102 },
      { path: ["welcome"], value: "x", at: undefined },
    ]);
  });

  it("of any document are bounded, and each is where it says", () => {
    fc.assert(
      fc.property(object, object, object, (delta, reported, metadata) => {
        for (const wish of wishesOf(delta, reported, metadata)) {
          expect(valueAt(delta, wish.path)).not.toBeUndefined();
          expect(valueAt(treeOf(wish.path, wish.value), wish.path)).toEqual(wish.value);
        }
      }),
    );
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`n${index}`, index]));
    expect(wishesOf(many, {}, {})).toHaveLength(256);
  });
});

describe("documents", () => {
  it("from anybody never throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const message = parseShadowMessage(bytes);
          if (message !== undefined) readDocument(message);
        },
      ),
    );
    expect(parseShadowMessage(Buffer.from(`${"[".repeat(60_000)}${"]".repeat(60_000)}`))).toBeUndefined();
    expect(parseShadowMessage(Buffer.from(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`))).toBeUndefined();
  });

  it("merge as AWS does, whatever their keys are called", () => {
    fc.assert(
      fc.property(object, object, (old, update) => {
        const result = mergedSection(old, update);
        for (const name of Object.keys(update)) {
          if (update[name] === null) expect(Object.hasOwn(result, name)).toBe(false);
        }
        expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
      }),
    );
  });

  it("are measured and levelled as AWS does", () => {
    expect(shadowBytes({ desired: {}, reported: { a: "ấ" } })).toBe(
      '{"desired":{},"reported":{"a":"..."}}'.length,
    );
    expect(misshapen(["n", "p"], { a: { b: { c: { d: 1 } } } })).toBeUndefined();
    expect(misshapen(["n", "p"], { a: { b: { c: { d: { e: 1 } } } } })).toMatch(/deeper/);
    expect(misshapen(["n", "p"], [{ a: [1, null] }])).toMatch(/null/);
    expect(misshapen(["n", "p"], { a: null })).toBeUndefined();
  });
});
