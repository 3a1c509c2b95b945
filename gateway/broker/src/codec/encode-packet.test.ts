import { expect, test } from "vitest";
import { encodedLength, encodePacket } from "./encode-packet.ts";
import { Outgoing } from "./outgoing.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import { NO_PROPERTIES } from "./properties.ts";

const none = { properties: NO_PROPERTIES };
const connect = {
  type: "connect",
  version: 4,
  cleanStart: true,
  keepAliveSeconds: 10,
  clientId: "c",
  will: undefined,
  userName: undefined,
  password: undefined,
  ...none,
} as const satisfies Packet;
const will = { topic: "w", payload: Buffer.from("x"), qos: 2, retain: true, ...none } as const;
const publish = {
  type: "publish",
  topic: "a/b",
  payload: Buffer.from("hi"),
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  ...none,
} as const satisfies Packet;
const line = { filter: "+", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

/** Bytes by hand from the specifications: a mistake that encoder and decoder share does not pass here. */
test.each<[string, ProtocolVersion, Packet, string]>([
  ["CONNECT", 4, connect, "10 0d 0004 4d515454 04 02 000a 0001 63"],
  ["CONNECT of 5.0", 5, { ...connect, version: 5 }, "10 0e 0004 4d515454 05 02 000a 00 0001 63"],
  [
    "CONNECT with everything",
    4,
    { ...connect, cleanStart: false, will, userName: "u", password: Buffer.from("p") },
    "10 19 0004 4d515454 04 f4 000a 0001 63 0001 77 0001 78 0001 75 0001 70",
  ],
  [
    "CONNECT with properties here and in its will",
    5,
    {
      ...connect,
      version: 5,
      properties: { sessionExpirySeconds: 0xffff_ffff, receiveMaximum: 20 },
      will: { ...will, properties: { willDelaySeconds: 5 } },
    },
    "10 22 0004 4d515454 05 36 000a 08 11 ffffffff 21 0014 0001 63 05 18 00000005 0001 77 0001 78",
  ],
  ["CONNACK", 4, { type: "connack", sessionPresent: true, reasonCode: 0, ...none }, "20 02 01 00"],
  [
    "CONNACK of 5.0",
    5,
    { type: "connack", sessionPresent: false, reasonCode: 0x87, ...none },
    "20 03 00 87 00",
  ],
  ["PUBLISH", 4, publish, "30 07 0003 612f62 6869"],
  [
    "PUBLISH with all flags",
    4,
    { ...publish, qos: 2, retain: true, dup: true, packetId: 258 },
    "3d 09 0003 612f62 0102 6869",
  ],
  [
    "PUBLISH with properties",
    5,
    { ...publish, properties: { payloadIsUtf8: true, subscriptionIdentifiers: [1, 128] } },
    "30 0f 0003 612f62 07 0101 0b01 0b8001 6869",
  ],
  ["PUBACK without a reason", 5, { type: "puback", packetId: 7, reasonCode: 0, ...none }, "40 02 0007"],
  ["PUBREC with a reason", 5, { type: "pubrec", packetId: 7, reasonCode: 0x97, ...none }, "50 03 0007 97"],
  [
    "PUBACK with a reason in words",
    5,
    { type: "puback", packetId: 7, reasonCode: 0, properties: { reasonString: "ok" } },
    "40 09 0007 00 05 1f 0002 6f6b",
  ],
  ["PUBREL", 4, { type: "pubrel", packetId: 7, reasonCode: 0, ...none }, "62 02 0007"],
  [
    "SUBSCRIBE",
    4,
    { type: "subscribe", packetId: 1, subscriptions: [line], ...none },
    "82 06 0001 0001 2b 01",
  ],
  [
    "SUBSCRIBE with options",
    5,
    {
      type: "subscribe",
      packetId: 1,
      subscriptions: [
        { ...line, noLocal: true, retainHandling: 2 },
        { ...line, retainAsPublished: true },
      ],
      properties: { subscriptionIdentifier: 300 },
    },
    "82 0e 0001 03 0bac02 0001 2b 25 0001 2b 09",
  ],
  ["SUBACK", 4, { type: "suback", packetId: 1, reasonCodes: [0, 128], ...none }, "90 04 0001 00 80"],
  ["UNSUBSCRIBE", 5, { type: "unsubscribe", packetId: 1, filters: ["#"], ...none }, "a2 06 0001 00 0001 23"],
  ["UNSUBACK", 4, { type: "unsuback", packetId: 1, reasonCodes: [], ...none }, "b0 02 0001"],
  ["UNSUBACK of 5.0", 5, { type: "unsuback", packetId: 1, reasonCodes: [0x11], ...none }, "b0 04 0001 00 11"],
  ["PINGREQ", 4, { type: "pingreq" }, "c0 00"],
  ["PINGRESP", 5, { type: "pingresp" }, "d0 00"],
  ["DISCONNECT", 5, { type: "disconnect", reasonCode: 0, ...none }, "e0 00"],
  ["DISCONNECT with a reason", 5, { type: "disconnect", reasonCode: 0x8e, ...none }, "e0 01 8e"],
  ["DISCONNECT with a reason in 3.1.1", 4, { type: "disconnect", reasonCode: 0x8e, ...none }, "e0 00"],
  ["AUTH of success", 5, { type: "auth", reasonCode: 0, ...none }, "f0 00"],
  ["AUTH without properties", 5, { type: "auth", reasonCode: 0x18, ...none }, "f0 02 18 00"],
  [
    "user properties, empty ones and more than one",
    5,
    {
      type: "disconnect",
      reasonCode: 0,
      properties: {
        userProperties: [
          ["a", ""],
          ["a", "b"],
        ],
      },
    },
    "e0 0f 00 0d 26 0001 61 0000 26 0001 61 0001 62",
  ],
])("%s of version %i", (_, version, packet, expected) => {
  const out = new Outgoing();
  encodePacket(packet, version, out);
  const bytes = out.take();
  expect(bytes.toString("hex")).toBe(expected.replaceAll(" ", ""));
  expect(encodedLength(packet, version)).toBe(bytes.length);
});

test("an empty list of user properties is none", () => {
  const out = new Outgoing();
  encodePacket({ type: "puback", packetId: 1, reasonCode: 0, properties: { userProperties: [] } }, 5, out);
  expect(out.take().toString("hex")).toBe("40020001");
});

test("properties that the packet does not know are left out, and so are those that are undefined", () => {
  const out = new Outgoing();
  const properties = { reasonString: undefined, topicAlias: 7 } as object;
  encodePacket({ type: "suback", packetId: 1, reasonCodes: [0], properties }, 5, out);
  expect(out.take().toString("hex")).toBe("9004000100" + "00");
});
