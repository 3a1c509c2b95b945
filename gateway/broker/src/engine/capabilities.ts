import type { BrokerCapabilities } from "@tram/core";

/** What the own engine gives of what not every engine does. */
export const TRAM_CAPABILITIES: BrokerCapabilities = {
  ownClients: true,
  acknowledgesWhenKept: true,
  mqtt5: true,
  sharedSubscriptions: true,
  durableSessions: true,
  durableRetained: true,
};
