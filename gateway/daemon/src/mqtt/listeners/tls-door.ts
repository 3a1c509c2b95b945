import type { Socket } from "node:net";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import { Remarks } from "@tram/broker";
import type { Clock, Log, MqttCertificate } from "@tram/core";
import { HANDSHAKE_MS, type ListenerSpec, SOCKET_OPTIONS } from "./listener.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** RFC 8996: older ones are not to be used. */
const OLDEST_TLS = "TLSv1.2";

export interface TlsDoorParts {
  readonly identity: TlsIdentity;
  readonly log: Log;
  readonly clock: Pick<Clock, "monotonic">;
}

/** What a listener with TLS shows to its clients, and wants to see of them. */
export class TlsDoor {
  readonly #spec: ListenerSpec;
  readonly #parts: TlsDoorParts;
  readonly #remarks: Remarks;

  constructor(spec: ListenerSpec, parts: TlsDoorParts) {
    this.#spec = spec;
    this.#parts = parts;
    this.#remarks = new Remarks(parts.log, parts.clock);
  }

  /** For the server. */
  options(): TlsOptions {
    return {
      ...this.#parts.identity.options(),
      ...SOCKET_OPTIONS,
      minVersion: OLDEST_TLS,
      handshakeTimeout: HANDSHAKE_MS,
      requestCert: this.#spec.clientCertificates !== "off",
      // The identity judges: Node cannot be told what time it is, nor who was struck off.
      rejectUnauthorized: false,
    };
  }

  /** Lets a server have what the identity changes to, from the next handshake on. */
  follow(server: Server): Disposable {
    const { identity, log } = this.#parts;
    return identity.onChange(() => {
      try {
        server.setSecureContext({ ...identity.options(), minVersion: OLDEST_TLS });
      } catch (error) {
        log.error(
          { listener: this.#spec.id, reason: String(error) },
          "the new certificate cannot be used: the one before stays",
        );
      }
    });
  }

  /**
   * Judges who has come through the handshake; whoever is refused is cut off.
   * @returns what the client has shown; `refused` when it is gone.
   */
  admit(socket: TLSSocket): MqttCertificate | undefined | "refused" {
    const { clientCertificates, id } = this.#spec;
    if (clientCertificates === "off") return undefined;
    const verdict = this.#judge(socket);
    const reason =
      verdict === undefined
        ? clientCertificates === "required" && "it has shown none"
        : "refused" in verdict && verdict.refused;
    if (reason === false) return verdict as MqttCertificate | undefined;
    const { remoteAddress: address = "" } = socket;
    this.#remarks.warn(address, { listener: id, address, reason }, "a client's certificate was refused");
    socket.destroy();
    return "refused";
  }

  #judge(socket: TLSSocket): ReturnType<TlsIdentity["verify"]> {
    try {
      return this.#parts.identity.verify(socket);
    } catch (error) {
      return { refused: `it cannot be read: ${String(error)}` }; // One socket must not end the process.
    }
  }
}

/** A handshake that fails is the client's affair. Without a listener the socket's error would end the process. */
export function dropFailedHandshakes(server: Server): void {
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
}
