/** One statement of a UCI file: its words without quotes and comments. */
export interface Statement {
  /** Of its first word, from 1. */
  readonly line: number;
  readonly words: readonly string[];
}

/** The text cannot be cut into words any further. */
export interface Torn {
  readonly line: number;
  readonly problem: string;
}

const BLANK = new Set([" ", "\t", "\r", "\v", "\f"]);
/** What ends a run of plain characters inside a word. */
const SPECIAL = /[ \t\r\v\f\n'"\\#;]/g;
const SPECIAL_IN_DOUBLE = /["\\]/g;

/**
 * Cuts UCI text into statements, by the rules that libuci goes by: a word is made of adjacent pieces, bare, in single
 * quotes (nothing is special inside) or in double quotes; a backslash outside single quotes takes the next character as
 * it is, and at the end of a line joins the next one; quoted pieces may span lines; `#` ends a line, even inside a bare
 * word; `;` ends a statement.
 */
export class WordReader {
  readonly #text: string;
  #position = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next statement, or why there is none; undefined at the end. */
  next(): Statement | Torn | undefined {
    const words: string[] = [];
    let line = 0;
    for (;;) {
      this.#skipBlanks();
      const character = this.#text[this.#position];
      if (character === undefined || character === "\n" || character === ";") {
        this.#advance();
        if (words.length > 0) return { line, words };
        if (character === undefined) return undefined;
        continue;
      }
      if (words.length === 0) line = this.#line;
      const word = this.#word();
      if (typeof word !== "string") return word;
      words.push(word);
    }
  }

  #skipBlanks(): void {
    while (BLANK.has(this.#text[this.#position] ?? "")) this.#position++;
    if (this.#text[this.#position] === "#") this.#position = this.#endOfLine();
  }

  #word(): string | Torn {
    let word = "";
    let bare = true;
    for (;;) {
      const character = this.#text[this.#position];
      switch (character) {
        case "'":
        case '"': {
          bare = false;
          const piece = character === "'" ? this.#single() : this.#double();
          if (typeof piece !== "string") return piece;
          word += piece;
          break;
        }
        case "\\":
          bare = false;
          word += this.#escaped();
          break;
        case ";": {
          // libuci forgets the rest of the line here, without a word.
          const rest = this.#text.slice(this.#position + 1, this.#endOfLine()).trim();
          if (bare && rest !== "" && !rest.startsWith("#")) {
            return { line: this.#line, problem: "expected quotes around `;`, or a space before it" };
          }
          return word;
        }
        case undefined:
        case "\n":
        case "#":
          return word;
        default: {
          if (BLANK.has(character)) return word;
          const end = this.#find(SPECIAL, this.#position);
          word += this.#text.slice(this.#position, end);
          this.#position = end;
        }
      }
    }
  }

  #single(): string | Torn {
    const from = this.#position + 1;
    const to = this.#text.indexOf("'", from);
    if (to < 0) return this.#unterminated("'");
    const piece = this.#text.slice(from, to);
    this.#countLines(piece);
    this.#position = to + 1;
    return piece;
  }

  #double(): string | Torn {
    const started = this.#line;
    let piece = "";
    this.#position++;
    for (;;) {
      const to = this.#find(SPECIAL_IN_DOUBLE, this.#position);
      const plain = this.#text.slice(this.#position, to);
      this.#countLines(plain);
      piece += plain;
      this.#position = to;
      if (to === this.#text.length) {
        this.#line = started;
        return this.#unterminated('"');
      }
      if (this.#text[to] === '"') {
        this.#position++;
        return piece;
      }
      piece += this.#escaped();
    }
  }

  /** At a backslash: what it and the next character mean. */
  #escaped(): string {
    this.#position++;
    if (this.#text.startsWith("\r\n", this.#position)) this.#position++;
    const character = this.#text[this.#position];
    this.#advance();
    return character === undefined || character === "\n" ? "" : character;
  }

  #unterminated(quote: string): Torn {
    return { line: this.#line, problem: `expected a closing ${quote}, found the end of the file` };
  }

  #advance(): void {
    if (this.#text[this.#position] === "\n") this.#line++;
    this.#position++;
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#position);
    return end < 0 ? this.#text.length : end;
  }

  #find(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    return pattern.exec(this.#text)?.index ?? this.#text.length;
  }

  #countLines(piece: string): void {
    for (let at = piece.indexOf("\n"); at >= 0; at = piece.indexOf("\n", at + 1)) this.#line++;
  }
}
