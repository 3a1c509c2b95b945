import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** Of one hop, never of the next (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Node-RED needs none of them, and flows must never get to see who is signed in. */
const SECRETS = new Set(["cookie", "authorization"]);

/** Node-RED's word on these does not count on the gateway's address: cookies, who may read answers, what may run. */
const OURS = new Set([
  "set-cookie",
  "clear-site-data",
  "content-security-policy",
  "content-security-policy-report-only",
  "referrer-policy",
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
  "x-powered-by",
]);

/** Headers of a request as Node-RED gets them. */
export function requestHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return without(headers, (name) => SECRETS.has(name));
}

/** Headers of Node-RED's answer as the browser gets them. */
export function responseHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return without(headers, (name) => OURS.has(name) || name.startsWith("access-control-"));
}

function without(headers: IncomingHttpHeaders, dropped: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set(
    String(headers.connection ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name) && !dropped(name),
    ),
  );
}
