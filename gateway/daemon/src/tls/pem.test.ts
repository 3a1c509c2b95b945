import fc from "fast-check";
import { expect, test } from "vitest";
import { pem, pemBlocks } from "./pem.ts";

const label = fc.stringMatching(/^[A-Z][A-Z0-9 ]{0,20}$/);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });

test("what is written is read again, with anything that is no block around it", () => {
  const noise = fc.string().filter((text) => !text.includes("-"));
  fc.assert(
    fc.property(fc.array(fc.tuple(label, bytes, noise), { maxLength: 4 }), (blocks) => {
      const text = blocks.map(([name, content, around]) => around + pem(name, content)).join("");
      const read = pemBlocks(text.replaceAll("\n", "\r\n"));
      expect(read.map((block) => [block.label, Uint8Array.from(block.bytes)])).toEqual(
        blocks.map(([name, content]) => [name, content]),
      );
      expect(pemBlocks(read.map((block) => block.text).join(""))).toHaveLength(blocks.length);
    }),
  );
});

test.each([
  ["nothing", ""],
  ["no end", "-----BEGIN A-----\nAAAA\n"],
  ["the end of another", "-----BEGIN A-----\nAAAA\n-----END B-----"],
  ["no content", "-----BEGIN A-----\n-----END A-----"],
  ["no base64", "-----BEGIN A-----\nAA$A\n-----END A-----"],
  ["a beginning alone", "-----BEGIN "],
])("%s is no block", (_what, text) => {
  expect(pemBlocks(text)).toEqual([]);
});

test("any text is read, in a time that grows with its length alone", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom("-----BEGIN ", "-----", "-----END A"))),
      (parts) => {
        pemBlocks(parts.join(""));
      },
    ),
  );
  const startedAt = performance.now();
  pemBlocks("-----BEGIN A-----\n".repeat(800));
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
