/** Levels of a topic filter; a wildcard is a level of its own. */
export type FilterLevels = readonly string[];

/** Longest topic that MQTT can carry (5.0 §1.5.4). In characters: bytes are at least as many. */
const LONGEST = 65_535;

/** Reads a topic name: what is published to. @returns undefined when it is none (3.1.1 §4.7.1, §4.7.3). */
export function parseTopic(text: string): FilterLevels | undefined {
  if (text === "" || text.length > LONGEST || /[+#\0]/.test(text)) return undefined;
  return text.split("/");
}

/** Reads a topic filter. @returns undefined when it is none (3.1.1 §4.7.1: wildcards fill a level, `#` is the last). */
export function parseFilter(text: string): FilterLevels | undefined {
  if (text === "" || text.length > LONGEST || text.includes("\0")) return undefined;
  const levels = text.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.length > 1 && /[+#]/.test(level)) return undefined;
    if (level === "#" && index !== levels.length - 1) return undefined;
  }
  return levels;
}

/**
 * What a subscription asks to read: of `$share/<name>/<filter>` (5.0 §4.8.2) the filter in it, for whoever takes turns
 * still reads.
 * @returns undefined when it is no filter.
 */
export function parseSubscription(text: string): FilterLevels | undefined {
  if (text !== "$share" && !text.startsWith("$share/")) return parseFilter(text);
  const [, name, filter] = /^\$share\/([^/+#\0]+)\/(.+)$/s.exec(text) ?? [];
  // A share in a share is no topic: nothing is published below `$share`.
  if (name === undefined || filter === undefined || /^\$share(?:\/|$)/.test(filter)) return undefined;
  return parseFilter(filter);
}
