import type { StoreErrorCode } from "@tram/core";

/**
 * Why a store could not be opened.
 * - `newer-schema`: a newer program wrote it; it was not touched.
 * - `no-sqlite`: neither engine works here.
 * - `in-use`: another process works with it; it was not touched.
 */
export type StoreOpenErrorCode = Exclude<StoreErrorCode, "closed"> | "newer-schema" | "no-sqlite" | "in-use";

export class StoreOpenError extends Error {
  readonly code: StoreOpenErrorCode;
  constructor(code: StoreOpenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreOpenError";
    this.code = code;
  }
}

/** The code of a store for what kept it from being opened again. */
export function storeCodeOf(code: StoreOpenErrorCode): Exclude<StoreErrorCode, "closed"> {
  return code === "newer-schema" || code === "no-sqlite" || code === "in-use" ? "io" : code;
}
