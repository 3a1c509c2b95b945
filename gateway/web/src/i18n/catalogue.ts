import type { PluralForms } from "./message.ts";
import type { en, MessageKey } from "./messages/en.ts";

/** What a language must provide: each key, and plural forms where English has them. */
export type Catalogue = {
  readonly [Key in MessageKey]: (typeof en)[Key] extends string ? string : PluralForms;
};
