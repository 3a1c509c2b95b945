/**
 * - `unreachable`: nobody answers there, or the name is unknown.
 * - `credentials`: the cloud does not accept who we say we are.
 * - `tls`: the other side could not prove who it is.
 * - `timeout`: it took the connection and then said nothing.
 * - `refused`: it answered, and does not want us.
 * - `protocol`: it does not speak our protocol, or not all of it that we need.
 * - `aborted`: we stopped ourselves.
 */
export type BridgeErrorCode =
  | "unreachable"
  | "credentials"
  | "tls"
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
