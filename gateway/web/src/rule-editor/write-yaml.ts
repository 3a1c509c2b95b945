/** Words that YAML reads as something other than text, in any of its versions. */
const READS_AS_OTHER = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/**
 * A value as YAML, a key or an item a line. What a plain text could be mistaken for is quoted; the gateway reads from it
 * exactly what was written.
 * @param value JSON.
 */
export function writeYaml(value: unknown): string {
  return value === undefined ? "" : lines(value).join("\n");
}

function lines(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((item) => below("-", item, true));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value);
    if (entries.length > 0) return entries.flatMap(([key, item]) => below(`${writeText(key)}:`, item, false));
  }
  return [flat(value)];
}

/** An item or the value of a key: behind it where it is one value, else indented below. */
function below(head: string, value: unknown, sameLine: boolean): readonly string[] {
  const inner = lines(value);
  if (!isNested(value)) return [`${head} ${inner[0] ?? ""}`];
  const indented = inner.map((line) => `  ${line}`);
  return sameLine ? [`- ${inner[0] ?? ""}`, ...indented.slice(1)] : [head, ...indented];
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function flat(value: unknown): string {
  return typeof value === "string" ? writeText(value) : (JSON.stringify(value) ?? "null");
}

function writeText(text: string): string {
  return /^[A-Za-z_][\w/-]*(?: [\w/-]+)*$/.test(text) && !READS_AS_OTHER.test(text)
    ? text
    : JSON.stringify(text);
}
