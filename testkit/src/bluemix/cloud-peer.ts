import type { CloudPeer } from "../provider-contract.ts";
import type { Bluemix } from "./bluemix.ts";

/** The double as the other side of the provider contract: each event carries a message, and its `id`. */
export function bluemixPeer(bluemix: Bluemix): CloudPeer {
  return {
    start: () => bluemix.start(),
    stop: () => bluemix.stop(),
    cut: () => bluemix.cut(),
    received: async () =>
      bluemix.events().map(({ payload }) => JSON.parse(payload.toString("utf8")) as { readonly id: string }),
  };
}
