import fc from "fast-check";
import mqttPacket from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { arbitraryConnect, arbitraryPacket } from "../testing/arbitrary-packet.ts";
import { decodeAll } from "../testing/decode-all.ts";
import { type PeerPacket, toPeer } from "../testing/peer-packet.ts";
import { encodePacket } from "./encode-packet.ts";
import { Outgoing } from "./outgoing.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import type { Sender } from "./packet-reader.ts";

/**
 * Against `mqtt-packet`, a codec that others wrote: so a misreading of the specification that our encoder and decoder
 * share is seen.
 */
const RUNS = { numRuns: 600 };
/** The peer parses these as fields of every packet. */
const HEADER_FIELDS = ["length", "retain", "qos", "dup"];

function parsedByPeer(bytes: Buffer, version: ProtocolVersion): PeerPacket {
  const found: PeerPacket[] = [];
  const parser = mqttPacket.parser({ protocolVersion: version });
  parser.on("packet", (packet) => found.push({ ...packet }));
  parser.on("error", (error) => {
    throw error;
  });
  expect(parser.parse(bytes)).toBe(0);
  const [packet, ...more] = found;
  if (packet === undefined || more.length > 0) throw new Error(`${found.length} packets`);
  const ignored = packet.cmd === "publish" ? ["length"] : HEADER_FIELDS;
  const fields = Object.entries(packet).filter(([name, value]) => value !== null && !ignored.includes(name));
  return Object.fromEntries(fields) as unknown as PeerPacket;
}

function encode(packet: Packet, version: ProtocolVersion): Buffer {
  const out = new Outgoing();
  encodePacket(packet, version, out);
  return out.take();
}

/** The peer keeps user properties in an object and loses a repeated one with an empty value. */
function bearable(packet: Packet): boolean {
  if (!("properties" in packet)) return true;
  const will = packet.type === "connect" ? packet.will?.properties.userProperties : undefined;
  const pairs = [...(packet.properties.userProperties ?? []), ...(will ?? [])];
  return pairs.every(([, value]) => value !== "");
}

/** The peer does not generate these, although they are allowed. */
function generated(packet: Packet): boolean {
  if (packet.type !== "connect") return true;
  const { userName, password, clientId, cleanStart } = packet;
  return (userName !== undefined || password === undefined) && (clientId !== "" || cleanStart);
}

describe.each<[ProtocolVersion, Sender]>([
  [4, "client"],
  [4, "server"],
  [5, "client"],
  [5, "server"],
])("version %i, packets of a %s", (version, sender) => {
  const other = arbitraryPacket(version, sender);
  const packets = (sender === "client" ? fc.oneof(other, arbitraryConnect(version)) : other).filter(bearable);

  test("what we encode, the peer reads alike", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(parsedByPeer(encode(packet, version), version)).toEqual(toPeer(packet, version));
      }),
      RUNS,
    );
  });

  test("what the peer encodes, we read alike", () => {
    fc.assert(
      fc.property(packets.filter(generated), (packet) => {
        const peer = toPeer(packet, version);
        const bytes = mqttPacket.generate(peer as never, { protocolVersion: version });
        const [decoded, ...more] = decodeAll([bytes], {
          version: packet.type === "connect" ? undefined : version,
          sender,
        });
        expect(more).toEqual([]);
        expect(decoded && toPeer(decoded, version)).toEqual(peer);
      }),
      RUNS,
    );
  });
});
