import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_PROPERTIES } from "../codec/properties.ts";
import type { TopicName } from "../topics/index.ts";
import { KeptMessage } from "./kept-message.ts";
import { Message } from "./message.ts";

const topic = "a/b" as TopicName;

const utf8 = (words: readonly string[]): Uint8Array => Buffer.from(words.join(""));

test("a kept message comes back as it was, whatever its bytes and however long", () => {
  const payload = fc
    .oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 250, maxLength: 260 }),
      fc.uint8Array({ minLength: 3_000, maxLength: 5_000 }),
      // The same words again and again, as in descriptions: what the gateway itself says of these is packed.
      fc
        .array(fc.constantFrom('"unit":"°C",', '"type":"number",', "x"), {
          minLength: 40,
          maxLength: 400,
          size: "max",
        })
        .map(utf8),
    )
    .map((bytes) => Buffer.from(bytes));
  const qos = fc.constantFrom(0, 1, 2);
  const expiresAt = fc.option(fc.nat(), { nil: undefined });
  const properties = fc.constantFrom(NO_PROPERTIES, { contentType: "text/plain" });
  fc.assert(
    fc.property(fc.record({ payload, qos, expiresAt, properties }), fc.boolean(), (parts, isStored) => {
      const message = new Message({ topic, retain: true, ...parts });
      const kept = new KeptMessage(message, isStored);
      const { bytes } = message;
      // What it came in is used again.
      const expected = Buffer.from(parts.payload);
      parts.payload.fill(0);
      const back = kept.message(topic, parts.expiresAt ?? Infinity);
      expect(back.payload.equals(expected)).toBe(true);
      expect(back).toMatchObject({ topic, retain: true, qos: parts.qos, expiresAt: parts.expiresAt, bytes });
      expect(back.properties).toBe(parts.properties);
    }),
  );
});

test("a kept message holds no more of Node's pool than is in it", () => {
  const kept = new KeptMessage(
    new Message({ topic, payload: Buffer.from("x".repeat(1_000)), qos: 1, retain: true }),
    true,
  );
  expect(kept.message(topic, Infinity).payload.buffer.byteLength).toBe(1_000);
});
