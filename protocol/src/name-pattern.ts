/**
 * A test for names in which `*` stands for any characters, none included, and everything else for itself.
 *
 * It is no regular expression, because patterns also come from a cloud: V8 goes back over each star, and `a*a*a*…`
 * against sixty times `a` would take longer than the house lives. Here each part between stars is looked for once.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return (name) => name === pattern;
  return (name) => {
    const end = name.length - tail.length;
    if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
    let from = head.length;
    for (const part of rest) {
      const found = name.indexOf(part, from);
      if (found < 0 || found + part.length > end) return false;
      from = found + part.length;
    }
    return true;
  };
}
