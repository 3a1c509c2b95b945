import type { Violation } from "./violation.ts";

/** Ways to break what is in gateway/broker/src/session. */
export const SESSION_VIOLATIONS: readonly Violation[] = [
  {
    what: "overlapping subscriptions: any QoS of them",
    file: "session/one-copy.ts",
    find: "if (qos > granted) granted = qos;",
    put: "granted = qos;",
    breaks: { v4: "3.3.5-1", v5: "3.3.4-2" },
  },
  {
    what: "the QoS that was granted is not kept to",
    file: "session/one-copy.ts",
    find: "const qos = granted < message.qos ? granted : message.qos;",
    put: "const qos = granted < 3 ? message.qos : granted;",
    breaks: { v4: "3.8.4-6", v5: "3.8.4-8" },
    tied: { v4: "3.8.4-3", v5: "3.8.4-3 4.8.2-3" },
  },
  {
    what: "No Local is not kept to",
    file: "session/one-copy.ts",
    find: "const wanting = own ? subscriptions",
    put: "const wanting = own && subscriptions.length === 0 ? subscriptions",
    breaks: { v5: "3.8.3-3" },
  },
  {
    what: "Retain As Published is not kept to",
    file: "session/one-copy.ts",
    find: "if (retainAsPublished) retain = message.retain;",
    put: "",
    breaks: { v5: "3.3.1-13" },
  },
  {
    what: "RETAIN stays set for all",
    file: "session/one-copy.ts",
    find: "if (retainAsPublished) retain",
    put: "if (retainAsPublished || true) retain",
    breaks: { v4: "3.3.1-9", v5: "3.3.1-12" },
  },
  {
    what: "Subscription Identifiers are lost",
    file: "session/one-copy.ts",
    find: "identifiers.push(identifier);",
    put: "identifiers.slice();",
    breaks: { v5: "3.3.4-3 3.3.4-4" },
  },
  {
    what: "what has expired is sent",
    file: "session/outbound-flow.ts",
    find: "      if (hasExpired(exchange, now)) {\n        this.#expired++;\n        this.#end(exchange);",
    put: "      if (hasExpired(exchange, now - 1e9)) {\n        this.#expired++;\n        this.#end(exchange);",
    breaks: { v5: "3.3.2-5" },
  },
  {
    what: "a message of QoS 2 is taken as often as it comes",
    file: "session/inbound-flow.ts",
    find: "if (this.#open.has(id)) return false;",
    put: "",
    breaks: { v4: "4.3.3-2", v5: "4.3.3-10" },
  },
  {
    what: "PUBREL does not free the identifier",
    file: "session/inbound-flow.ts",
    find: "return this.#open.delete(id);",
    put: "return this.#open.has(id);",
    breaks: { v4: "4.3.3-2", v5: "4.3.3-12" },
  },
  {
    what: "a refusal does not free the identifier",
    file: "session/inbound-flow.ts",
    find: "refuse(id: number): void {\n    this.#open.delete(id);",
    put: "refuse(id: number): void {\n    this.#open.has(id);",
    breaks: { v5: "4.3.3-9" },
  },
  {
    what: "what is sent again comes in another order",
    file: "session/outbound-flow.ts",
    find: "again.sort((a, b) => a.sending - b.sending)",
    put: "again.sort((a, b) => b.sending - a.sending)",
    breaks: { v4: "4.6.0-1", v5: "4.6.0-1" },
  },
];
