/** Whether a topic filter has wildcards (MQTT 5.0 §4.7.1). */
export function hasWildcard(filter: string): boolean {
  return /[+#]/.test(filter);
}

/** What is wrong with a topic filter; `undefined` when nothing is (MQTT 5.0 §4.7.1, §4.7.3). */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split("/");
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) {
    return `found ${JSON.stringify(filter)}, expected + and # to be levels of their own`;
  }
  if (levels.slice(0, -1).includes("#"))
    return `found ${JSON.stringify(filter)}, expected # to be the last level`;
  return filter.includes("\0") ? "found a null character, expected a topic" : undefined;
}

/** Whether a topic matches a filter; those that begin with `$` are not met by a wildcard in front (§4.7.2). */
export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (!hasWildcard(filter)) return false;
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
