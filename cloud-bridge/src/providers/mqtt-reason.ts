import type { PublishOutcome } from "@tram/core";
import type { ClockTrust } from "@tram/protocol";
import { BridgeError } from "../bridge-error.ts";

/**
 * MQTT 5.0 §3.4.2.1, PUBACK reason codes: what a message that was refused may hope for.
 * Parked is only what no later attempt can change, because the message itself is at fault. Everything that a broker's
 * owner can set right (rights, quota) or that passes is sent again; until then it holds back its own Thing alone.
 */
const PUBACK_REFUSALS: Readonly<Record<number, { readonly reason: string; readonly park: boolean }>> = {
  128: { reason: "refused without a reason (0x80)", park: false },
  131: { reason: "refused for a reason of the broker's own (0x83)", park: false },
  // Rights are given in a console by somebody who then expects the readings of the meantime.
  135: { reason: "not authorised to publish to this topic (0x87)", park: false },
  144: { reason: "the broker does not accept this topic (0x90)", park: true },
  145: { reason: "the packet identifier is in use (0x91)", park: false },
  // Not in the table of §3.4.2.1, but mosquitto answers so.
  149: { reason: "the message is too large for the broker (0x95)", park: true },
  151: { reason: "a quota of the broker is used up (0x97)", park: false },
  153: { reason: "the broker does not accept this payload (0x99)", park: true },
};

/** @param code PUBACK reason code, 0x80 and above. */
export function refusal(code: number): PublishOutcome {
  const known = PUBACK_REFUSALS[code];
  if (known === undefined) return { outcome: "retry", reason: `refused with reason code ${hex(code)}` };
  return { outcome: known.park ? "rejected" : "retry", reason: known.reason };
}

/** MQTT 3.1.1 §3.2.2.3 return codes and MQTT 5.0 §3.2.2.2 reason codes: ours to mend with other credentials. */
const WRONG_CREDENTIALS: readonly number[] = [4, 5, 0x86, 0x87, 0x8c];

const CONNACK_REFUSALS: Readonly<Record<number, string>> = {
  1: "it does not speak MQTT 3.1.1",
  2: "it does not accept the client id",
  3: "it is not available",
  4: "it does not accept the user name or the password",
  5: "it does not authorise this client",
  132: "it does not speak MQTT 5",
  133: "it does not accept the client id",
  134: "it does not accept the user name or the password",
  135: "it does not authorise this client",
  136: "it is not available",
  137: "it is busy",
  138: "this client is banned",
  140: "it wants another way of authentication",
  149: "our connect packet is too large for it",
  151: "a quota is used up",
  156: "it asks to use another server",
  157: "it has moved",
  159: "too many connections in a short time",
};

const UNKNOWN_AUTHORITY = "its certificate comes from an authority that is not known here";

/** Why the network or TLS failed, in the words of somebody who looks at a cable. */
const SYSTEM_FAULTS: Readonly<Record<string, readonly [BridgeError["code"], string]>> = {
  ECONNREFUSED: ["unreachable", "nothing listens there (ECONNREFUSED)"],
  ECONNRESET: ["unreachable", "it cut the connection (ECONNRESET)"],
  EPIPE: ["unreachable", "it cut the connection (EPIPE)"],
  ENOTFOUND: ["dns", "the name is not known: no Internet, or a typo (ENOTFOUND)"],
  EAI_AGAIN: ["dns", "the name server does not answer: no Internet (EAI_AGAIN)"],
  EHOSTUNREACH: ["unreachable", "there is no way to the host (EHOSTUNREACH)"],
  ENETUNREACH: ["unreachable", "there is no network (ENETUNREACH)"],
  ETIMEDOUT: ["timeout", "it does not answer (ETIMEDOUT)"],
  CERT_HAS_EXPIRED: ["tls-expired", "its certificate has expired"],
  CERT_NOT_YET_VALID: ["tls-early", "its certificate is not valid yet"],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["tls-authority", "its certificate is signed by itself, and not known here"],
  SELF_SIGNED_CERT_IN_CHAIN: ["tls-authority", UNKNOWN_AUTHORITY],
  UNABLE_TO_GET_ISSUER_CERT: ["tls-authority", UNKNOWN_AUTHORITY],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["tls-authority", UNKNOWN_AUTHORITY],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["tls-authority", UNKNOWN_AUTHORITY],
  CERT_SIGNATURE_FAILURE: ["tls-authority", UNKNOWN_AUTHORITY],
  ERR_TLS_CERT_ALTNAME_INVALID: ["tls-host", "its certificate is for another host name"],
};

/** RFC 8446 §6.2, as OpenSSL names them: what a server says of the certificate that we showed, or did not show. */
const CERTIFICATE_ALERT =
  /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED)$/;

/**
 * Says why a connection could not be made or was lost. Never quotes what was sent.
 * @param address `host:port`.
 * @param trust of our clock: a certificate is out of date by a clock, and that may be the one at fault.
 */
export function connectFault(
  address: string,
  cause: Error | undefined,
  trust: ClockTrust = "synced",
): BridgeError {
  const options = cause === undefined ? undefined : { cause };
  if (cause === undefined) {
    return new BridgeError("refused", `${address}: it closed the connection without an answer`);
  }
  const { code } = cause as Error & { code?: number | string };
  if (typeof code === "number") {
    const said = CONNACK_REFUSALS[code] ?? `it refused with code ${hex(code)}`;
    return new BridgeError(
      WRONG_CREDENTIALS.includes(code) ? "credentials" : "refused",
      `${address}: ${said}`,
      options,
    );
  }
  const fault = code === undefined ? undefined : SYSTEM_FAULTS[code];
  if (fault !== undefined) {
    const [kind, said] = fault;
    const byClock = kind === "tls-expired" || kind === "tls-early";
    const doubt = byClock && trust !== "synced" ? "; but the gateway's own clock is not set for sure" : "";
    return new BridgeError(kind, `${address}: ${said}${doubt}`, options);
  }
  if (cause.message === "connack timeout") {
    return new BridgeError("timeout", `${address}: it took the connection and said nothing`, options);
  }
  if (cause.message === "Keepalive timeout") {
    return new BridgeError("timeout", `${address}: it does not answer any more`, options);
  }
  if (code !== undefined && CERTIFICATE_ALERT.test(code)) {
    const said = code.endsWith("REQUIRED")
      ? "it wants a certificate of ours"
      : "it does not accept our certificate";
    return new BridgeError("tls-client", `${address}: ${said} (${alertOf(code)})`, options);
  }
  // RFC 5246 §7.4.6: so TLS 1.2 may also say that it wants a certificate and got none.
  if (code?.endsWith("ALERT_HANDSHAKE_FAILURE") === true) {
    const said = "it wants a certificate of ours, or has no cipher in common with us";
    return new BridgeError("tls-client", `${address}: ${said} (handshake failure)`, options);
  }
  if (code?.endsWith("NO_APPLICATION_PROTOCOL") === true) {
    return new BridgeError("tls", `${address}: it does not speak the protocol that \`alpn\` names`, options);
  }
  if (code?.startsWith("ERR_SSL") === true || code === "EPROTO") {
    return new BridgeError("tls", `${address}: it does not speak TLS, or not our kind (${code})`, options);
  }
  const said = code ?? cause.message;
  return new BridgeError(code === undefined ? "protocol" : "unreachable", `${address}: ${said}`, options);
}

/** `unknown ca` of `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
function alertOf(code: string): string {
  return code
    .replace(/^.*ALERT_/, "")
    .replaceAll("_", " ")
    .toLowerCase();
}

/** MQTT 5.0 §3.14.2.1: why the broker said goodbye. */
export function goodbye(address: string, code: number | undefined): string {
  const said =
    code === undefined || code === 0
      ? "it closed the connection"
      : (DISCONNECTS[code] ?? `it closed the connection with code ${hex(code)}`);
  return `${address}: ${said}`;
}

const DISCONNECTS: Readonly<Record<number, string>> = {
  135: "this client is not authorised any more",
  137: "it is busy",
  139: "it is shutting down",
  141: "it did not hear us in time",
  142: "another client took over with the same client id",
  147: "we had too many messages in flight",
  149: "a packet was too large for it",
  150: "we send too fast",
  151: "a quota is used up",
  152: "its administrator closed the connection",
};

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
