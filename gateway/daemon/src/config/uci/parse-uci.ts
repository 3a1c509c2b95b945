import { shownName, UCI_LIMITS, UCI_NAME, UCI_TYPE, type UciSection, type UciValue } from "./section.ts";
import { type Statement, WordReader } from "./words.ts";

/** What is wrong with the text of a UCI file. It never shows a value: values may be passwords. */
export interface UciSyntaxProblem {
  /** From 1; absent where the file as a whole is meant. */
  readonly line?: number;
  readonly problem: string;
}

export interface UciParsed {
  readonly sections: readonly UciSection[];
  /** Empty when all was understood. */
  readonly problems: readonly UciSyntaxProblem[];
}

interface OpenSection {
  readonly type: string;
  readonly name?: string;
  readonly line: number;
  readonly options: Map<string, UciValue>;
}

/** libuci takes the first letter for the word. */
const KEYWORDS: Readonly<Record<string, "package" | "config" | "option" | "list">> = {
  package: "package",
  p: "package",
  config: "config",
  c: "config",
  option: "option",
  o: "option",
  list: "list",
  l: "list",
};

const PACKAGE_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * Reads the text of a UCI file (https://openwrt.org/docs/guide-user/base-system/uci). As libuci does: a section that
 * comes again under its name goes on; `option` replaces, `list` adds, also to what an `option` said; an option without a
 * value is none. Unlike libuci it refuses what cannot be meant: NUL bytes, text that is not UTF-8, files without measure.
 * @returns whatever the bytes are, sections or problems; it does not throw.
 */
export function parseUci(bytes: Uint8Array): UciParsed {
  const text = decode(bytes);
  if (typeof text !== "string") return { sections: [], problems: [text] };
  const reader = new WordReader(text);
  const file = new FileBuilder();
  for (let statement = reader.next(); statement !== undefined; statement = reader.next()) {
    if ("problem" in statement) {
      file.problems.push(statement);
      break;
    }
    const problem = file.add(statement);
    if (problem !== undefined) file.problems.push({ line: statement.line, problem });
    if (file.full || file.problems.length >= UCI_LIMITS.problems) break;
  }
  return { sections: file.sections.map(({ line: _line, ...section }) => section), problems: file.problems };
}

function decode(bytes: Uint8Array): string | UciSyntaxProblem {
  if (bytes.length > UCI_LIMITS.bytes) {
    return { problem: `expected at most ${UCI_LIMITS.bytes} bytes, found ${bytes.length}` };
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { line: lineAt(bytes, nul), problem: "expected text, found a NUL byte" };
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { line: lineAt(bytes, firstInvalid(bytes)), problem: "expected UTF-8, found other bytes" };
  }
}

function lineAt(bytes: Uint8Array, end: number): number {
  return bytes.subarray(0, end).reduce((line, byte) => (byte === 0x0a ? line + 1 : line), 1);
}

/** Length of the longest start that is UTF-8: each byte that is not makes one U+FFFD, and what is before stays. */
function firstInvalid(bytes: Uint8Array): number {
  const lenient = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  const again = new TextEncoder().encode(lenient);
  const differs = again.findIndex((byte, index) => byte !== bytes[index]);
  return differs < 0 ? bytes.length : differs;
}

class FileBuilder {
  readonly sections: OpenSection[] = [];
  readonly problems: UciSyntaxProblem[] = [];
  /** A limit is reached: the rest is not looked at. */
  full = false;
  readonly #named = new Map<string, OpenSection>();
  #open: OpenSection | undefined;
  #values = 0;

  /** @returns what is wrong with the statement. */
  add({ line, words }: Statement): string | undefined {
    const [first = "", ...rest] = words;
    const keyword = Object.hasOwn(KEYWORDS, first) ? KEYWORDS[first] : undefined;
    const [name = "", value = ""] = rest;
    switch (keyword) {
      case undefined:
        return "expected config, option, list or package, found another word";
      case "package":
        if (hasMore(rest, 1)) return tooMany("the package's name");
        return PACKAGE_NAME.test(name)
          ? undefined
          : misnamed("the package's name", name, "letters, digits, _ and -");
      case "config":
        if (hasMore(rest, 2)) return tooMany("a type and a name");
        return this.#config(line, name, value);
      default:
        if (hasMore(rest, 2)) return tooMany("a name and a value");
        return this.#option(keyword, name, value);
    }
  }

  #config(line: number, type: string, name: string): string | undefined {
    this.#open = undefined;
    if (!fits(type, UCI_TYPE)) return misnamed("the section's type", type, "printable ASCII characters");
    if (name !== "" && !fits(name, UCI_NAME)) {
      return misnamed("the section's name", name, "letters, digits and _");
    }
    const earlier = name === "" ? undefined : this.#named.get(name);
    if (earlier !== undefined) {
      if (earlier.type !== type) {
        return `expected section ${shownName(name)} to be of the type ${shownName(earlier.type)} that it has in line ${earlier.line}, found ${shownName(type)}`;
      }
      this.#open = earlier;
      return undefined;
    }
    if (this.sections.length === UCI_LIMITS.sections) {
      this.full = true;
      return `expected at most ${UCI_LIMITS.sections} sections, found more`;
    }
    this.#open = { type, ...(name === "" ? {} : { name }), line, options: new Map() };
    this.sections.push(this.#open);
    if (name !== "") this.#named.set(name, this.#open);
    return undefined;
  }

  #option(keyword: "option" | "list", name: string, value: string): string | undefined {
    // Not shown: where a space was forgotten, a password is glued to it.
    if (!fits(name, UCI_NAME))
      return misnamed("the option's name", name === "" ? "" : undefined, "letters, digits and _");
    // After a section that was refused, its options are no news.
    if (this.#open === undefined) return this.problems.length > 0 ? undefined : "expected a section first";
    this.#values++;
    if (this.#values > UCI_LIMITS.values) {
      this.full = true;
      return `expected at most ${UCI_LIMITS.values} options and list entries, found more`;
    }
    const { options } = this.#open;
    if (keyword === "option") {
      if (value === "") options.delete(name);
      else options.set(name, value);
      return undefined;
    }
    const earlier = options.get(name);
    if (typeof earlier === "object") (earlier as string[]).push(value);
    else options.set(name, earlier === undefined ? [value] : [earlier, value]);
    return undefined;
  }
}

function fits(name: string, pattern: RegExp): boolean {
  return name.length <= UCI_LIMITS.nameCharacters && pattern.test(name);
}

/** @param found undefined where it must not be shown. */
function misnamed(what: string, found: string | undefined, alphabet: string): string {
  if (found === "") return `expected ${what}, found nothing`;
  const shown = found === undefined ? "something else" : shownName(found);
  return `expected ${what} in at most ${UCI_LIMITS.nameCharacters} ${alphabet}, found ${shown}`;
}

/** An empty word more is nothing: a backslash at the end of a line makes one. */
function hasMore(words: readonly string[], most: number): boolean {
  return words.slice(most).some((word) => word !== "");
}

function tooMany(wanted: string): string {
  return `expected ${wanted}, found more words (a value with spaces needs quotes)`;
}
