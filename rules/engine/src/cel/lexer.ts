import { CelProblem } from "./cel-problem.ts";

/** Longest expression, in UTF-16 units. */
export const MAX_SOURCE_LENGTH = 4_096;

export interface Token {
  readonly kind: "name" | "int" | "double" | "string" | "punctuation" | "end";
  /** A name, a number as written, the meaning of a text, or the characters of the punctuation. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /[\t\n\f\r ]+|\/\/[^\n]*/y;
const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const NUMBER = /0x[0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const PUNCTUATION = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]/y;
const QUOTE = /([rRbB]{0,2})("""|'''|"|')/y;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
const CODED_ESCAPE = /[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})/y;

/**
 * Cuts an expression into tokens (cel-spec langdef §"Syntax").
 * @param text where the expression is in.
 * @param from where it begins.
 * @param inBraces ends at the `}` that closes nothing, as in a template; else at the end of the text.
 * @returns the tokens, the last of kind `end`.
 * @throws CelProblem at what is no token, and beyond {@link MAX_SOURCE_LENGTH}.
 */
export function tokenize(text: string, from = 0, inBraces = false): Token[] {
  if (!inBraces && text.length - from > MAX_SOURCE_LENGTH) throw tooLong(from);
  // Nothing is read beyond the longest expression, however long the text of a template is.
  const source = text.slice(0, from + MAX_SOURCE_LENGTH + 1);
  const tokens: Token[] = [];
  let depth = 0;
  for (let at = skipSpace(source, from); at < source.length; ) {
    const token = readToken(source, at);
    if (token.kind === "punctuation") {
      if (token.text === "{") depth++;
      if (token.text === "}" && depth-- === 0 && inBraces) {
        tokens.push({ kind: "end", text: "}", start: at, end: at });
        return tokens;
      }
    }
    tokens.push(token);
    at = skipSpace(source, token.end);
  }
  if (inBraces) {
    if (source.length < text.length) throw tooLong(from);
    throw new CelProblem('a template begins here and has no "}"', from);
  }
  tokens.push({ kind: "end", text: "", start: source.length, end: source.length });
  return tokens;
}

function tooLong(from: number): CelProblem {
  return new CelProblem(`an expression has at most ${MAX_SOURCE_LENGTH} characters`, from);
}

function skipSpace(source: string, from: number): number {
  let at = from;
  for (let space = matchAt(SPACE, source, at); space !== undefined; space = matchAt(SPACE, source, at))
    at = space.end;
  return at;
}

function readToken(text: string, at: number): Token {
  const quote = matchAt(QUOTE, text, at);
  if (quote !== undefined) return readString(text, at, quote);
  const name = matchAt(NAME, text, at);
  if (name !== undefined) return { kind: "name", text: name.text, start: at, end: name.end };
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return readNumber(text, at, number);
  const punctuation = matchAt(PUNCTUATION, text, at);
  if (punctuation !== undefined) {
    return { kind: "punctuation", text: punctuation.text, start: at, end: punctuation.end };
  }
  throw new CelProblem(unexpected(text, at), at);
}

function unexpected(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const hint = HINTS[character];
  return `unexpected character ${JSON.stringify(character)}${hint === undefined ? "" : `; ${hint}`}`;
}

const HINTS: Readonly<Record<string, string>> = {
  "=": 'equality is "=="',
  "&": '"and" is "&&"',
  "|": '"or" is "||"',
  $: 'an expression alone stands without "${"',
};

function readNumber(text: string, at: number, { text: written, end }: Match): Token {
  const follower = text[end] ?? "";
  if (/[uU]/.test(follower)) throw new CelProblem("there are no unsigned numbers here: leave out the u", end);
  if (/[_a-zA-Z0-9]/.test(follower)) throw new CelProblem("a number ends where a name begins", end);
  const kind = /^0x/.test(written) || /^[0-9]+$/.test(written) ? "int" : "double";
  return { kind, text: written, start: at, end };
}

function readString(text: string, start: number, { groups, end: inside }: Match): Token {
  const [prefix = "", quote = ""] = groups;
  if (/b/i.test(prefix)) throw new CelProblem("there are no bytes here, only texts", start);
  if (prefix.length > 1) throw new CelProblem(`unknown prefix ${prefix} of a text`, start);
  const long = quote.length === 3;
  let meaning = "";
  for (let at = inside; at < text.length; ) {
    if (text.startsWith(quote, at)) {
      return { kind: "string", text: meaning, start, end: at + quote.length };
    }
    const character = text.charAt(at);
    if (!long && (character === "\n" || character === "\r")) break;
    if (character === "\\" && prefix === "") {
      const escaped = readEscape(text, at + 1);
      meaning += escaped.text;
      at = escaped.end;
    } else {
      meaning += character;
      at++;
    }
  }
  throw new CelProblem("a text without its closing quote", start);
}

function readEscape(text: string, at: number): Match {
  const short = SHORT_ESCAPES[text.charAt(at)];
  if (short !== undefined) return { text: short, end: at + 1, groups: [] };
  const coded = matchAt(CODED_ESCAPE, text, at);
  if (coded === undefined) throw new CelProblem(`unknown escape \\${text.charAt(at)}`, at - 1);
  const [x, u, long, octal] = coded.groups;
  const code = octal === undefined ? Number.parseInt(x ?? u ?? long ?? "", 16) : Number.parseInt(octal, 8);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new CelProblem(`\\${coded.text} is no Unicode character`, at - 1);
  }
  return { text: String.fromCodePoint(code), end: coded.end, groups: [] };
}

interface Match {
  readonly text: string;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

function matchAt(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null ? undefined : { text: found[0], end: pattern.lastIndex, groups: found.slice(1) };
}
