import { expect, test } from "vitest";
import { ALLOWED_CODES, ReasonCode } from "./reason-code.ts";

/**
 * MQTT 5.0, table 2-6, which is by code, while ours is by packet. Where it says more than the tables of the packets
 * themselves, those count: DISCONNECT has no 0x8C (table 3-10), and who may send what stands there alone.
 */
const PACKETS = new Map<number, string>([
  [0x00, "connack puback pubrec pubrel pubcomp suback unsuback disconnectByClient authByServer"],
  [0x01, "suback"],
  [0x02, "suback"],
  [0x04, "disconnectByClient"],
  [0x10, "puback pubrec"],
  [0x11, "unsuback"],
  [0x18, "authByClient authByServer"],
  [0x19, "authByClient"],
  [0x80, "connack puback pubrec suback unsuback disconnectByClient disconnectByServer"],
  [0x81, "connack disconnectByClient disconnectByServer"],
  [0x82, "connack disconnectByClient disconnectByServer"],
  [0x83, "connack puback pubrec suback unsuback disconnectByClient disconnectByServer"],
  [0x84, "connack"],
  [0x85, "connack"],
  [0x86, "connack"],
  [0x87, "connack puback pubrec suback unsuback disconnectByServer"],
  [0x88, "connack"],
  [0x89, "connack disconnectByServer"],
  [0x8a, "connack"],
  [0x8b, "disconnectByServer"],
  [0x8c, "connack"],
  [0x8d, "disconnectByServer"],
  [0x8e, "disconnectByServer"],
  [0x8f, "suback unsuback disconnectByServer"],
  [0x90, "connack puback pubrec disconnectByClient disconnectByServer"],
  [0x91, "puback pubrec suback unsuback"],
  [0x92, "pubrel pubcomp"],
  [0x93, "disconnectByClient disconnectByServer"],
  [0x94, "disconnectByClient disconnectByServer"],
  [0x95, "connack disconnectByClient disconnectByServer"],
  [0x96, "disconnectByClient disconnectByServer"],
  [0x97, "connack puback pubrec suback disconnectByClient disconnectByServer"],
  [0x98, "disconnectByClient disconnectByServer"],
  [0x99, "connack puback pubrec disconnectByClient disconnectByServer"],
  [0x9a, "connack disconnectByServer"],
  [0x9b, "connack disconnectByServer"],
  [0x9c, "connack disconnectByServer"],
  [0x9d, "connack disconnectByServer"],
  [0x9e, "suback disconnectByServer"],
  [0x9f, "connack disconnectByServer"],
  [0xa0, "disconnectByServer"],
  [0xa1, "suback disconnectByServer"],
  [0xa2, "suback disconnectByServer"],
]);

test("each code is allowed where the specification has it, and nowhere else", () => {
  const { connackReturn, subackReturn, ...rows } = ALLOWED_CODES;
  for (let code = 0; code < 256; code++) {
    const allowed = Object.entries(rows).flatMap(([packet, codes]) => (codes[code] === true ? [packet] : []));
    expect([code, new Set(allowed)]).toEqual([
      code,
      new Set((PACKETS.get(code) ?? "").split(" ").filter(Boolean)),
    ]);
  }
});

test("3.1.1 has codes of its own", () => {
  const of = (codes: readonly boolean[]) => codes.flatMap((yes, code) => (yes ? [code] : []));
  expect(of(ALLOWED_CODES.connackReturn)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(of(ALLOWED_CODES.subackReturn)).toEqual([0, 1, 2, 0x80]);
});

test("each code has a name", () => {
  expect(new Set<number>(Object.values(ReasonCode))).toEqual(new Set(PACKETS.keys()));
});
