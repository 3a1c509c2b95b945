import type { QuarantineReport } from "./quarantine.ts";
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

/** What a thread of the store is started for (`workerData`). */
export type StoreJob =
  | {
      readonly kind: "serve";
      readonly file: string;
      readonly driver?: DriverName | undefined;
      readonly syncWindowMs: number;
      readonly snapshotEveryMs: number;
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
  | { readonly kind: "ready"; readonly quarantine: QuarantineReport | undefined }
  | { readonly kind: "refused"; readonly code: StoreOpenErrorCode; readonly message: string }
  | { readonly kind: "answer"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly kind: "failed"; readonly id: number; readonly failure: StoreFailure }
  /** Something failed that nobody asked for: a sync of the window, a snapshot. */
  | { readonly kind: "fault"; readonly failure: StoreFailure };
