import { parseSubscriptionFilter, parseTopicFilter } from "../topics/topic-filter.ts";
import type { TopicLimits, TopicProblemCode } from "../topics/topic-text.ts";
import type { PacketReader } from "./packet-reader.ts";
import type { RuleName } from "./violation.ts";

/** Whether a filter asks for a shared subscription (MQTT 5.0 §4.8.2; 3.1.1 knows none). */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith("$share/");
}

/** Here only the protocol counts: what a house allows is refused filter by filter, not by ending the connection. */
const NO_LIMITS: TopicLimits = { bytes: 65_535, levels: 65_536 };

/** What each problem breaks; the reader has seen to the others. */
const RULES: Partial<Readonly<Record<TopicProblemCode, RuleName>>> = {
  empty: "topic-empty",
  "multi-level-wildcard": "filter-multi-level",
  "single-level-wildcard": "filter-single-level",
  "share-name-empty": "share-name-empty",
  "share-name": "share-name",
};

/** Reads a topic filter and checks its form (3.1.1 §4.7.1 and §4.7.3, 5.0 also §4.8.2). */
export function readTopicFilter(reader: PacketReader): string {
  const filter = reader.text();
  const parse = reader.version === 5 ? parseSubscriptionFilter : parseTopicFilter;
  const parsed = parse(filter, NO_LIMITS);
  if (!parsed.ok) throw reader.violation(RULES[parsed.code] ?? "topic-empty");
  return filter;
}
