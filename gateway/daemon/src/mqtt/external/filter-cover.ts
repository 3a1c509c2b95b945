/**
 * Whether a filter matches everything that another one matches (3.1.1 §4.7).
 * @param wide without `#` or `+` it covers itself alone.
 */
export function covers(wide: string, narrow: string): boolean {
  // Wildcards at the beginning do not match the server's own topics.
  if (/^[+#]/.test(wide) && narrow.startsWith("$")) return false;
  const [widely, narrowly] = [wide.split("/"), narrow.split("/")];
  for (const [index, level] of widely.entries()) {
    const other = narrowly[index];
    if (level === "#") return true;
    if (other === undefined || other === "#" || (level !== "+" && level !== other)) return false;
  }
  return widely.length === narrowly.length;
}
