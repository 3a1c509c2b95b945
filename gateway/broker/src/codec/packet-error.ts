import { ReasonCode } from "./reason-code.ts";

/**
 * - `malformed`: the bytes cannot be read as the specification says.
 * - `protocol-error`: they can, but must not be sent like this.
 * - `packet-too-large`: longer than the decoder was told to take.
 * - `topic-alias-invalid`: a topic alias of zero.
 * - `unsupported-version`: CONNECT of another protocol, or of a version other than 3.1.1 and 5.0.
 */
export type PacketErrorCode =
  | "malformed"
  | "protocol-error"
  | "packet-too-large"
  | "topic-alias-invalid"
  | "unsupported-version";

const REASON_CODES: Readonly<Record<PacketErrorCode, number>> = {
  malformed: ReasonCode.malformedPacket,
  "protocol-error": ReasonCode.protocolError,
  "packet-too-large": ReasonCode.packetTooLarge,
  "topic-alias-invalid": ReasonCode.topicAliasInvalid,
  "unsupported-version": ReasonCode.unsupportedProtocolVersion,
};

/**
 * Bytes that break the specification. Both versions say the same of it: the network connection is closed
 * ([MQTT-4.8.0-1] in 3.1.1, [MQTT-4.13.1-1] in 5.0), and in 5.0 `reasonCode` may go before in CONNACK or DISCONNECT.
 * The message never holds bytes of the packet: they may be a password.
 */
export class PacketError extends Error {
  readonly code: PacketErrorCode;
  /** For CONNACK or DISCONNECT of MQTT 5.0. */
  readonly reasonCode: number;
  /** The statement that is broken, `MQTT-3.1.2-3`, or the section where no statement is numbered, `§2.2.3`. */
  readonly clause: string;
  /**
   * The protocol level that CONNECT asked for, 0–255, when it is one that we do not speak. Up to 4, not counting the
   * highest bit (bridges set it between themselves, and try again without it), the answer that is understood is the
   * CONNACK of 3.1.1 with return code 1; above, that of 5.0. Undefined when it is no CONNECT of MQTT at all, which
   * deserves no answer.
   */
  readonly level: number | undefined;

  constructor(
    code: PacketErrorCode,
    message: string,
    { clause, level, cause }: { clause: string; level?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause });
    this.name = "PacketError";
    this.code = code;
    this.reasonCode = REASON_CODES[code];
    this.clause = clause;
    this.level = level;
  }
}
