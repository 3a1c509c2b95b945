import type { StoreError } from "@tram/core";
import type { ProblemReply } from "./route.ts";

/**
 * The answer where the store did not keep what an acknowledgement would promise.
 * @param what what has happened all the same, as the beginning of a sentence.
 */
export function notStored(error: StoreError, what = "Nothing of it is kept"): ProblemReply {
  return {
    status: 503,
    code: "not-stored",
    detail: `${what}: the store keeps nothing now (${error.code}: ${error.message}).`,
  };
}
