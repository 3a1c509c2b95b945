import type { ProtocolVersion } from "../../codec/packet.ts";
import type { Sender } from "../../codec/packet-reader.ts";
import type { RuleName } from "../../codec/violation.ts";
import { CLIENT_4 } from "./client-4.ts";
import { CLIENT_5 } from "./client-5.ts";
import { FIRST } from "./first.ts";
import type { Row } from "./row.ts";
import { SERVER_4, SERVER_5 } from "./server.ts";

/** A packet that breaks one rule. */
export interface MalformedPacket {
  readonly rule: RuleName;
  /** What is wrong with it, for people. */
  readonly what: string;
  /** Spoken before; absent when the packet is the first of its connection. */
  readonly version?: ProtocolVersion;
  readonly sender: Sender;
  readonly reasonCode: number;
  readonly clause: string;
  readonly bytes: Buffer;
}

/** One row for each way to break each rule. */
export const MALFORMED_PACKETS: readonly MalformedPacket[] = [
  ...rows(FIRST, { sender: "client" }),
  ...rows(CLIENT_4, { sender: "client", version: 4 }),
  ...rows(CLIENT_5, { sender: "client", version: 5 }),
  ...rows(SERVER_4, { sender: "server", version: 4 }),
  ...rows(SERVER_5, { sender: "server", version: 5 }),
];

function rows(
  list: readonly Row[],
  connection: { readonly sender: Sender; readonly version?: ProtocolVersion },
): MalformedPacket[] {
  return list.map(([rule, what, reasonCode, clause, packet]) => {
    return { rule, what, reasonCode, clause, bytes: packet, ...connection };
  });
}
