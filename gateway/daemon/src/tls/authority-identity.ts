import { constants } from "node:crypto";
import type { Clock } from "@tram/core";
import type { TlsIdentity } from "../mqtt/listeners/tls-identity.ts";
import type { Authority } from "./authority.ts";
import { verifyClient } from "./verify-client.ts";

/** TLS of the gateway's own authority. */
export function identityOfAuthority(authority: Authority, clock: Clock): TlsIdentity {
  return {
    get exists() {
      return authority.server !== undefined;
    },
    options: () => {
      const { server } = authority;
      if (server === undefined) throw new Error("there is no certificate for the broker");
      return {
        cert: server.certificate,
        key: server.key,
        // Named in the request for a certificate, so that clients know which of theirs is meant.
        ca: authority.trusted.map((certificate) => certificate.toString()),
        // A session that is taken up again brings a certificate of then: what was revoked since would come in.
        secureOptions: constants.SSL_OP_NO_TICKET,
      };
    },
    onChange: (listener) => authority.onChange(listener),
    verify: (socket) => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate === undefined) return undefined;
      const { revoked, trusted } = authority;
      return verifyClient(certificate, {
        authorities: trusted,
        revoked,
        now: clock.now(),
        trust: clock.trust,
      });
    },
  };
}
