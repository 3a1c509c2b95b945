/**
 * - `unreachable`: nobody answers there.
 * - `dns`: the name is unknown, or nobody answers who would know it.
 * - `credentials`: the cloud does not accept who we say we are.
 * - `tls`: there is no TLS, or none that both know.
 * - `tls-authority`: the certificate comes from an authority that we do not know.
 * - `tls-host`: the certificate is for another host name.
 * - `tls-expired`, `tls-early`: the certificate is not valid any more, or not yet; by our clock.
 * - `tls-client`: the cloud does not accept our certificate, or wants one.
 * - `tls-files`: our own certificate, key or authority cannot be used.
 * - `timeout`: it took the connection and then said nothing.
 * - `refused`: it answered, and does not want us.
 * - `protocol`: it does not speak our protocol, or not all of it that we need.
 * - `aborted`: we stopped ourselves.
 */
export type BridgeErrorCode =
  | "unreachable"
  | "dns"
  | "credentials"
  | "tls"
  | "tls-authority"
  | "tls-host"
  | "tls-expired"
  | "tls-early"
  | "tls-client"
  | "tls-files"
  | "timeout"
  | "refused"
  | "protocol"
  | "aborted";

/** Why a cloud could not be reached. The message is for people and names the host; it never holds a secret. */
export class BridgeError extends Error {
  readonly code: BridgeErrorCode;
  constructor(code: BridgeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BridgeError";
    this.code = code;
  }
}
