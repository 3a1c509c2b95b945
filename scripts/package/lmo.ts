/**
 * LuCI's catalogues of translations (`.lmo`, "Lua machine objects"): the texts, each padded to four bytes; then, sorted by
 * hash, an entry of four 32-bit numbers for each text; then the offset of the first entry. All numbers are big-endian.
 */
export interface Message {
  readonly context?: string;
  readonly id: string;
  readonly plural?: string;
  /** One text, or one for each plural form. */
  readonly texts: readonly string[];
}

/** What a `.po` file says. */
export interface Catalogue {
  /** `nplurals=1; plural=0;` */
  readonly pluralForms?: string;
  readonly messages: readonly Message[];
}

interface Entry {
  readonly key: number;
  readonly kind: number;
  readonly text: Buffer;
}

/**
 * @returns the bytes, or undefined when nothing is translated: LuCI wants no file then.
 * @throws {Error} when two different texts would be found under the same hash.
 */
export function encodeLmo({ pluralForms, messages }: Catalogue): Buffer | undefined {
  const entries: Entry[] = [];
  if (pluralForms !== undefined) entries.push({ key: 0, kind: 0, text: Buffer.from(pluralForms) });
  for (const message of messages) {
    for (const [form, translation] of message.texts.entries()) {
      const text = Buffer.from(translation);
      const key = hashOf(keyOf(message, form));
      // Not translated, or the same in both languages: LuCI shows the original for what it does not find.
      if (text.length === 0 || key === hashOf(text)) continue;
      entries.push({ key, kind: message.texts.length, text });
    }
  }
  if (entries.every(({ key }) => key === 0)) return undefined;
  return layOut(entries.sort((one, other) => one.key - other.key));
}

function layOut(entries: readonly Entry[]): Buffer {
  const texts: Buffer[] = [];
  const index = Buffer.alloc(entries.length * 16 + 4);
  let offset = 0;
  for (const [number, { key, kind, text }] of entries.entries()) {
    if (key === entries[number - 1]?.key)
      throw new Error(`two messages have the same hash: ${text.toString("utf8")}`);
    for (const [field, value] of [key, kind, offset, text.length].entries()) {
      index.writeUInt32BE(value, number * 16 + field * 4);
    }
    const padding = (4 - (text.length % 4)) % 4;
    texts.push(text, Buffer.alloc(padding));
    offset += text.length + padding;
  }
  index.writeUInt32BE(offset, entries.length * 16);
  return Buffer.concat([...texts, index]);
}

/** The text that is hashed: LuCI looks a message up by context, original and plural form. */
function keyOf({ context, id, plural }: Message, form: number): Buffer {
  const scoped = context === undefined ? canonical(id) : `${canonical(context)}\x01${canonical(id)}`;
  return Buffer.from(plural === undefined ? scoped : `${scoped}\x02${form}`);
}

/** LuCI collapses white space before it hashes what it looks for. */
function canonical(text: string): string {
  return text.replace(/[ \t\n\v\f\r]+/g, " ").trim();
}

/**
 * Paul Hsieh's SuperFastHash of bytes, begun with their number, as LuCI takes it: two bytes at a time, little-endian.
 * @returns an unsigned number of 32 bits.
 */
export function hashOf(bytes: Uint8Array): number {
  const pair = (at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const signed = (at: number): number => ((bytes[at] ?? 0) << 24) >> 24;
  if (bytes.length === 0) return 0;
  let hash = bytes.length;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    hash = (hash + pair(at)) | 0;
    hash = (hash << 16) ^ ((pair(at + 2) << 11) ^ hash);
    hash = (hash + (hash >>> 11)) | 0;
  }
  switch (bytes.length - whole) {
    case 3:
      hash = (hash + pair(whole)) | 0;
      hash ^= hash << 16;
      hash ^= signed(whole + 2) << 18;
      hash = (hash + (hash >>> 11)) | 0;
      break;
    case 2:
      hash = (hash + pair(whole)) | 0;
      hash ^= hash << 11;
      hash = (hash + (hash >>> 17)) | 0;
      break;
    case 1:
      hash = (hash + signed(whole)) | 0;
      hash ^= hash << 10;
      hash = (hash + (hash >>> 1)) | 0;
      break;
  }
  // Lets the last bytes reach every bit.
  hash ^= hash << 3;
  hash = (hash + (hash >>> 5)) | 0;
  hash ^= hash << 4;
  hash = (hash + (hash >>> 17)) | 0;
  hash ^= hash << 25;
  hash = (hash + (hash >>> 6)) | 0;
  return hash >>> 0;
}
