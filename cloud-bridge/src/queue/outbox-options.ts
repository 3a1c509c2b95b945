import type { Clock, CloudMessage, MessageClass } from "@tram/core";
import type { EpochMs, Ms } from "@tram/protocol";
import type { BridgeLog } from "../bridge-log.ts";
import type { Drops } from "./drop-ledger.ts";
import type { Taken } from "./message-time.ts";
import type { ThinningPolicy } from "./thinning.ts";

/** How much of one class a queue may hold, and how long. */
export interface ClassLimits {
  /** Default: all rows of the queue for alarms and replies, 90 % of them for the others. */
  readonly rows?: number;
  /** The same of its bytes. */
  readonly bytes?: number;
  /** A message that waits longer is dropped and counted; left out: it waits for ever. */
  readonly ttlMs?: Ms;
}

/** How much one queue may hold. */
export interface OutboxLimits {
  /** Queued rows. */
  readonly rows: number;
  /** Bytes of the queued rows, as JSON. */
  readonly bytes: number;
  /** Parked rows. */
  readonly parked: number;
  readonly classes?: Readonly<Partial<Record<MessageClass, ClassLimits>>>;
}

export const DEFAULT_LIMITS: OutboxLimits = { rows: 1_000_000, bytes: 256 * 1_048_576, parked: 1_000 };

/** What the backlog gets of the way while others have something to send too. */
export const DEFAULT_BACKLOG_SHARE = 0.5;

export interface OutboxOptions {
  /** Id of the bridge: names the logs `outbox-<bridge>` and `parked-<bridge>`. */
  readonly bridge: string;
  /**
   * What the message ids begin with. Must differ at every opening: after a power cut the store may have forgotten the
   * last positions, and a position that is used again must not make an id that the cloud has seen.
   */
  readonly idPrefix: string;
  readonly limits: OutboxLimits;
  /** How many messages of one lane may be in flight at once. */
  readonly window: number;
  /**
   * Part of what leaves that may come from lanes with a backlog while lanes without one have something to send, from 0
   * to 1; default 0.5. It counts within alarms, within replies, and within the rest.
   */
  readonly backlogShare?: number;
  /** Left out: telemetry is never thinned. */
  readonly thinning?: ThinningPolicy;
  readonly clock: Pick<Clock, "now" | "monotonic" | "bootId" | "trust">;
  readonly log: BridgeLog;
}

/** A message that has no id yet. */
export type Draft = Omit<CloudMessage, "id" | "timeUncertain" | "thinned"> & {
  /** When it was taken, if `time` is the gateway's and nobody could believe its clock then. */
  readonly taken?: Taken;
};

/** A message that was taken from the queue and waits for its outcome. */
export interface Flight {
  readonly seq: number;
  readonly message: CloudMessage;
}

export interface OutboxCounts {
  readonly queued: number;
  readonly queuedByClass: Readonly<Record<MessageClass, number>>;
  /** Since when the message waits that waits longest, of those whose time is known. */
  readonly oldest: EpochMs | undefined;
  /** Dropped for whatever reason, ever. */
  readonly dropped: number;
  readonly drops: Drops;
  readonly parked: number;
}
