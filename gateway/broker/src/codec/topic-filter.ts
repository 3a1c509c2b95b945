import type { PacketReader } from "./packet-reader.ts";

const SHARE = "$share/";

/** Whether a filter asks for a shared subscription (MQTT 5.0 §4.8.2; 3.1.1 knows none). */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/** Reads a topic filter and checks its form (3.1.1 §4.7.1 and §4.7.3, 5.0 also §4.8.2). */
export function readTopicFilter(reader: PacketReader): string {
  const filter = reader.text();
  const shared = reader.version === 5 && isSharedFilter(filter);
  checkLevels(reader, shared ? behindShareName(reader, filter) : filter);
  return filter;
}

function behindShareName(reader: PacketReader, filter: string): string {
  const slash = filter.indexOf("/", SHARE.length);
  const name = filter.slice(SHARE.length, slash < 0 ? undefined : slash);
  if (name === "") throw reader.violation("share-name-empty");
  if (slash < 0 || slash + 1 === filter.length || /[+#]/.test(name)) throw reader.violation("share-name");
  return filter.slice(slash + 1);
}

function checkLevels(reader: PacketReader, filter: string): void {
  if (filter === "") throw reader.violation("topic-empty");
  const multi = filter.indexOf("#");
  if (multi >= 0 && (multi !== filter.length - 1 || !opensLevel(filter, multi))) {
    throw reader.violation("filter-multi-level");
  }
  for (let single = filter.indexOf("+"); single >= 0; single = filter.indexOf("+", single + 1)) {
    const closes = single === filter.length - 1 || filter[single + 1] === "/";
    if (!closes || !opensLevel(filter, single)) throw reader.violation("filter-single-level");
  }
}

function opensLevel(filter: string, at: number): boolean {
  return at === 0 || filter[at - 1] === "/";
}
