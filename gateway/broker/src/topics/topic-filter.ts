import type { TopicName } from "./topic-name.ts";
import {
  DEFAULT_TOPIC_LIMITS,
  isServersOwn,
  refuse,
  type TopicLimits,
  type TopicProblem,
  type TopicText,
  textProblem,
} from "./topic-text.ts";

/** A topic filter that has been checked, without `$share/{ShareName}/`. Every topic name is a filter too. */
export type TopicFilter = TopicText<"TopicFilter"> | TopicName;

export type TopicFilterResult = { readonly ok: true; readonly filter: TopicFilter } | TopicProblem;

/** What SUBSCRIBE and UNSUBSCRIBE of MQTT 5.0 name. */
export type SubscriptionFilterResult =
  | {
      readonly ok: true;
      readonly filter: TopicFilter;
      /** Of a shared subscription; undefined for one that is not shared. */
      readonly shareName: string | undefined;
    }
  | TopicProblem;

const SHARE = "$share/";
const SLASH = 47;
const PLUS = 43;
const HASH = 35;

/**
 * Checks a topic filter: MQTT 3.1.1 §4.7, 5.0 §4.7. `$share/…` is an ordinary filter here, as it is for clients of
 * 3.1.1; `parseSubscriptionFilter` reads what clients of 5.0 mean by it.
 */
export function parseTopicFilter(
  text: string,
  limits: TopicLimits = DEFAULT_TOPIC_LIMITS,
): TopicFilterResult {
  return (
    textProblem(text, limits) ?? wildcardProblem(text) ?? { ok: true, filter: text as string as TopicFilter }
  );
}

/**
 * Checks a filter that may ask for a shared subscription, `$share/{ShareName}/{filter}`: MQTT 5.0 §4.8.2.
 * @param limits hold for the whole text and so for the filter in it.
 */
export function parseSubscriptionFilter(
  text: string,
  limits: TopicLimits = DEFAULT_TOPIC_LIMITS,
): SubscriptionFilterResult {
  if (!text.startsWith(SHARE)) {
    const parsed = parseTopicFilter(text, limits);
    return parsed.ok ? { ...parsed, shareName: undefined } : parsed;
  }
  const problem = textProblem(text, limits);
  if (problem !== undefined) return problem;
  const slash = text.indexOf("/", SHARE.length);
  const shareName = text.slice(SHARE.length, slash < 0 ? undefined : slash);
  if (shareName === "") {
    return refuse("share-name-empty", "MQTT-4.8.2-1", "expected a share name behind $share/");
  }
  if (/[+#]/.test(shareName)) return refuse("share-name", "MQTT-4.8.2-2", "a share name has no + or #");
  if (slash < 0 || slash === text.length - 1) {
    return refuse("share-name", "MQTT-4.8.2-2", "expected a slash and a filter behind the share name");
  }
  const filter = text.slice(slash + 1);
  return wildcardProblem(filter) ?? { ok: true, filter: filter as TopicFilter, shareName };
}

function wildcardProblem(filter: string): TopicProblem | undefined {
  for (let at = 0; at < filter.length; at++) {
    const unit = filter.charCodeAt(at);
    if (unit !== PLUS && unit !== HASH) continue;
    const opensLevel = at === 0 || filter.charCodeAt(at - 1) === SLASH;
    const isLast = at === filter.length - 1;
    if (unit === HASH && !(opensLevel && isLast)) {
      return refuse("multi-level-wildcard", "MQTT-4.7.1-1", "# stands alone in the last level only");
    }
    if (unit === PLUS && !(opensLevel && (isLast || filter.charCodeAt(at + 1) === SLASH))) {
      return refuse("single-level-wildcard", "MQTT-4.7.1-2", "+ takes a whole level");
    }
  }
  return undefined;
}

/**
 * Tells whether a filter matches a topic: MQTT 3.1.1 and 5.0 §4.7. One pair at a time and without memory; the trees
 * answer the same for many filters or many topics.
 */
export function matches(filter: TopicFilter, topic: TopicName): boolean {
  const leading = filter.charCodeAt(0);
  if ((leading === PLUS || leading === HASH) && isServersOwn(topic)) return false; // [MQTT-4.7.2-1]
  let at = 0;
  for (let from = 0; from < filter.length; from++) {
    const wanted = filter.charCodeAt(from);
    if (wanted === HASH) return true;
    if (wanted === PLUS) {
      const slash = topic.indexOf("/", at);
      at = slash < 0 ? topic.length : slash;
    } else if (at < topic.length && topic.charCodeAt(at) === wanted) {
      at++;
    } else {
      // §4.7.1.2: `#` includes the parent level, so `a/#` matches `a`.
      return at === topic.length && wanted === SLASH && filter.charCodeAt(from + 1) === HASH;
    }
  }
  return at === topic.length;
}
