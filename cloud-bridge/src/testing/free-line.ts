import type { Clock, Store } from "@tram/core";
import { Traffic } from "../link/traffic.ts";
import type { LinkParts } from "../link.ts";
import { QuietLog } from "./quiet-log.ts";

/** What a link is told of a line that costs nothing. */
export async function freeLine(
  store: Store,
  clock: Clock,
): Promise<Pick<LinkParts, "traffic" | "wan" | "thrift">> {
  const wan: LinkParts["wan"] = {
    state: "unmetered",
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const options = { bridge: "up", timezone: "UTC", clock, wan, log: new QuietLog() };
  const traffic = await Traffic.open(store, { ...options, onChange: () => undefined });
  return { traffic, wan, thrift: { whileMetered: "send" } };
}
