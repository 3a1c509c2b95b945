import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryConnect, arbitraryPacket } from "../testing/arbitrary-packet.ts";
import { cut, decodeAll } from "../testing/decode-all.ts";
import { encodedLength, encodePacket } from "./encode-packet.ts";
import { Outgoing } from "./outgoing.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import type { Sender } from "./packet-reader.ts";
import { encodePublish, writePublish, writePublishFrame } from "./write-publish.ts";

const RUNS = { numRuns: 400 };

/** Chunks of one byte, of a few, of more than a packet. */
const lengths = fc.oneof(
  fc.constant([1]),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }),
  fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 6 }),
);

function encode(packets: readonly Packet[], version: ProtocolVersion): Buffer {
  const out = new Outgoing();
  for (const packet of packets) encodePacket(packet, version, out);
  return out.take();
}

describe.each<[ProtocolVersion]>([[4], [5]])(
  "version %i: what is encoded is decoded as it was",
  (version) => {
    test("of a client, after its CONNECT, in any pieces", () => {
      const stream = fc.tuple(
        arbitraryConnect(version),
        fc.array(arbitraryPacket(version, "client")),
        lengths,
      );
      fc.assert(
        fc.property(stream, ([connect, rest, pieces]) => {
          const packets = [connect, ...rest];
          expect(decodeAll(cut(encode(packets, version), pieces), {})).toEqual(packets);
        }),
        RUNS,
      );
    });

    test("of a server, in any pieces", () => {
      fc.assert(
        fc.property(fc.array(arbitraryPacket(version, "server")), lengths, (packets, pieces) => {
          const chunks = cut(encode(packets, version), pieces);
          expect(decodeAll(chunks, { version, sender: "server" })).toEqual(packets);
        }),
        RUNS,
      );
    });

    test.each<[Sender]>([["client"], ["server"]])("and is as long as was said: %s", (sender) => {
      fc.assert(
        fc.property(arbitraryPacket(version, sender), (packet) => {
          expect(encode([packet], version).length).toBe(encodedLength(packet, version));
        }),
        RUNS,
      );
    });

    test("PUBLISH by its fast ways is the same byte for byte", () => {
      const publications = arbitraryPacket(version, "server").filter(({ type }) => type === "publish");
      fc.assert(
        fc.property(publications, (packet) => {
          if (packet.type !== "publish") return;
          const { packetId, dup } = packet;
          const expected = encode([packet], version);
          const direct = new Outgoing();
          writePublish(packet, version, { out: direct, packetId, dup });
          expect(direct.take()).toEqual(expected);
          const shared = new Outgoing();
          writePublishFrame(shared, encodePublish(packet, version), packetId, dup);
          expect(shared.take()).toEqual(expected);
        }),
        RUNS,
      );
    });

    test.each([0, 1, 120, 127, 128, 16_383, 16_384, 65_535, 65_536, 2_097_151, 2_097_152])(
      "with %i bytes of payload",
      (size) => {
        const packet: Packet = {
          type: "publish",
          topic: "a/b",
          payload: Buffer.alloc(size, 0x5a),
          qos: 1,
          retain: true,
          dup: false,
          packetId: 0xfffe,
          properties: {},
        };
        const bytes = encode([packet, packet], version);
        for (const pieces of [[], [1_000], [70_000]]) {
          const decoded = decodeAll(cut(bytes, pieces), { version });
          expect(decoded).toHaveLength(2);
          for (const one of decoded) {
            if (one.type !== "publish") throw new Error(one.type);
            expect(one.payload.equals(packet.payload)).toBe(true);
            expect({ ...one, payload: undefined }).toEqual({ ...packet, payload: undefined });
          }
        }
      },
    );
  },
);
