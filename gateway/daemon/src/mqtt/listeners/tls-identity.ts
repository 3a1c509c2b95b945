import { readFileSync } from "node:fs";
import type { PeerCertificate, TLSSocket, TlsOptions } from "node:tls";
import type { MqttCertificate } from "@tram/core";

/** What a TLS listener is made of, and how it judges the certificates of clients. */
export interface TlsIdentity {
  /** There is a certificate. */
  readonly exists: boolean;
  /** Key, certificate and authorities for the server. */
  options(): TlsOptions;
  /** Tells when `options` says something else from now on. */
  onChange(listener: () => void): Disposable;
  /**
   * Judges the certificate of a client whose handshake has proved that it has the key.
   * @returns undefined when the client has shown none.
   */
  verify(socket: TLSSocket): MqttCertificate | undefined | { readonly refused: string };
}

/** Key and certificates in files that somebody else looks after. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients' certificates. */
  readonly ca?: string | undefined;
}

/** The files are read when a listener opens: what is wrong with them is the problem of that listener. */
export function identityOfFiles(files: TlsFiles): TlsIdentity {
  return {
    exists: true,
    options: () => ({
      cert: readFileSync(files.cert),
      key: readFileSync(files.key),
      ...(files.ca !== undefined && { ca: readFileSync(files.ca) }),
    }),
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    verify: (socket) => {
      // `null` when the connection is gone already, an empty object without a certificate, whatever the types say.
      const shown = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
      if (shown?.subject === undefined) return undefined;
      const { serialNumber: serial = "", subject } = shown;
      if (!socket.authorized) return { refused: String(socket.authorizationError) };
      const { CN } = subject as { readonly CN?: string | readonly string[] };
      const commonName = Array.isArray(CN) ? CN[0] : CN;
      if (typeof commonName !== "string" || commonName === "") return { refused: "it has no common name" };
      return { commonName, serial };
    },
  };
}
