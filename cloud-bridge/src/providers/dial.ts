import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { BridgeError } from "../bridge-error.ts";
import { connectFault } from "./mqtt-reason.ts";
import { type TlsTerms, tlsOptions } from "./tls-identity.ts";

export interface DialTarget {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Left out: plain TCP. With it there is TLS or no connection. */
  readonly tls?: TlsTerms;
}

/** How long a name server, the network and TLS may be silent. */
export const DIAL_PATIENCE_MS: Ms = 20_000;

/** `host:port`, for people. */
export function addressOf({ host, port }: DialTarget): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * Opens a connection on which nothing was said yet. With TLS the peer has proved who it is before anybody can send it a
 * password.
 * @throws {BridgeError} when there is none.
 */
export function dial(
  target: DialTarget,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Pick<Clock, "trust"> },
): Promise<Socket> {
  const address = addressOf(target);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(aborted(signal));
      return;
    }
    let socket: Socket;
    try {
      socket = begin(target);
    } catch (cause) {
      // OpenSSL cannot read what we are to show; its message names the kind of fault and quotes nothing.
      reject(
        new BridgeError("tls-files", `our certificate or key cannot be used (${codeOf(cause)})`, { cause }),
      );
      return;
    }
    const ready = target.tls === undefined ? "connect" : "secureConnect";
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose).off("timeout", onTimeout).off(ready, onReady);
      socket.setTimeout(0);
    };
    const fail = (error: BridgeError): void => {
      settle();
      socket.on("error", () => undefined); // What it says after its end is of no interest.
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(aborted(signal));
    const onError = (error: Error): void => fail(connectFault(address, error, clock.trust));
    const onClose = (): void => fail(connectFault(address, undefined, clock.trust));
    const onTimeout = (): void => fail(new BridgeError("timeout", `${address}: it does not answer`));
    const onReady = (): void => {
      settle();
      socket.on("error", () => undefined); // Its next owner looks at it first: nothing falls between the two.
      resolve(socket);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError).on("close", onClose).on("timeout", onTimeout).on(ready, onReady);
    socket.setTimeout(DIAL_PATIENCE_MS);
  });
}

function begin({ host, port, tls }: DialTarget): Socket {
  // Nagle's algorithm and delayed acknowledgements together would make each message wait 40 ms for the one before.
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  const socket = connectTls({ host, port, ...tlsOptions(host, tls) });
  socket.setNoDelay(true);
  return socket;
}

function aborted(signal: AbortSignal): BridgeError {
  return new BridgeError("aborted", "the connection is not wanted any more", { cause: signal.reason });
}

function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : "unreadable";
}
