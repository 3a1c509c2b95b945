import type { Clock } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import { nameOf, type TakeBundle } from "../http/routes-backup.ts";
import type { GatewayPartsRoom } from "./gateway-parts.ts";

/** What makes the support bundles of a running gateway. Its code is loaded with the first. */
export function bundleTaker(
  room: GatewayPartsRoom & { readonly clock: Pick<Clock, "now">; readonly audit: { readonly audit: Audit } },
): TakeBundle {
  return async ({ address, by }) => {
    const [{ packBundle }, { gatewayParts }, { knownSecrets }] = await Promise.all([
      import("./bundle.ts"),
      import("./gateway-parts.ts"),
      import("./known-secrets.ts"),
    ]);
    room.audit.audit({ action: "bundle-taken", subject: PRODUCT.name, by, address });
    const now = room.clock.now();
    const bytes = await packBundle(gatewayParts(room), {
      secrets: knownSecrets(room.settings),
      time: Math.max(0, Math.floor(now / 1_000)),
    });
    return { bytes, name: nameOf(room.settings.gateway.id, new Date(now).toISOString(), "support.tar.gz") };
  };
}
