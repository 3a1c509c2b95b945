import type { QuarantineReport } from "./quarantine.ts";
import type { RescueExtent, RescueOptions } from "./rescue.ts";
import type { DriverName } from "./sql-driver.ts";
import type { StoreFailure } from "./store-failure.ts";
import type { StoreOpenErrorCode } from "./store-open-error.ts";

/** An operation as it crosses to the store's thread: checked, and its value as JSON text. */
export type WireOperation =
  | { readonly op: "put"; readonly table: string; readonly key: string; readonly text: string }
  | { readonly op: "delete"; readonly table: string; readonly key: string }
  | { readonly op: "append"; readonly log: string; readonly seq: number; readonly text: string }
  | { readonly op: "remove"; readonly log: string; readonly seq: number };

export interface WireBatch {
  readonly operations: readonly WireOperation[];
  /** Must be on the medium before it is acknowledged. */
  readonly power: boolean;
}

export interface RefugeOptions extends RescueOptions {
  /** Time to the first attempt to open the database for writing, in milliseconds; then it doubles, up to 30 s. */
  readonly retryMs: number;
}

/** The disk did not allow more than reading when the thread started. */
export interface RefugeReport {
  /** Why nothing can be written. */
  readonly failure: StoreFailure;
  readonly extent: RescueExtent;
  /** What is not known of what the disk holds, for people. */
  readonly missing?: string | undefined;
}

/** What a thread of the store is started for (`workerData`). */
export type StoreJob =
  | {
      readonly kind: "serve";
      readonly file: string;
      readonly driver?: DriverName | undefined;
      readonly syncWindowMs: number;
      readonly snapshotEveryMs: number;
      /** Serve what can be read when the disk does not allow more; without it the thread refuses then. */
      readonly refuge?: RefugeOptions | undefined;
    }
  | { readonly kind: "snapshot"; readonly file: string; readonly driver?: DriverName | undefined };

/** Requests to the thread that serves. */
export interface Requests {
  /** A group; answered with one outcome for each batch. */
  commit: { readonly batches: readonly WireBatch[] };
  entries: { readonly table: string };
  rows: { readonly log: string; readonly after: number; readonly limit: number };
  extent: { readonly log: string };
  close: Readonly<Record<never, never>>;
}

export interface Answers {
  commit: readonly (StoreFailure | undefined)[];
  entries: readonly (readonly [key: string, text: string])[];
  rows: readonly (readonly [seq: number, text: string])[];
  extent: { readonly last: number; readonly count: number };
  close: undefined;
}

export type Request = {
  [Kind in keyof Requests]: { readonly id: number; readonly kind: Kind } & Requests[Kind];
}[keyof Requests];

export type FromThread =
  | {
      readonly kind: "ready";
      readonly quarantine: QuarantineReport | undefined;
      readonly refuge: RefugeReport | undefined;
    }
  /** The database could be opened for writing at last, and is what was read from it. */
  | { readonly kind: "returned" }
  /** It could be opened, but holds what nobody here has read: only a new start can take it up. */
  | { readonly kind: "stale"; readonly quarantine: QuarantineReport | undefined }
  | { readonly kind: "refused"; readonly code: StoreOpenErrorCode; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly kind: "failed"; readonly id: number; readonly failure: StoreFailure }
  /** Something failed that nobody asked for: a sync of the window, a snapshot. */
  | { readonly kind: "fault"; readonly failure: StoreFailure };
