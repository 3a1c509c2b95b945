import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** Who we are to a cloud, and whom we believe. All in PEM. */
export interface TlsIdentity {
  /** The authorities that are believed instead of the system's. */
  readonly ca?: string;
  /** Our certificate, with what leads up to its authority behind it. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
}

/** What is asked of TLS on one connection. There is nothing in here that could weaken it. */
export interface TlsTerms {
  readonly identity?: TlsIdentity;
  /** RFC 7301: protocols that the server may choose from; needed where MQTT shares port 443. */
  readonly alpn?: readonly string[];
  /** RFC 6066 §3, and the name that the certificate must be for. Default: the host. */
  readonly servername?: string;
}

/** The peer must prove that it is `host` to whom we believe, with TLS 1.2 or later; an address is no server name (RFC 6066 §3). */
export function tlsOptions(host: string, terms: TlsTerms): ConnectionOptions {
  const { identity = {}, alpn, servername = host } = terms;
  const { ca, cert, key } = identity;
  return {
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    ...(isIP(servername) === 0 ? { servername } : {}),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
