import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitraryConnect, arbitraryPacket } from "../testing/arbitrary-packet.ts";
import { cut, decodeAll } from "../testing/decode-all.ts";
import { Dice, mutate } from "../testing/mutation.ts";
import { encodePacket } from "./encode-packet.ts";
import { Outgoing } from "./outgoing.ts";
import type { Packet, ProtocolVersion } from "./packet.ts";
import { PacketDecoder } from "./packet-decoder.ts";
import { PacketError } from "./packet-error.ts";
import type { Sender } from "./packet-reader.ts";

const SEEDS = 400;
/** Of each of the four kinds. */
const MUTANTS = 40_000;
const MAXIMUM_SIZE = 4_000;
const SEED = 20_261_125;

function encode(packet: Packet, version: ProtocolVersion): Buffer {
  const out = new Outgoing();
  encodePacket(packet, version, out);
  return out.take();
}

function seeds(version: ProtocolVersion, sender: Sender): Buffer[] {
  const options = { seed: SEED, numRuns: SEEDS };
  return fc.sample(arbitraryPacket(version, sender), options).map((packet) => encode(packet, version));
}

/** What came of a mutant: packets, or where it was refused. */
interface Outcome {
  readonly packets: readonly Packet[];
  readonly clause: string | undefined;
}

/** @throws what is not our error. */
function decode(decoder: PacketDecoder, chunks: readonly Buffer[]): Outcome {
  const packets: Packet[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
      if (decoder.heldBytes > MAXIMUM_SIZE) throw new Error(`holds ${decoder.heldBytes} bytes`);
    }
  } catch (error) {
    if (!(error instanceof PacketError)) throw error;
    return { packets, clause: error.clause };
  }
  return { packets, clause: undefined };
}

/** What was taken must mean the same when it is written by our rules: so nothing ill-formed has slipped in. */
function isStable(packets: readonly Packet[], version: ProtocolVersion, sender: Sender): boolean {
  return packets.every((packet) => {
    const known = packet.type === "connect" ? undefined : version;
    return isDeepStrictEqual(decodeAll([encode(packet, version)], { version: known, sender }), [packet]);
  });
}

describe.each<[ProtocolVersion, Sender]>([
  [4, "client"],
  [4, "server"],
  [5, "client"],
  [5, "server"],
])("version %i, mutants of packets of a %s", (version, sender) => {
  test("are packets or our error, and hold no more than is allowed", () => {
    const dice = new Dice(SEED + version);
    const originals = seeds(version, sender);
    const connects = fc
      .sample(arbitraryConnect(version), { seed: SEED, numRuns: 50 })
      .map((packet) => encode(packet, version));
    const clauses = new Set<string>();
    let taken = 0;
    for (let count = 0; count < MUTANTS; count++) {
      // Every fifth begins with its CONNECT, perhaps the very thing that is broken.
      const greets = sender === "client" && count % 5 === 0;
      const list = greets ? connects : originals;
      const original = list[dice.roll(list.length)] as Buffer;
      const other = originals[dice.roll(originals.length)] as Buffer;
      const mutant = Buffer.concat([mutate(original, dice, other), other]);
      const decoder = new PacketDecoder({
        sender,
        ...(greets ? {} : { version }),
        maximumPacketSize: MAXIMUM_SIZE,
        maximumConnectSize: MAXIMUM_SIZE,
      });
      const context = () => `mutant ${count}: ${mutant.toString("hex")}`;
      try {
        const { packets, clause } = decode(decoder, cut(mutant, [1 + dice.roll(40), 1 + dice.roll(400)]));
        if (clause !== undefined) clauses.add(clause);
        taken += packets.length;
        if (!isStable(packets, decoder.version ?? version, sender)) throw new Error("not stable");
      } catch (error) {
        throw new Error(context(), { cause: error });
      }
    }
    // The mutants reach deep: they are neither all refused at the door nor all harmless.
    expect(clauses.size).toBeGreaterThan(version === 5 ? 25 : 10);
    expect(taken).toBeGreaterThan(MUTANTS / 10);
  }, 60_000);
});
