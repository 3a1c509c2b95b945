/** MQTT 3.1.1 and 5.0 §4.7: whether a topic filter covers a topic name. Both are taken for well-formed. */
export function topicMatches(filter: string, topic: string): boolean {
  // [MQTT-4.7.2-1]: a wildcard at the beginning does not cover `$…`.
  if (topic.startsWith("$") && (filter.startsWith("+") || filter.startsWith("#"))) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    const found = levels[index];
    if (found === undefined || (level !== "+" && level !== found)) return false;
  }
  return wanted.length === levels.length;
}
