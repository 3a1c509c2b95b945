/** How an operation is carried out (WoT TD 1.1 §5.3.4.2 Form). */
export type Form = Readonly<Record<string, unknown>>;

/** Who may come in by which door. A client that cannot set headers (EventSource) says its token in the query. */
export const SECURITY = {
  bearer: { scheme: "bearer", format: "opaque" },
  bearer_query: { scheme: "bearer", format: "opaque", in: "query", name: "access_token" },
} as const;

export function httpForm(href: string, op: readonly string[], method: string): Form {
  return { href, op, "htv:methodName": method, contentType: "application/json" };
}

/** WoT Profile "HTTP SSE Profile": the same address, asked for `text/event-stream`; the data are JSON. */
export function sseForm(href: string, op: readonly string[]): Form {
  return { href, op, subprotocol: "sse", "htv:methodName": "GET", contentType: "application/json" };
}

/** With the token in a header, and in the query for clients that cannot. */
export function bothWays(form: Form): readonly Form[] {
  return [form, { ...form, security: ["bearer_query"] }];
}
