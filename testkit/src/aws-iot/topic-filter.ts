import type { AwsIotLimits } from "./limits.ts";

type TopicLimits = Pick<AwsIotLimits, "topicBytes" | "topicSlashes">;

/** Basic Ingest: straight to a rule, past the broker. Its prefix does not count ("AWS IoT Core quotas", topics). */
const BASIC_INGEST = /^\$aws\/rules\/[^/]+\//;

/** Whether a filter chooses a topic. Not `sport` by `sport/#`: the parent is not matched (MQTT in AWS IoT, differences). */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  // MQTT 3.1.1 §4.7.2: topics with $ are not for wildcards at the beginning.
  if (topic.startsWith("$") && (wanted[0] === "#" || wanted[0] === "+")) return false;
  for (const [at, level] of wanted.entries()) {
    if (level === "#") return levels.length > at;
    if (at >= levels.length) return false;
    if (level !== "+" && level !== levels[at]) return false;
  }
  return wanted.length === levels.length;
}

/** Whether a message may be published there, as far as the name goes. */
export function isTopic(topic: string, limits: TopicLimits): boolean {
  return isName(topic, limits) && !/[+#]/.test(topic);
}

/** Whether a filter is well-formed and within the limits. */
export function isFilter(filter: string, limits: TopicLimits): boolean {
  if (!isName(filter, limits)) return false;
  const levels = filter.split("/");
  return levels.every((level, at) => {
    if (level === "#") return at === levels.length - 1;
    return level === "+" || !/[+#]/.test(level);
  });
}

/** Whether this goes straight to a rule and to nobody else. */
export function isBasicIngest(topic: string): boolean {
  return BASIC_INGEST.test(topic);
}

function isName(name: string, { topicBytes, topicSlashes }: TopicLimits): boolean {
  const counted = name.replace(BASIC_INGEST, "");
  if (counted === "" || counted.includes("\u0000")) return false;
  return Buffer.byteLength(counted) <= topicBytes && counted.split("/").length - 1 <= topicSlashes;
}
