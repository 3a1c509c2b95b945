import fc from "fast-check";
import { parseTopicFilter, type TopicFilter } from "../topic-filter.ts";
import { parseTopicName, type TopicName } from "../topic-name.ts";

/** Deep enough for the longest that the protocol allows. */
const WIDE = { bytes: 65_535, levels: 65_536 };

export function topicName(text: string): TopicName {
  const parsed = parseTopicName(text, WIDE);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.topic;
}

export function topicFilter(text: string): TopicFilter {
  const parsed = parseTopicFilter(text, WIDE);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.filter;
}

/** Few different levels, so that topics and filters often meet; the empty one and the server's own among them. */
const level = fc.constantFrom("a", "b", "", "$x", "a-level-long-enough-to-be-a-view");

export const topicNames: fc.Arbitrary<TopicName> = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter((text) => text !== "")
  .map(topicName);

export const topicFilters: fc.Arbitrary<TopicFilter> = fc
  .tuple(
    fc.array(fc.oneof({ arbitrary: level, weight: 2 }, { arbitrary: fc.constant("+"), weight: 1 }), {
      maxLength: 4,
    }),
    fc.boolean(),
  )
  .map(([levels, below]) => (below ? [...levels, "#"] : levels).join("/"))
  .filter((text) => text !== "")
  .map(topicFilter);
