import type { Catalogue, MessageKey, MessageSlots } from "./catalogue.ts";
import { LANGUAGES, type Language } from "./language.ts";
import type { Message } from "./message.ts";
import { en } from "./messages/en.ts";
import { vi } from "./messages/vi.ts";

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en: { ...en }, vi: { ...vi } };

/** Adds the texts of pages that are loaded later. */
export function addTexts(texts: Readonly<Record<Language, Catalogue>>): void {
  for (const language of LANGUAGES) Object.assign(CATALOGUES[language], texts[language]);
}

type SlotValues<Key extends MessageKey> = [MessageSlots<Key>] extends [never]
  ? []
  : [slots: Readonly<Record<MessageSlots<Key>, string | number>>];

/** Finds a text and fills its slots; numbers are written as the language writes them. */
export type Translate = <Key extends MessageKey>(key: Key, ...slots: SlotValues<Key>) => string;

export function createTranslator(language: Language): Translate {
  const catalogue = CATALOGUES[language];
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (key, ...[slots]) => {
    const values: Readonly<Record<string, string | number>> = slots ?? {};
    // Only a page that forgot to load its texts would show a key.
    const message: Message = catalogue[key] ?? key;
    const text = typeof message === "string" ? message : choose(message, plurals, values.count);
    return text.replace(/\{(\w+)\}/g, (slot, name: string) => {
      const value = values[name];
      if (value === undefined) return slot;
      return typeof value === "number" ? numbers.format(value) : value;
    });
  };
}

function choose(
  forms: Exclude<Message, string>,
  plurals: Intl.PluralRules,
  count: string | number | undefined,
): string {
  return typeof count === "number" ? (forms[plurals.select(count)] ?? forms.other) : forms.other;
}
