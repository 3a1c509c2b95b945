/**
 * Tells two versions of a rule apart: equal for documents that act the same, whatever the order of their keys and
 * whatever their `id`, `title` and `description`.
 */
export function fingerprint(rule: Readonly<Record<string, unknown>>): string {
  const { id: _id, title: _title, description: _description, ...acting } = rule;
  return hash(canonical(acting));
}

/** JSON with the keys of every map sorted. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** 64 bits from two 32-bit lanes of the FNV-1a kind: tells versions apart, protects nothing. */
function hash(text: string): string {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul((second ^ code) + index, 0x85ebca6b);
    second ^= second >>> 15;
  }
  return [first, second].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}
