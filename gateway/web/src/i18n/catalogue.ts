import type { Message, PluralForms, SlotsOf } from "./message.ts";
import type { en } from "./messages/en.ts";
import type { enBackup } from "./messages/en-backup.ts";
import type { enCloud } from "./messages/en-cloud.ts";
import type { enEditor } from "./messages/en-editor.ts";
import type { enEditorParts } from "./messages/en-editor-parts.ts";
import type { enHousehold } from "./messages/en-household.ts";
import type { enTopics } from "./messages/en-topics.ts";

/** English, which defines the keys that every other language must have. */
type English = typeof en &
  typeof enBackup &
  typeof enCloud &
  typeof enEditor &
  typeof enEditorParts &
  typeof enHousehold &
  typeof enTopics;

export type MessageKey = keyof English;

/** The slots that a message needs. */
export type MessageSlots<Key extends MessageKey> = SlotsOf<English[Key]>;

/** Texts without slots. */
export type PlainKey = {
  [Key in MessageKey]: [MessageSlots<Key>] extends [never] ? Key : never;
}[MessageKey];

/** What another language must provide for these English texts: each key, and plural forms where English has them. */
export type CatalogueOf<Texts extends Readonly<Record<string, Message>>> = {
  readonly [Key in keyof Texts]: Texts[Key] extends string ? string : PluralForms;
};

/** The texts of a language that are loaded. */
export type Catalogue = Partial<CatalogueOf<English>>;
