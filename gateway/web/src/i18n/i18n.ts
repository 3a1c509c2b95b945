import { type AgeFormat, createAgeFormat } from "./age.ts";
import { createInstantFormat, type InstantFormat } from "./instant.ts";
import type { Language } from "./language.ts";
import { createNumberFormat, type NumberShape } from "./number.ts";
import { createTranslator, type Translate } from "./translator.ts";

/** Everything that depends on the language: texts, numbers, ages, points in time. */
export interface I18n extends AgeFormat {
  readonly language: Language;
  readonly t: Translate;
  readonly number: (value: number, shape: NumberShape) => string;
  readonly instant: InstantFormat;
}

type Written = Omit<I18n, "instant">;

const byLanguage = new Map<Language, Written>();
const byZone = new Map<string, I18n>();

/** Intl formats are expensive to make, so one set is kept for each language, and one for each time zone. */
export function i18nFor(language: Language, timezone?: string): I18n {
  const key = `${language} ${timezone ?? ""}`;
  const known = byZone.get(key);
  if (known !== undefined) return known;
  const made: I18n = { ...writtenFor(language), instant: createInstantFormat(language, timezone) };
  byZone.set(key, made);
  return made;
}

function writtenFor(language: Language): Written {
  const known = byLanguage.get(language);
  if (known !== undefined) return known;
  const t = createTranslator(language);
  const made: Written = {
    language,
    t,
    number: createNumberFormat(language),
    ...createAgeFormat(language, t("age.now")),
  };
  byLanguage.set(language, made);
  return made;
}
