import {
  DEFAULT_TOPIC_LIMITS,
  refuse,
  type TopicLimits,
  type TopicProblem,
  type TopicText,
  textProblem,
} from "./topic-text.ts";

/** A topic name that has been checked: what a message is published to. */
export type TopicName = TopicText<"TopicName">;

export type TopicNameResult = { readonly ok: true; readonly topic: TopicName } | TopicProblem;

const WILDCARD = /[+#]/;

/**
 * Checks a topic name: MQTT 3.1.1 §4.7, 5.0 §4.7. Names with a leading `$` are valid: who may publish to them is a
 * matter of authorisation. Nothing is normalised: empty levels, spaces and letters of any script are kept as they are.
 */
export function parseTopicName(text: string, limits: TopicLimits = DEFAULT_TOPIC_LIMITS): TopicNameResult {
  const problem = textProblem(text, limits);
  if (problem !== undefined) return problem;
  if (WILDCARD.test(text)) return refuse("wildcard-in-name", "MQTT-4.7.0-1", "a topic name has no + or #");
  return { ok: true, topic: text as TopicName };
}
