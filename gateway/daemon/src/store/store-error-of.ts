import { StoreError } from "@tram/core";
import type { StoreFailure } from "./store-failure.ts";

/** The error that callers of the store get. @param failure undefined when nobody knows more than that it is not open. */
export function storeErrorOf(failure: StoreFailure | undefined): StoreError {
  return new StoreError(failure?.code ?? "io", failure?.message ?? "the database is not open");
}
