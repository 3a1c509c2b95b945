import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTopicName } from "./topic-name.ts";
import { DEFAULT_TOPIC_LIMITS } from "./topic-text.ts";

const refused = (text: string, limits = DEFAULT_TOPIC_LIMITS) => {
  const result = parseTopicName(text, limits);
  return result.ok ? undefined : { code: result.code, statement: result.statement };
};
const WIDE = { bytes: 65_535, levels: 65_536 };

test("[MQTT-4.7.0-1] (3.1.1: [MQTT-4.7.1-1]) a topic name has no wildcards", () => {
  for (const text of ["#", "+", "a/#", "a/+/b", "a+", "#a", "a#/b"]) {
    expect(refused(text), text).toEqual({ code: "wildcard-in-name", statement: "MQTT-4.7.0-1" });
  }
});

test("[MQTT-4.7.3-1] a topic name has at least one character", () => {
  expect(refused("")).toEqual({ code: "empty", statement: "MQTT-4.7.3-1" });
  for (const text of ["/", " ", "a"]) expect(refused(text), text).toBeUndefined();
});

test("[MQTT-4.7.3-2] a topic name has no U+0000", () => {
  for (const text of ["\0", "a/\0", "a\0b/c"]) {
    expect(refused(text)).toEqual({ code: "null-character", statement: "MQTT-4.7.3-2" });
  }
});

test("[MQTT-4.7.3-3] a topic name has at most 65,535 bytes in UTF-8", () => {
  const tooLong = { code: "too-long", statement: "MQTT-4.7.3-3" };
  expect(refused("a".repeat(65_535))).toBeUndefined();
  expect(refused("a".repeat(65_536))).toEqual(tooLong);
  expect(refused("ạ".repeat(21_845))).toBeUndefined();
  expect(refused("ạ".repeat(21_846))).toEqual(tooLong);
  expect(refused("ü".repeat(32_768))).toEqual(tooLong);
  expect(refused("🚉".repeat(16_384))).toEqual(tooLong);
  expect(refused("a".repeat(65_536), { bytes: 1_000_000, levels: 9 })).toEqual(tooLong);
});

test("[MQTT-4.7.3-4] nothing is normalised or substituted", () => {
  for (const text of ["/a", "a/", "a//b", " a / b ", "A/a", "e\u0301", "\u00e9", "\ufeffa", "\uffff"]) {
    expect(parseTopicName(text)).toEqual({ ok: true, topic: text });
  }
});

test("[MQTT-1.5.4-1] half a surrogate pair is no text", () => {
  for (const text of ["\ud800", "a/\udc00", "\udc00\ud800"]) {
    expect(refused(text)).toEqual({ code: "ill-formed", statement: "MQTT-1.5.4-1" });
  }
});

test("names with a leading $ are valid: who may use them is a matter of authorisation", () => {
  expect(refused("$SYS/broker/uptime")).toBeUndefined();
});

test("limits of the house are not statements of the protocol", () => {
  expect(refused("a".repeat(11), { bytes: 10, levels: 2 })).toEqual({
    code: "too-long",
    statement: undefined,
  });
  expect(refused("ạạạạ", { bytes: 10, levels: 2 })).toEqual({ code: "too-long", statement: undefined });
  expect(refused("ạạạa", { bytes: 10, levels: 2 })).toBeUndefined();
  expect(refused("a/b", { bytes: 10, levels: 2 })).toBeUndefined();
  expect(refused("a/b/", { bytes: 10, levels: 2 })).toEqual({
    code: "too-many-levels",
    statement: undefined,
  });
  expect(refused("/".repeat(65_535))).toEqual({ code: "too-many-levels", statement: undefined });
  expect(refused("/".repeat(65_535), WIDE)).toBeUndefined();
});

test("takes exactly what the statements allow", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "ạ", "🚉", "/", "+", "#", "\0", "\ud83d"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(text, (text) => {
      const valid =
        text !== "" &&
        !/[+#\0]/.test(text) &&
        !/\p{Surrogate}/u.test(text) &&
        new TextEncoder().encode(text).length <= 20 &&
        text.split("/").length <= 4;
      expect(parseTopicName(text, { bytes: 20, levels: 4 }).ok).toBe(valid);
    }),
    { numRuns: 2_000 },
  );
});
