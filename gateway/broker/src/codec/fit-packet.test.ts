import { describe, expect, test } from "vitest";
import { encodedLength } from "./encode-packet.ts";
import { fitPacket } from "./fit-packet.ts";
import type { Packet } from "./packet.ts";
import type { UserProperty } from "./properties.ts";

const USER: readonly UserProperty[] = [["key", "a value of some length"]];
const FULL = {
  type: "suback",
  packetId: 1,
  reasonCodes: [0x97],
  properties: { reasonString: "the disk is full", userProperties: USER },
} as const satisfies Packet;
const WITH_REASON: Packet = { ...FULL, properties: { reasonString: "the disk is full" } };
const BARE: Packet = { ...FULL, properties: {} };

function size(packet: Packet): number {
  return encodedLength(packet, 5);
}

describe("a packet with a reason", () => {
  test.each<[string, number, Packet | undefined]>([
    ["all of it fits", size(FULL), FULL],
    ["user properties go first", size(FULL) - 1, WITH_REASON],
    ["the reason stays while it fits", size(WITH_REASON), WITH_REASON],
    ["then it goes too", size(WITH_REASON) - 1, BARE],
    ["the least fits", size(BARE), BARE],
    ["or nothing does", size(BARE) - 1, undefined],
  ])("%s", (_, maximumPacketSize, expected) => {
    expect(fitPacket(FULL, { maximumPacketSize })).toEqual(expected);
  });

  test("keeps small user properties when a long reason must go", () => {
    const packet: Packet = { ...FULL, properties: { reasonString: "r".repeat(500), userProperties: USER } };
    expect(fitPacket(packet, { maximumPacketSize: 100 })).toEqual({
      ...FULL,
      properties: { userProperties: USER },
    });
  });

  test("is the same object when nothing is to be done", () => {
    expect(fitPacket(FULL, {})).toBe(FULL);
  });

  test("keeps its other properties", () => {
    const packet: Packet = {
      type: "connack",
      sessionPresent: false,
      reasonCode: 0x9d,
      properties: { serverReference: "other:1883", reasonString: "moved ".repeat(20) },
    };
    expect(fitPacket(packet, { maximumPacketSize: 30 })).toMatchObject({
      reasonCode: 0x9d,
      properties: { serverReference: "other:1883" },
    });
  });
});

describe("where no problem information is wanted", () => {
  const receiver = { requestProblemInformation: false };

  test("only CONNACK and DISCONNECT tell it", () => {
    expect(fitPacket(FULL, receiver)).toEqual(BARE);
    const disconnect: Packet = { type: "disconnect", reasonCode: 0x8b, properties: FULL.properties };
    expect(fitPacket(disconnect, receiver)).toBe(disconnect);
    const connack: Packet = { ...disconnect, type: "connack", sessionPresent: false };
    expect(fitPacket(connack, receiver)).toBe(connack);
  });

  test("the user properties of a message stay", () => {
    const publish: Packet = {
      type: "publish",
      topic: "t",
      payload: Buffer.from("p"),
      qos: 0,
      retain: false,
      dup: false,
      packetId: 0,
      properties: { userProperties: USER },
    };
    expect(fitPacket(publish, receiver)).toBe(publish);
    expect(fitPacket(publish, { maximumPacketSize: size(publish) - 1 })).toBeUndefined();
  });
});
