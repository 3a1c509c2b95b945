import { decodeAcknowledgement } from "./decode-acknowledgement.ts";
import { decodeAuth } from "./decode-auth.ts";
import { decodeConnack } from "./decode-connack.ts";
import { decodeConnect } from "./decode-connect.ts";
import { decodeDisconnect } from "./decode-disconnect.ts";
import { decodePublish } from "./decode-publish.ts";
import { decodeSuback, decodeSubscribe, decodeUnsuback, decodeUnsubscribe } from "./decode-subscription.ts";
import type { Packet } from "./packet.ts";
import type { PacketReader } from "./packet-reader.ts";

/**
 * Reads what follows the fixed header.
 * @param reader stands behind the fixed header and ends with the packet.
 * @param first the first byte of the packet, checked.
 * @throws {PacketError}
 */
export function decodePacket(reader: PacketReader, first: number): Packet {
  switch (first >> 4) {
    case 3:
      return decodePublish(reader, first & 0x0f);
    case 4:
      return decodeAcknowledgement(reader, "puback");
    case 5:
      return decodeAcknowledgement(reader, "pubrec");
    case 6:
      return decodeAcknowledgement(reader, "pubrel");
    case 7:
      return decodeAcknowledgement(reader, "pubcomp");
    case 1:
      return decodeConnect(reader);
    case 2:
      return decodeConnack(reader);
    case 8:
      return decodeSubscribe(reader);
    case 9:
      return decodeSuback(reader);
    case 10:
      return decodeUnsubscribe(reader);
    case 11:
      return decodeUnsuback(reader);
    case 12:
      reader.finish();
      return { type: "pingreq" };
    case 13:
      reader.finish();
      return { type: "pingresp" };
    case 14:
      return decodeDisconnect(reader);
    case 15:
      return decodeAuth(reader);
    default:
      throw reader.violation("reserved-type");
  }
}
