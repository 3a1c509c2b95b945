import { MALFORMED_PACKETS, type MalformedPacket } from "../testing/malformed/malformed-packets.ts";
import { MORE_MALFORMED } from "./malformed-more.ts";

const UNSPOKEN = "MQTT-3.1.2-2";

/** A packet that breaks a statement, and how the broker answers it. */
export interface MalformedCase {
  readonly version: 4 | 5;
  /** `MQTT-3.8.3-5`. */
  readonly statement: string;
  readonly what: string;
  /** It is the first of its connection. */
  readonly first: boolean;
  /** What is heard before the end; nothing when undefined. */
  readonly answer: "connack" | "disconnect" | undefined;
  readonly reasonCode: number;
  readonly bytes: Buffer;
}

/** Every packet that a client must not send, by version and statement. */
export const MALFORMED_CASES: readonly MalformedCase[] = [
  ...MALFORMED_PACKETS.filter(({ sender }) => sender === "client").flatMap(casesOf),
  ...MORE_MALFORMED,
];

/** The name of the test. */
export function malformedTitle({ statement, version, what }: MalformedCase): string {
  return `${version === 5 ? "5.0" : "3.1.1"} [${statement}] ${what}`;
}

function casesOf(packet: MalformedPacket): MalformedCase[] {
  const { bytes, clause, reasonCode, rule, version, what } = packet;
  const versions = version === undefined ? versionsOf(packet) : [version];
  return versions.map((each) => {
    const base = { version: each, statement: statementOf(clause, each), what: `${rule}: ${what}`, bytes };
    if (version === 5) return { ...base, first: false, answer: "disconnect", reasonCode };
    if (version === 4) return { ...base, first: false, answer: undefined, reasonCode };
    return { ...base, first: true, ...answerToFirst(packet) };
  });
}

/** Of the first packet of a connection: both where it has no level that is spoken, else the version of its level. */
function versionsOf({ bytes, clause }: MalformedPacket): readonly (4 | 5)[] {
  if (clause === UNSPOKEN) return [isOld(bytes) ? 4 : 5];
  if (/^MQTT-3\.1\.[02]-1$/.test(clause)) return [4, 5];
  return [levelOf(bytes) === 5 ? 5 : 4];
}

/** §3.1.2.2: a level that is not spoken is refused in words of the nearest version. A bridge sets the highest bit. */
function isOld(bytes: Buffer): boolean {
  return bytes.includes("MQIsdp") || ((levelOf(bytes) ?? 0) & 0x7f) <= 4;
}

function levelOf(bytes: Buffer): number | undefined {
  const at = bytes.indexOf("MQTT");
  return at < 0 ? undefined : bytes[at + 4];
}

function answerToFirst({
  bytes,
  clause,
  reasonCode,
}: MalformedPacket): Pick<MalformedCase, "answer" | "reasonCode"> {
  if (clause === UNSPOKEN) return { answer: "connack", reasonCode: isOld(bytes) ? 1 : reasonCode };
  return { answer: levelOf(bytes) === 5 ? "connack" : undefined, reasonCode };
}

/** What has no statement of its own breaks the one about violations in general. */
function statementOf(clause: string, version: 4 | 5): string {
  if (clause.startsWith("MQTT-")) return clause;
  return version === 5 ? "MQTT-4.13.1-1" : "MQTT-4.8.0-1";
}
