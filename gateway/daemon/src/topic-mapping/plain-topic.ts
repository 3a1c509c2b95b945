import { HASS_PREFIX, HOMIE_ROOT, MAPPING_PLACEHOLDER, PRODUCT } from "@tram/protocol";

/** First levels whose topics mean something of their own. */
const RESERVED = new Set(
  [HOMIE_ROOT, HASS_PREFIX, PRODUCT.topicPrefix].map((topic) => topic.split("/", 1)[0]),
);

/** Whether the topic is one that devices make up themselves: not Homie's, not Home Assistant's, not the gateway's. */
export function isPlain(topic: string): boolean {
  if (topic.startsWith("$")) return false;
  const end = topic.indexOf("/");
  return !RESERVED.has(end < 0 ? topic : topic.slice(0, end));
}

/** @returns what is wrong with the topic of a mapping; undefined when it is sound. */
export function topicProblem(topic: string): string | undefined {
  if (/[+#]/.test(topic))
    return `expected a topic without wildcards (${MAPPING_PLACEHOLDER} stands for a level)`;
  // 5.0 §1.5.4: what MQTT cannot carry.
  if (topic.includes("\0") || !topic.isWellFormed()) return "expected text that MQTT can carry";
  if (!isPlain(topic))
    return `expected a plain topic: ${topic.split("/", 1)[0]}/… means something of its own`;
  const placed = topic.split("/").filter((level) => level.includes(MAPPING_PLACEHOLDER));
  if (placed.length > 1) return `expected ${MAPPING_PLACEHOLDER} once`;
  if (placed.some((level) => level !== MAPPING_PLACEHOLDER))
    return `expected ${MAPPING_PLACEHOLDER} as a whole level`;
  return undefined;
}

export function isForMany(topic: string): boolean {
  return topic.split("/").includes(MAPPING_PLACEHOLDER);
}

/** The topic of one of the devices. */
export function topicOf(topic: string, level: string | undefined): string {
  if (level === undefined) return topic;
  return topic
    .split("/")
    .map((each) => (each === MAPPING_PLACEHOLDER ? level : each))
    .join("/");
}
