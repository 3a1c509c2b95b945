import type { Json } from "@tram/protocol";

/**
 * How strongly a batch is kept when its commit resolves.
 * - `crash`: survives the end of the process (`kill -9`, out of memory). A power cut may cost the sync window.
 * - `power`: synced to the medium; survives a power cut.
 */
export type Durability = "crash" | "power";

/** Row of an append log. */
export interface LogRow {
  /** Position, above 0; given by the writer, unique in its log. */
  readonly seq: number;
  readonly value: Json;
}

/** One change of a batch. Structured-clone-able: the writer may live in another thread. */
export type Operation =
  | { readonly op: "put"; readonly table: string; readonly key: string; readonly value: Json }
  | { readonly op: "delete"; readonly table: string; readonly key: string }
  | { readonly op: "append"; readonly log: string; readonly seq: number; readonly value: Json }
  | { readonly op: "remove"; readonly log: string; readonly seq: number };

/** Why the store did not keep a batch. */
export type StoreErrorCode = "full" | "read-only" | "corrupt" | "io" | "closed";

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}

/**
 * Key/value tables and append logs, written through one committer. Reads see every committed batch; a batch in
 * flight is seen or not. Names of tables and logs are `a-z0-9-`.
 */
export interface Store {
  /** All entries of a table, in key order. */
  entries(table: string): Promise<ReadonlyMap<string, Json>>;
  /** Rows of a log after position `after`, in order, at most `limit`. */
  rows(log: string, options: { readonly after: number; readonly limit: number }): Promise<readonly LogRow[]>;
  /** Position and number of the rows of a log. `last` is the highest position ever appended, removed rows included. */
  extent(log: string): Promise<{ readonly last: number; readonly count: number }>;
  /**
   * Keeps all operations or none. Batches are applied in the order of the calls.
   * @throws {StoreError} when they could not be kept; nothing of them is.
   */
  commit(operations: readonly Operation[], durability: Durability): Promise<void>;
  /** Commits what is under way, syncs, and releases the files. */
  close(): Promise<void>;
}
