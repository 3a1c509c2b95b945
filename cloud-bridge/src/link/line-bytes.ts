import type { Ms } from "@tram/protocol";

/** What of a line matters for how much is paid for it. */
export interface LineKind {
  readonly tls: boolean;
  /** Seconds of silence before the peer is asked whether it is there. */
  readonly keepaliveS: number;
}

/** IPv4 and TCP headers without options (RFC 791 §3.1, RFC 9293 §3.1). */
const SEGMENT = 40;
/** A record of TLS 1.2 with AES-GCM (RFC 5246 §6.2.3.3, RFC 5288 §3); TLS 1.3 needs 22. */
const TLS_RECORD = 29;
/** MQTT 3.1.1 §3.4 and 5.0 §3.4: a PUBACK without reason string. */
const ACKNOWLEDGEMENT = 4;
/** MQTT 3.1.1 §3.12, §3.13. */
const PING = 2;
/** Name service, TCP, and for TLS two chains of certificates: an estimate, seen between 4 and 8 kB. */
const CONNECT = { plain: 500, tls: 6_500 };

/**
 * Bytes that a message and its acknowledgement take on the line, as an operator counts them. The message's own size is
 * exact; the headers are those of one segment and one record each, which is what there is unless several messages
 * share a segment. Segments that are lost and sent again are not known here.
 * @param size topic, payload and headers of the message.
 */
export function messageBytes(size: number, { tls }: Pick<LineKind, "tls">): number {
  const around = SEGMENT + (tls ? TLS_RECORD : 0);
  return size + around + ACKNOWLEDGEMENT + around;
}

/** The same of an attempt to connect that got as far as the cloud. An estimate. */
export function connectBytes({ tls }: Pick<LineKind, "tls">): number {
  return tls ? CONNECT.tls : CONNECT.plain;
}

/** The same of the keep-alives of a silence: a request, its answer, and the acknowledgement of that, each. */
export function silenceBytes(silentMs: Ms, { keepaliveS, tls }: LineKind): number {
  if (keepaliveS <= 0) return 0;
  const around = SEGMENT + (tls ? TLS_RECORD : 0);
  return Math.floor(silentMs / (keepaliveS * 1_000)) * (2 * (PING + around) + SEGMENT);
}
