/** Lines that stay around each change, for orientation. */
const CONTEXT = 3;
/**
 * Steps that the search for the shortest difference may take; about a tenth of a second on a router. Texts that differ
 * in more are told as one part that was replaced by another.
 */
const MAX_STEPS = 1_000_000;
/** The search keeps its way: memory grows with the square of it. */
const MAX_EDITS = 1_000;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/**
 * The difference of two texts in the form that `diff -u` and version control have. Own work after E. W. Myers, "An
 * O(ND) difference algorithm and its variations" (1986).
 * @param names what the head calls them.
 * @returns an empty text when they are equal. Time and memory are bounded, whatever the texts.
 */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string {
  if (before === after) return "";
  const hunks = hunksOf(script(linesOf(before), linesOf(after)));
  return `--- ${names.before}\n+++ ${names.after}\n${hunks}`;
}

/** A last line without a newline is another line than the same with one. */
function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop();
  if (last !== "") lines.push(`${last}\n\\ No newline at end of file`);
  return lines;
}

function script(before: readonly string[], after: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ sign: " ", text }));
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  return [
    ...same(before.slice(0, start)),
    ...(shortest(a, b) ?? replaced(a, b)),
    ...same(before.slice(before.length - end)),
  ];
}

function replaced(before: readonly string[], after: readonly string[]): readonly Line[] {
  return [
    ...before.map((text): Line => ({ sign: "-", text })),
    ...after.map((text): Line => ({ sign: "+", text })),
  ];
}

/** @returns `undefined` when it was not found within the bounds. */
function shortest(a: readonly string[], b: readonly string[]): readonly Line[] | undefined {
  /** By the diagonal `k = x - y`, the furthest `x` with so many edits; one copy of what was known before each of them. */
  const trace: Int32Array[] = [];
  let reached: Int32Array = new Int32Array([0, 0]);
  let steps = 0;
  for (let edits = 0; edits <= Math.min(a.length + b.length, MAX_EDITS); edits++) {
    const next = new Int32Array(2 * edits + 3);
    for (let k = -edits; k <= edits; k += 2) {
      let x = furthest(reached, edits, k);
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
        steps++;
      }
      if (++steps > MAX_STEPS) return undefined;
      next[k + edits + 1] = x;
      if (x >= a.length && y >= b.length) return walkBack({ a, b }, [...trace, reached]);
    }
    trace.push(reached);
    reached = next;
  }
  return undefined;
}

/** Where the diagonal `k` begins with its `edits`-th edit: below the one above it, or right of the one left of it. */
function furthest(before: Int32Array, edits: number, k: number): number {
  if (edits === 0) return 0;
  const at = (diagonal: number): number => before[diagonal + edits] ?? -1;
  return comesDown(before, edits, k) ? at(k + 1) : at(k - 1) + 1;
}

function comesDown(before: Int32Array, edits: number, k: number): boolean {
  const at = (diagonal: number): number => before[diagonal + edits] ?? -1;
  return k === -edits || (k !== edits && at(k - 1) < at(k + 1));
}

function walkBack(
  { a, b }: { readonly a: readonly string[]; readonly b: readonly string[] },
  trace: readonly Int32Array[],
): readonly Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let edits = trace.length - 1; edits >= 0; edits--) {
    const before = trace[edits] ?? new Int32Array();
    const k = x - y;
    const begin = furthest(before, edits, k);
    for (; x > begin; x--, y--) lines.push({ sign: " ", text: a[x - 1] ?? "" });
    if (edits === 0) break;
    if (comesDown(before, edits, k)) lines.push({ sign: "+", text: b[--y] ?? "" });
    else lines.push({ sign: "-", text: a[--x] ?? "" });
  }
  return lines.reverse();
}

function hunksOf(lines: readonly Line[]): string {
  const parts: string[] = [];
  let from = 0;
  let before = 0;
  let after = 0;
  const advance = (to: number): void => {
    for (; from < to; from++) {
      if (lines[from]?.sign !== "+") before++;
      if (lines[from]?.sign !== "-") after++;
    }
  };
  for (let next = changeFrom(lines, 0); next < lines.length; ) {
    advance(Math.max(from, next - CONTEXT));
    let last = next;
    for (
      let other = next;
      other < lines.length && other - last <= 2 * CONTEXT;
      other = changeFrom(lines, other + 1)
    )
      last = other;
    const hunk = lines.slice(from, Math.min(lines.length, last + 1 + CONTEXT));
    const count = (sign: "-" | "+"): number =>
      hunk.filter((line) => line.sign === " " || line.sign === sign).length;
    parts.push(`@@ -${place(before, count("-"))} +${place(after, count("+"))} @@\n`);
    for (const { sign, text } of hunk) parts.push(`${sign}${text}\n`);
    advance(from + hunk.length);
    next = changeFrom(lines, last + 1);
  }
  return parts.join("");
}

function changeFrom(lines: readonly Line[], start: number): number {
  let index = start;
  while (index < lines.length && lines[index]?.sign === " ") index++;
  return index;
}

/** Of nothing the line before it is told, as GNU diff does. */
function place(skipped: number, count: number): string {
  return count === 1 ? `${skipped + 1}` : `${count === 0 ? skipped : skipped + 1},${count}`;
}
