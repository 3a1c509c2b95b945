/** Longest pattern, in UTF-16 units. */
const MAX_PATTERN_LENGTH = 1_000;
/** RE2's bound of a counted repetition. */
const MAX_REPETITION = 1_000;
const MAX_GROUPS_DEEP = 64;

/** A set of code points: pairs of first and last, or all but them. */
export interface CharacterSet {
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly negated: boolean;
}

export type Assertion = "begin" | "end" | "word" | "no-word";

export type PatternNode =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "row"; readonly items: readonly PatternNode[] }
  | { readonly kind: "either"; readonly items: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly item: PatternNode; readonly min: number; readonly max: number };

export interface ParsedPattern {
  readonly root: PatternNode;
  readonly ignoreCase: boolean;
}

/** A pattern that is refused, and why. Thrown inside this folder alone. */
export class PatternProblem extends Error {}

const DIGIT: CharacterSet["ranges"] = [[48, 57]];
const WORD: CharacterSet["ranges"] = [...DIGIT, [65, 90], [95, 95], [97, 122]];
const SPACE: CharacterSet["ranges"] = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const CLASSES: ReadonlyMap<string, CharacterSet["ranges"]> = new Map([
  ["d", DIGIT],
  ["w", WORD],
  ["s", SPACE],
]);
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["t", 9],
  ["n", 10],
  ["v", 11],
  ["f", 12],
  ["r", 13],
]);
const ASSERTIONS: ReadonlyMap<string, Assertion> = new Map([
  ["A", "begin"],
  ["z", "end"],
  ["b", "word"],
  ["B", "no-word"],
]);

/**
 * Reads a regular expression in the syntax of RE2 (langdef §"Regular Expressions"), the part of it that is described in
 * docs/reference/cel.md.
 * @throws PatternProblem at the rest, with the reason.
 */
export function parsePattern(source: string): ParsedPattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new PatternProblem(`a pattern has at most ${MAX_PATTERN_LENGTH} characters`);
  }
  const flags = /^\(\?([is]+)\)/.exec(source);
  const parser = new PatternParser(source.slice(flags?.[0].length ?? 0), flags?.[1]?.includes("s") ?? false);
  return { root: parser.whole(), ignoreCase: flags?.[1]?.includes("i") ?? false };
}

class PatternParser {
  readonly #characters: readonly string[];
  readonly #dotIsAll: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, dotIsAll: boolean) {
    this.#characters = Array.from(source);
    this.#dotIsAll = dotIsAll;
  }

  whole(): PatternNode {
    const node = this.#either();
    if (this.#at < this.#characters.length) throw new PatternProblem('")" without its "("');
    return node;
  }

  #either(): PatternNode {
    const items = [this.#row()];
    while (this.#take("|")) items.push(this.#row());
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: "either", items };
  }

  #row(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#at < this.#characters.length && this.#next !== "|" && this.#next !== ")") {
      items.push(this.#repeated());
    }
    return { kind: "row", items };
  }

  #repeated(): PatternNode {
    const item = this.#atom();
    const bounds = this.#quantifier();
    if (bounds === undefined) return item;
    // Lazy or greedy: whether there is a match does not depend on it.
    this.#take("?");
    if (this.#quantifier() !== undefined) throw new PatternProblem("two repetitions in a row");
    return { kind: "repeat", item, ...bounds };
  }

  #quantifier(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (this.#next !== "{") return undefined;
    const ahead = this.#characters.slice(this.#at, this.#at + 12).join("");
    const [written, low, comma, high] = /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(ahead) ?? [];
    if (written === undefined) return undefined;
    this.#at += written.length;
    const min = Number(low);
    const max = comma === "" ? min : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    const most = max === Number.POSITIVE_INFINITY ? min : max;
    if (most > MAX_REPETITION || max < min)
      throw new PatternProblem(`${written} repeats too often, or less than never`);
    return { min, max };
  }

  #atom(): PatternNode {
    const character = this.#characters[this.#at++] ?? "";
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", set: this.#class() };
      case ".":
        return { kind: "set", set: { ranges: this.#dotIsAll ? [] : [[10, 10]], negated: true } };
      case "^":
        return { kind: "assertion", assertion: "begin" };
      case "$":
        return { kind: "assertion", assertion: "end" };
      case "\\": {
        const assertion = ASSERTIONS.get(this.#next);
        if (assertion === undefined) return { kind: "set", set: this.#escape() };
        this.#at++;
        return { kind: "assertion", assertion };
      }
      case "*":
      case "+":
      case "?":
        throw new PatternProblem(`nothing to repeat before "${character}"`);
      default:
        return { kind: "set", set: single(character.codePointAt(0) ?? 0) };
    }
  }

  #group(): PatternNode {
    if (++this.#depth > MAX_GROUPS_DEEP) throw new PatternProblem("groups are nested too deep");
    if (this.#take("?") && !this.#take(":")) {
      const head = this.#characters.slice(this.#at, this.#at + 40).join("");
      const name = /^P?<[A-Za-z_]\w*>/.exec(head)?.[0];
      if (name === undefined) throw new PatternProblem(groupReason(head));
      this.#at += name.length;
    }
    const node = this.#either();
    if (!this.#take(")")) throw new PatternProblem('"(" without its ")"');
    this.#depth--;
    return node;
  }

  #class(): CharacterSet {
    const negated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    for (let first = true; first || this.#next !== "]"; first = false) {
      if (this.#at >= this.#characters.length) throw new PatternProblem('"[" without its "]"');
      if (this.#next === "[" && this.#characters[this.#at + 1] === ":") {
        throw new PatternProblem("classes such as [:alpha:] are not known here; write [a-zA-Z]");
      }
      const low = this.#classItem();
      if (this.#next !== "-" || this.#characters[this.#at + 1] === "]" || !isSingle(low)) {
        ranges.push(...positive(low));
        continue;
      }
      this.#at++;
      const high = this.#classItem();
      const [[from] = [0]] = low.ranges;
      const [[to] = [0]] = high.ranges;
      if (!isSingle(high) || to < from)
        throw new PatternProblem("a range of characters that ends before it begins");
      ranges.push([from, to]);
    }
    this.#at++;
    return { ranges, negated };
  }

  #classItem(): CharacterSet {
    const character = this.#characters[this.#at++] ?? "";
    return character === "\\" ? this.#escape() : single(character.codePointAt(0) ?? 0);
  }

  /** What stands behind a backslash. */
  #escape(): CharacterSet {
    const character = this.#characters[this.#at++] ?? "";
    const ranges = CLASSES.get(character.toLowerCase());
    if (ranges !== undefined) return { ranges, negated: /[A-Z]/.test(character) };
    const control = CONTROLS.get(character);
    if (control !== undefined) return single(control);
    if (character === "x") return single(this.#hexadecimal());
    if (/^[1-9]$/.test(character))
      throw new PatternProblem("back references cannot be matched in bounded time");
    if (character === "p" || character === "P")
      throw new PatternProblem("classes of Unicode are not known here");
    if (character === "" || /^[A-Za-z0-9]$/.test(character))
      throw new PatternProblem(`unknown escape \\${character}`);
    return single(character.codePointAt(0) ?? 0);
  }

  #hexadecimal(): number {
    const ahead = this.#characters.slice(this.#at, this.#at + 10).join("");
    const [written, braced, two] = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(ahead) ?? [];
    if (written === undefined) throw new PatternProblem("\\x without two hexadecimal digits");
    this.#at += written.length;
    return Number.parseInt(braced ?? two ?? "", 16);
  }

  get #next(): string {
    return this.#characters[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at++;
    return true;
  }
}

function groupReason(head: string): string {
  if (/^<?[=!]/.test(head)) return "looking ahead or behind cannot be matched in bounded time";
  return "flags stand at the begin of the pattern, (?i) or (?s) or (?is); other groups with (? are not known here";
}

function single(code: number): CharacterSet {
  return { ranges: [[code, code]], negated: false };
}

function isSingle({ ranges, negated }: CharacterSet): boolean {
  const [range] = ranges;
  return !negated && ranges.length === 1 && range?.[0] === range?.[1];
}

/** The ranges of a set inside of a class, where `\D` is written out. */
function positive({ ranges, negated }: CharacterSet): CharacterSet["ranges"] {
  if (!negated) return ranges;
  const gaps: [number, number][] = [];
  let from = 0;
  for (const [first, last] of ranges) {
    gaps.push([from, first - 1]);
    from = last + 1;
  }
  return [...gaps, [from, 0x10ffff]];
}
