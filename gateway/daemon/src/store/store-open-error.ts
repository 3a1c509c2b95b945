import type { StoreErrorCode } from "@tram/core";

/**
 * Why a store could not be opened.
 * - `newer-schema`: a newer program wrote it; it was not touched.
 * - `no-sqlite`: neither engine works here.
 */
export type StoreOpenErrorCode = Exclude<StoreErrorCode, "closed"> | "newer-schema" | "no-sqlite";

export class StoreOpenError extends Error {
  readonly code: StoreOpenErrorCode;
  constructor(code: StoreOpenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreOpenError";
    this.code = code;
  }
}
