import { describe, expect, test } from "vitest";
import { encodeLmo, hashOf } from "./lmo.ts";
import { parsePo } from "./po.ts";

/** Looks a text up as LuCI does: a search in the sorted index. */
function look(catalogue: Buffer, key: number): string | undefined {
  const index = catalogue.readUInt32BE(catalogue.length - 4);
  let [low, high] = [0, (catalogue.length - 4 - index) / 16 - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = index + middle * 16;
    const found = catalogue.readUInt32BE(at);
    if (found === key) {
      const [offset, length] = [catalogue.readUInt32BE(at + 8), catalogue.readUInt32BE(at + 12)];
      return catalogue.subarray(offset, offset + length).toString("utf8");
    }
    if (found < key) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

const hash = (text: string): number => hashOf(Buffer.from(text));

describe("hashOf", () => {
  // From LuCI's own sfh_hash, compiled.
  test.each([
    ["", 0],
    ["a", 0x115ea782],
    ["ab", 0x516b8b44],
    ["abc", 0xd2be198a],
    ["abcd", 0xdad8b8db],
    ["Gateway", 0x48150b7e],
    ["Cổng ra", 0x2a164dc1],
    ["Trạm", 0x3c4b79fd],
    ["ộ", 0xa294c96c],
    ["12345ộ", 0x36f4bfc3],
    ["Everything is all right.", 0x18072d7a],
  ])("%j", (text, expected) => {
    expect(hash(text)).toBe(expected);
  });
});

describe("a catalogue", () => {
  const po = `# Comment
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

#: overview.js:12
msgid "Cloud bridge"
msgstr "Cầu nối đám mây"

msgid "A long "
"text\\nin two lines"
msgstr "Một đoạn "
"\\"dài\\""

msgctxt "rule"
msgid "Off"
msgstr "Tắt"

msgid "%d Thing"
msgid_plural "%d Things"
msgstr[0] "%d thiết bị"

msgid "Tram"
msgstr "Tram"

msgid "Later"
msgstr ""

#, fuzzy
msgid "Guess"
msgstr "Đoán"

#~ msgid "Gone"
#~ msgstr "Mất"
`;
  const catalogue = encodeLmo(parsePo(po)) ?? Buffer.alloc(4);

  test.each([
    ["Cloud bridge", "Cầu nối đám mây"],
    ["A long text in two lines", 'Một đoạn "dài"'],
    ["rule\x01Off", "Tắt"],
    ["%d Thing\x020", "%d thiết bị"],
    ["Tram", undefined],
    ["Later", undefined],
    ["Guess", undefined],
    ["Gone", undefined],
    ["Off", undefined],
  ])("%j is %j", (key, text) => {
    expect(look(catalogue, hash(key))).toBe(text);
  });

  test("has the plural forms of its language under 0", () => {
    expect(look(catalogue, 0)).toBe("nplurals=1; plural=0;");
  });

  test("is nothing where nothing is translated", () => {
    expect(
      encodeLmo(parsePo('msgid ""\nmsgstr "Plural-Forms: x;\\n"\n\nmsgid "a"\nmsgstr ""\n')),
    ).toBeUndefined();
  });

  test("two texts for one message are refused", () => {
    const twice = 'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n';
    expect(() => encodeLmo(parsePo(twice))).toThrow(/two messages have the same hash/);
  });

  test.each([
    ['msgid "a"\nmsgstr "b" c', "line 2: expected a message"],
    ['"a"', "line 1: expected msgid before"],
    ['msgid "\\q"\nmsgstr "b"', "line 1: expected an escape of C"],
    ['msgid "a"b"\nmsgstr ""', "line 1: expected an escape of C"],
  ])("%j: %s", (text, problem) => {
    expect(() => parsePo(text)).toThrow(problem);
  });
});
