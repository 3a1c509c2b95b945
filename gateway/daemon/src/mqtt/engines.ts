import { TRAM_CAPABILITIES } from "@tram/broker";
import type { BrokerCapabilities } from "@tram/core";

/** The engines by their names in the configuration, and what each gives: tried by the contract of the testkit. */
export const ENGINES = {
  tram: TRAM_CAPABILITIES,
  aedes: {
    ownClients: true,
    acknowledgesWhenKept: true,
    mqtt5: false,
    sharedSubscriptions: false,
    durableSessions: false,
    durableRetained: true,
  },
  // As the broker gives it: told of mosquitto 2.0, with `persistence true`.
  external: {
    ownClients: false,
    acknowledgesWhenKept: false,
    mqtt5: true,
    sharedSubscriptions: true,
    durableSessions: true,
    durableRetained: true,
  },
} as const satisfies Readonly<Record<string, BrokerCapabilities>>;
