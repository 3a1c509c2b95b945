import type { Json, JsonObject } from "@tram/protocol";
import { jsonEqual } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AWS_IOT_LIMITS } from "./limits.ts";
import {
  applyUpdate,
  deltaOf,
  isFault,
  metadataOf,
  readUpdate,
  type ShadowDocument,
  stateOf,
} from "./shadow-document.ts";

const limits = AWS_IOT_LIMITS;

function read(body: unknown) {
  return readUpdate(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), limits);
}

/** Applies updates one after the other, each a second later. */
function after(...states: readonly JsonObject[]): ShadowDocument {
  let document: ShadowDocument | undefined;
  for (const [index, state] of states.entries()) {
    const update = read({ state });
    if (isFault(update)) throw new Error(update.message);
    const next = applyUpdate(document, update, { at: (index + 1) * 1_000, lastVersion: 0, limits });
    if (isFault(next)) throw new Error(next.message);
    document = next;
  }
  if (document === undefined) throw new Error("no updates");
  return document;
}

/** An object that is so many levels deep. */
function nested(levels: number): Json {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

describe("an update that cannot be read", () => {
  test.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "Payload contains invalid json"],
    ["no state", {}, 400, "Missing required node: state"],
    ["a state that is no object", { state: 1 }, 400, "State node must be an object"],
    ["a list for desired", { state: { desired: [] } }, 400, "Desired node must be an object"],
    ["a text for reported", { state: { reported: "on" } }, 400, "Reported node must be an object"],
    ["another section", { state: { wanted: {} } }, 400, "State contains an invalid node: 'wanted'"],
    ["a version that is no number", { state: {}, version: "1" }, 400, "Invalid version"],
    ["a token of 65 bytes", { state: {}, clientToken: "x".repeat(65) }, 400, "Invalid clientToken"],
    [
      "nine levels",
      { state: { desired: nested(9) } },
      400,
      "JSON contains too many levels of nesting; maximum is 8",
    ],
    [
      "null in a list",
      { state: { desired: { a: [1, null] } } },
      400,
      "Desired or reported contains an array with a null",
    ],
    [
      "more than 8 kB",
      { state: { desired: { a: "x".repeat(8_192) } } },
      413,
      "The payload exceeds the maximum size allowed",
    ],
  ])("%s", (_name, body, code, message) => {
    expect(read(body)).toEqual({ code, message });
  });

  test.each<[string, unknown]>([
    ["eight levels", { state: { desired: nested(8) } }],
    ["a token of 64 bytes", { state: {}, clientToken: "x".repeat(64) }],
    ["a section that is null", { state: { desired: null } }],
  ])("%s can", (_name, body) => {
    expect(isFault(read(body))).toBe(false);
  });
});

describe("a shadow", () => {
  test("is laid over, key by key", () => {
    const document = after(
      { desired: { color: { r: 1, g: 2 }, power: "on" } },
      { desired: { color: { r: 5 } }, reported: { power: "off" } },
    );
    expect(stateOf(document)).toEqual({
      desired: { color: { r: 5, g: 2 }, power: "on" },
      reported: { power: "off" },
    });
    expect(metadataOf(document)).toEqual({
      desired: { color: { r: { timestamp: 2 }, g: { timestamp: 1 } }, power: { timestamp: 1 } },
      reported: { power: { timestamp: 2 } },
    });
    expect(document.version).toBe(2);
  });

  test("loses what is set to null, and a section that is", () => {
    const document = after(
      { desired: { a: 1, b: { c: 1, d: 2 } }, reported: { a: 1 } },
      { desired: { a: null, b: { c: null } }, reported: null },
    );
    expect(stateOf(document)).toEqual({ desired: { b: { d: 2 } } });
    expect(metadataOf(document)).toEqual({ desired: { b: { d: { timestamp: 1 } } } });
  });

  test("takes a list whole", () => {
    expect(stateOf(after({ desired: { l: [1, 2, 3] } }, { desired: { l: [4] } }))).toEqual({
      desired: { l: [4] },
    });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ["all that differs", { desired: { a: 1, b: 2 }, reported: { a: 1, b: 3 } }, { b: 2 }],
    ["what is not reported", { desired: { a: 1 }, reported: {} }, { a: 1 }],
    ["not what is only reported", { desired: {}, reported: { a: 1 } }, {}],
    [
      "the part of an object that differs",
      { desired: { o: { x: 1, y: 2 } }, reported: { o: { x: 1, y: 3 } } },
      { o: { y: 2 } },
    ],
    ["a list that differs, whole", { desired: { l: [1, 2] }, reported: { l: [1] } }, { l: [1, 2] }],
    [
      "nothing where the order of keys differs",
      { desired: { o: [{ x: 1, y: 2 }] }, reported: { o: [{ y: 2, x: 1 }] } },
      {},
    ],
  ])("the delta has %s", (_name, state, delta) => {
    expect(deltaOf(after(state))).toEqual(delta);
  });

  test("refuses another version than its own", () => {
    const document = after({ desired: { a: 1 } }, { desired: { a: 2 } });
    const at = { at: 0, lastVersion: 0, limits };
    expect(applyUpdate(document, { desired: { a: 3 }, version: 1 }, at)).toEqual({
      code: 409,
      message: "Version conflict",
    });
    expect(applyUpdate(document, { desired: { a: 3 }, version: 2 }, at)).toMatchObject({ version: 3 });
  });

  test("goes on from the version of the one that was deleted", () => {
    const next = applyUpdate(undefined, { desired: { a: 1 } }, { at: 0, lastVersion: 7, limits });
    expect(next).toMatchObject({ version: 8 });
  });

  test("is never larger than 8 kB, though each update is", () => {
    const document = after({ desired: { a: "x".repeat(5_000) } });
    const grown = applyUpdate(
      document,
      { desired: { b: "x".repeat(5_000) } },
      { at: 0, lastVersion: 0, limits },
    );
    expect(grown).toMatchObject({ code: 413 });
  });

  test("what is reported as it is desired leaves no delta", () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean());
    const tree = fc.dictionary(
      fc.string({ minLength: 1, maxLength: 4 }),
      fc.oneof(leaf, fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), leaf)),
    );
    fc.assert(
      fc.property(tree, (state) => {
        // Some names mean something else to JavaScript, and JSON does not carry them either.
        fc.pre(!JSON.stringify(state).includes("__proto__"));
        const document = after({ desired: state as JsonObject }, { reported: state as JsonObject });
        expect(deltaOf(document)).toEqual({});
        expect(jsonEqual(document.reported, document.desired)).toBe(true);
      }),
    );
  });
});
