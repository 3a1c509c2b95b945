import type { BrokerHooks, Clock, Log, Transactions } from "@tram/core";
import type { Flusher } from "../connection/flusher.ts";
import type { BrokerLimits } from "./limits.ts";
import type { Remarks } from "./remarks.ts";
import type { RetainedMessages } from "./retained-messages.ts";
import type { Router } from "./router.ts";
import type { SessionStore } from "./session-store.ts";
import type { Sessions } from "./sessions.ts";

/** What was counted since the start. */
export interface Totals {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Logins that were refused. */
  refused: number;
  /** What sessions that have ended had dropped. */
  dropped: number;
}

/** Where clients of 5.0 are sent instead (§4.11). */
export interface Redirect {
  readonly permanent: boolean;
  /** Names and ports of other servers, for the Server Reference; 5.0 leaves the form open. */
  readonly reference: string;
}

/** What the parts of the broker share. */
export interface Room {
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly hooks: BrokerHooks;
  readonly transactions: Pick<Transactions, "transact">;
  readonly router: Router;
  readonly retained: RetainedMessages;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly remarks: Remarks;
  readonly flusher: Flusher;
  readonly totals: Totals;
  readonly redirect: Redirect | undefined;
  /** Nobody new is let in: memory is scarce, or the broker closes. */
  readonly full: () => boolean;
  /** A client waits for an acknowledgement that cannot be given. */
  readonly unacknowledged: Set<{ close(reason: string): void }>;
}
