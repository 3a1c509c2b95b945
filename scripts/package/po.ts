import type { Catalogue, Message } from "./lmo.ts";

interface Draft {
  msgctxt?: string;
  msgid?: string;
  msgid_plural?: string;
  texts: string[];
  fuzzy: boolean;
  obsolete: boolean;
}

/**
 * Reads a `.po` file of GNU gettext.
 * @throws {Error} with the line that is not understood.
 */
export function parsePo(text: string): Catalogue {
  const drafts: Draft[] = [];
  let draft: Draft = newDraft();
  let append: ((text: string) => void) | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") {
      if (draft.msgid !== undefined) drafts.push(draft);
      draft = newDraft();
      append = undefined;
      continue;
    }
    if (line.startsWith("#")) {
      if (line.startsWith("#,") && /\bfuzzy\b/.test(line)) draft.fuzzy = true;
      if (line.startsWith("#~")) draft.obsolete = true;
      continue;
    }
    const found = /^\s*(?:(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d)\])?\s+)?(".*")\s*$/.exec(line);
    if (found === null) throw new Error(`line ${index + 1}: expected a message, found ${line}`);
    const [, keyword, form = "0", quoted = ""] = found;
    // Messages need not be parted by an empty line.
    if ((keyword === "msgid" || keyword === "msgctxt") && draft.texts.length > 0) {
      drafts.push(draft);
      draft = newDraft();
    }
    if (keyword !== undefined) append = field(draft, keyword, Number(form));
    if (append === undefined) throw new Error(`line ${index + 1}: expected msgid before ${line}`);
    append(unquote(quoted, index + 1));
  }
  if (draft.msgid !== undefined) drafts.push(draft);
  return complete(drafts);
}

function newDraft(): Draft {
  return { texts: [], fuzzy: false, obsolete: false };
}

/** @returns what takes the text of the keyword's line and of those that go on with it. */
function field(draft: Draft, keyword: string, form: number): (text: string) => void {
  if (keyword === "msgstr") {
    return (text) => {
      draft.texts[form] = (draft.texts[form] ?? "") + text;
    };
  }
  const name = keyword as "msgctxt" | "msgid" | "msgid_plural";
  return (text) => {
    draft[name] = (draft[name] ?? "") + text;
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

function unquote(quoted: string, line: number): string {
  return quoted.slice(1, -1).replace(/\\(.)|"/g, (all, escaped?: string) => {
    const character = escaped === undefined ? undefined : ESCAPES[escaped];
    if (character === undefined) throw new Error(`line ${line}: expected an escape of C, found ${all}`);
    return character;
  });
}

function complete(drafts: readonly Draft[]): Catalogue {
  const header = drafts.find(({ msgid }) => msgid === "")?.texts[0] ?? "";
  const pluralForms = /^Plural-Forms:\s*(.*?)\s*$/m.exec(header)?.[1];
  const messages = drafts
    .filter(({ msgid, fuzzy, obsolete }) => msgid !== "" && !fuzzy && !obsolete)
    .map(
      ({ msgctxt, msgid = "", msgid_plural, texts }): Message => ({
        ...(msgctxt === undefined ? {} : { context: msgctxt }),
        id: msgid,
        ...(msgid_plural === undefined ? {} : { plural: msgid_plural }),
        texts: Array.from(texts, (text) => text ?? ""),
      }),
    );
  return { ...(pluralForms === undefined ? {} : { pluralForms }), messages };
}
