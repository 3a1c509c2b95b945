import { expect, test } from "vitest";
import type { PropertyHome } from "./properties.ts";
import { isPropertyId, PROPERTY_TABLE, propertiesIn } from "./property-table.ts";

const REASON = [0x1f, 0x26];

/** MQTT 5.0, read packet by packet (§3.1.2.11 and its siblings), while the table is by property. */
const IDS: readonly (readonly [PropertyHome, readonly number[]])[] = [
  ["connect", [0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]],
  ["will", [0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]],
  [
    "connack",
    [0x11, 0x12, 0x13, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a],
  ],
  ["publish", [0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x23, 0x26]],
  ["puback", REASON],
  ["pubrec", REASON],
  ["pubrel", REASON],
  ["pubcomp", REASON],
  ["subscribe", [0x0b, 0x26]],
  ["suback", REASON],
  ["unsubscribe", [0x26]],
  ["unsuback", REASON],
  ["disconnect", [0x11, 0x1c, 0x1f, 0x26]],
  ["auth", [0x15, 0x16, 0x1f, 0x26]],
];

test.each(IDS)("%s takes its properties and no others", (home, ids) => {
  const taken = propertiesIn(home).flatMap((row, id) => (row === undefined ? [] : [id]));
  expect(taken).toEqual(ids);
});

test("an id is known when some packet takes it", () => {
  const known = new Set(IDS.flatMap(([, ids]) => ids));
  for (let id = 0; id < 256; id++) expect(isPropertyId(id)).toBe(known.has(id));
});

test("only user properties, and the identifiers of a message's subscriptions, may come twice", () => {
  const many = PROPERTY_TABLE.filter((row) => row.many).map(({ name }) => name);
  expect(many).toEqual(["subscriptionIdentifiers", "userProperties"]);
});
