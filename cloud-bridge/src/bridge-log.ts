import type { Log } from "@tram/core";

/** What the bridge needs of a log. */
export type BridgeLog = Pick<Log, "info" | "warn" | "error">;
