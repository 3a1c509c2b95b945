import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text that a LuCI application shows, as its sources name it. */
export interface SourceMessage {
  readonly context?: string;
  readonly id: string;
  readonly plural?: string;
  /** `htdocs/….js:12`: where it stands first. */
  readonly where: string;
}

const TEXT = String.raw`'((?:[^'\\\n]|\\.)*)'`;
/** `_('text')`, `_('text', 'context')`. LuCI's own scanner reads literals alone, so do we. */
const SINGULAR = new RegExp(String.raw`(?<![\w.$])_\(\s*${TEXT}\s*(?:,\s*${TEXT}\s*)?\)`, "g");
/** `N_(count, 'one', 'many'[, 'context'])`; the count has no comma. */
const PLURAL = new RegExp(
  String.raw`(?<![\w.$])N_\([^,\n]+,\s*${TEXT}\s*,\s*${TEXT}\s*(?:,\s*${TEXT}\s*)?\)`,
  "g",
);

/**
 * Reads what a LuCI application shows: the texts of its views, the titles of its menu, the descriptions of its rights.
 * @throws {Error} where a text is put together from pieces: nobody could translate it.
 */
export function luciMessages(folder: string): readonly SourceMessage[] {
  const found = new Map<string, SourceMessage>();
  const add = (message: SourceMessage): void => {
    const key = `${message.context ?? ""}\u0001${message.id}`;
    if (!found.has(key)) found.set(key, message);
  };
  for (const file of globSync("htdocs/**/*.js", { cwd: folder }).sort()) {
    const text = readFileSync(join(folder, file), "utf8");
    for (const message of inScript(text, file)) add(message);
  }
  for (const file of globSync("root/usr/share/{luci/menu.d,rpcd/acl.d}/*.json", { cwd: folder }).sort()) {
    const text = readFileSync(join(folder, file), "utf8");
    for (const { index, 1: quoted = "" } of text.matchAll(/"(?:title|description)": ("(?:[^"\\]|\\.)*")/g)) {
      add({ id: JSON.parse(quoted) as string, where: `${file}:${lineAt(text, index)}` });
    }
  }
  return [...found.values()];
}

function inScript(text: string, file: string): SourceMessage[] {
  const messages: { at: number; message: SourceMessage }[] = [];
  const add = (at: number, message: Omit<SourceMessage, "where">): void =>
    void messages.push({ at, message: { ...message, where: `${file}:${lineAt(text, at)}` } });
  for (const { index, 1: id = "", 2: context } of text.matchAll(SINGULAR)) {
    add(index, { ...contextOf(context), id: plain(id) });
  }
  for (const { index, 1: id = "", 2: plural = "", 3: context } of text.matchAll(PLURAL)) {
    add(index, { ...contextOf(context), id: plain(id), plural: plain(plural) });
  }
  const calls = [...text.matchAll(/(?<![\w.$])N?_\(/g)].length;
  if (calls !== messages.length) {
    throw new Error(`${file}: expected literals in all ${calls} calls of _ and N_, found ${messages.length}`);
  }
  return messages.sort((one, other) => one.at - other.at).map(({ message }) => message);
}

function contextOf(context: string | undefined): { context?: string } {
  return context === undefined ? {} : { context: plain(context) };
}

function plain(literal: string): string {
  return literal.replace(/\\(.)/g, "$1");
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The template of translations (`.pot`) of a LuCI application. */
export function luciTemplate(folder: string): string {
  const entries = luciMessages(folder).map(({ context, id, plural, where }) =>
    [
      `#: ${where}`,
      ...(context === undefined ? [] : [`msgctxt ${JSON.stringify(context)}`]),
      `msgid ${JSON.stringify(id)}`,
      ...(plural === undefined
        ? ['msgstr ""']
        : [`msgid_plural ${JSON.stringify(plural)}`, 'msgstr[0] ""', 'msgstr[1] ""']),
    ].join("\n"),
  );
  return `${['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"', ...entries].join("\n\n")}\n`;
}
