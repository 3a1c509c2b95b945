import type { Broker, Clock, Log } from "@tram/core";
import type { ClientDesk } from "../../http/routes-clients.ts";
import { ClientViews } from "./client-views.ts";

/** Looks at the clients of the broker, and shows them the door. */
export function clientDesk(broker: () => Broker, clock: Clock, log: Log): ClientDesk {
  const views = new ClientViews(broker, clock);
  return {
    all: () => views.all(),
    of: (id) => views.of(id),
    kick: (clientId, { by, forget }) => {
      log.info({ client: clientId, by, forget }, "a client is disconnected by hand");
      return broker().disconnect({ clientId }, { reason: "administrative", forget });
    },
  };
}
