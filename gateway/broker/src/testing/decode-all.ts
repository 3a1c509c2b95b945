import type { Packet, ProtocolVersion } from "../codec/packet.ts";
import { PacketDecoder } from "../codec/packet-decoder.ts";
import type { Sender } from "../codec/packet-reader.ts";

/** Decodes everything in the chunks. @throws {PacketError} as the decoder. */
export function decodeAll(
  chunks: readonly Buffer[],
  { version, sender = "client" }: { version?: ProtocolVersion | undefined; sender?: Sender },
): Packet[] {
  const decoder = new PacketDecoder({
    sender,
    ...(version === undefined ? {} : { version }),
    maximumPacketSize: 268_435_460,
    maximumConnectSize: 268_435_460,
  });
  const packets: Packet[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  }
  return packets;
}

/** Cuts bytes into chunks of these lengths, again and again. Zero stands for an empty chunk. */
export function cut(whole: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const length = lengths.length === 0 ? whole.length : (lengths[turn % lengths.length] as number);
    // A list of zeroes alone would never end.
    const next = turn > 0 && length === 0 ? 1 : length;
    chunks.push(whole.subarray(at, at + next));
    at += next;
  }
  return chunks;
}
