import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isId, parsePropertyKey, parseThingId, slugThingId, type ThingId } from "./ids.ts";

/** Any UTF-16 code unit: also control characters and halves of pairs. */
const character = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

test.each([
  ["lamp", true],
  ["a", true],
  ["living-room-2", true],
  ["a".repeat(64), true],
  ["a".repeat(65), false],
  ["", false],
  ["-lamp", false],
  ["lamp-", false],
  ["Lamp", false],
  ["l_mp", false],
  ["lamp\n", false],
  ["đèn", false],
])("%j as an id: %s", (text, valid) => {
  expect(isId(text)).toBe(valid);
});

test("`pair` is a valid id and never a Thing's", () => {
  expect(isId("pair")).toBe(true);
  expect(parseThingId("pair")).toBeUndefined();
  expect(parseThingId("pair-1")).toBe("pair-1");
});

test.each(["node/name", "1/2", "constructor/constructor"])("%s is a property key", (text) => {
  expect(parsePropertyKey(text)).toBe(text);
});

test.each(["name", "a/b/c", "/a", "a/", "A/b", "a/__proto__", ""])("%j is no property key", (text) => {
  expect(parsePropertyKey(text)).toBeUndefined();
});

describe("slugThingId", () => {
  test.each([
    ["Living Room/Fan 2", "living-room-fan-2"],
    ["Đèn phòng khách", "den-phong-khach"],
    ["đường Nguyễn Huệ", "duong-nguyen-hue"],
    ["Máy bơm (ướt)", "may-bom-uot"],
    ["0x00158D0001A2B3C4", "0x00158d0001a2b3c4"],
    ["--a__b--", "a-b"],
  ])("%s becomes %s", (foreign, slug) => {
    expect(slugThingId(foreign)).toBe(slug);
  });

  test.each(["", "!!!", "温度", "pair", "Pair"])("%j gets an id all the same", (foreign) => {
    const slug = slugThingId(foreign);
    expect(parseThingId(slug)).toBe(slug);
  });

  test("a taken id gets a hash of the foreign one, so that it is the same after every restart", () => {
    const taken = (id: ThingId) => id === "fan-2";
    const slug = slugThingId("Fan 2", taken);
    expect(slug).toMatch(/^fan-2-[0-9a-z]{7}$/);
    expect(slugThingId("Fan 2", taken)).toBe(slug);
    expect(slugThingId("fan_2", taken)).not.toBe(slug);
  });

  test("never answers with a taken id, also when the hash is taken", () => {
    const mine = new Set<ThingId>();
    for (let copy = 0; copy < 5; copy++) mine.add(slugThingId("Fan", (id) => mine.has(id)));
    expect(mine.size).toBe(5);
  });

  test("always makes a valid id that another slugging leaves alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 200 }), fc.boolean(), (foreign, collides) => {
        const slug = slugThingId(foreign, (id) => collides && !/-[0-9a-z]{7}$/.test(id));
        expect(parseThingId(slug)).toBe(slug);
        expect(slugThingId(slug)).toBe(slug);
      }),
    );
  });

  test("a foreign id of combining marks, which take long to sort, ends", () => {
    const marks = "\u0345\u0300".repeat(200_000);
    expect(slugThingId(`Fan ${marks}`)).toBe("fan");
  });
});
