import type { IncomingHttpHeaders } from "node:http";

/** Whether the page that sent a request is the gateway's own; `undefined` when the request does not say. */
export function fromOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean | undefined {
  if (origin === undefined) return undefined;
  try {
    return new URL(origin).host === host;
  } catch {
    return false; // `null` and other opaque origins are not ours.
  }
}
