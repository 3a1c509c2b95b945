import { PACKET_TYPE, type ProtocolVersion } from "./packet.ts";
import type { Sender } from "./packet-reader.ts";
import { type RuleName, violation } from "./violation.ts";

/** Who sends a packet type, and the flags it must have: 3.1.1 tables 2.1 and 2.2, 5.0 tables 2-1 and 2-2. */
interface TypeRow {
  readonly senders: readonly Sender[];
  readonly flags: number;
  /** What other flags break. */
  readonly rule: RuleName;
}

const BOTH = ["client", "server"] as const;
const CLIENT = ["client"] as const;
const SERVER = ["server"] as const;

const ROWS: readonly (TypeRow | undefined)[] = [
  undefined,
  row(CLIENT, 0),
  row(SERVER, 0),
  undefined, // PUBLISH has flags of its own.
  row(BOTH, 0),
  row(BOTH, 0),
  row(BOTH, 2, "pubrel-flags"),
  row(BOTH, 0),
  row(CLIENT, 2, "subscribe-flags"),
  row(SERVER, 0),
  row(CLIENT, 2, "unsubscribe-flags"),
  row(SERVER, 0),
  row(CLIENT, 0),
  row(SERVER, 0),
  row(BOTH, 0, "disconnect-flags"),
  row(BOTH, 0, "auth-flags"),
];

/**
 * Checks the first byte of a packet before any other is looked at.
 * @param version undefined until CONNECT was read.
 * @throws {PacketError}
 */
export function checkFirstByte(first: number, version: ProtocolVersion | undefined, sender: Sender): void {
  const type = first >> 4;
  if (type === PACKET_TYPE.publish && version !== undefined) {
    if ((first & 0x06) === 0x06) throw violation("qos-3", version);
    if ((first & 0x0e) === 0x08) throw violation("dup-at-qos-0", version);
    return;
  }
  if (version === undefined) {
    if (type !== PACKET_TYPE.connect) throw violation("not-connect-first", 4);
  } else if (type === PACKET_TYPE.connect && sender === "client") {
    throw violation("second-connect", version);
  }
  const known = ROWS[type];
  if (known === undefined || (type === PACKET_TYPE.auth && version === 4)) {
    throw violation("reserved-type", version ?? 4, { about: `${type}` });
  }
  // In 3.1.1 only the client says farewell.
  const farewell = type === PACKET_TYPE.disconnect && version === 4 && sender === "server";
  if (farewell || !known.senders.includes(sender)) throw violation("direction", version ?? 4);
  if ((first & 0x0f) !== known.flags) throw violation(known.rule, version ?? 4);
}

function row(senders: readonly Sender[], flags: number, rule: RuleName = "flags"): TypeRow {
  return { senders, flags, rule };
}
