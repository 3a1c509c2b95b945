import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { MqttCertificate } from "@tram/core";

/** What a TLS listener is made of, and how it judges the certificates of clients. */
export interface TlsIdentity {
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

/** @throws {Error} when a file cannot be read or is no certificate. */
export function identityOfFiles(files: TlsFiles): TlsIdentity {
  const options: TlsOptions = {
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
    ...(files.ca !== undefined && { ca: readFileSync(files.ca) }),
  };
  new X509Certificate(options.cert as Buffer); // Says now what is wrong with it, and not at the first handshake.
  return {
    options: () => options,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    verify: (socket) => {
      const { serialNumber, subject } = socket.getPeerCertificate();
      if (subject === undefined) return undefined;
      if (!socket.authorized) return { refused: String(socket.authorizationError) };
      const { CN } = subject as { readonly CN?: string | readonly string[] };
      const commonName = Array.isArray(CN) ? CN[0] : CN;
      if (typeof commonName !== "string" || commonName === "") return { refused: "it has no common name" };
      return { commonName, serial: serialNumber };
    },
  };
}
