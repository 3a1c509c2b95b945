import type { Language } from "./language.ts";

/** What has a title in one or several languages: a Thing or a property. */
export interface Titled {
  readonly title?: string | undefined;
  readonly titles?: Readonly<Record<string, string>> | undefined;
}

/** The title in the wanted language, else the plain one, else `fallback`. `vi-VN` serves `vi`. */
export function localTitle(titled: Titled, language: Language, fallback: string): string {
  const { titles } = titled;
  if (titles !== undefined) {
    const tag = Object.hasOwn(titles, language)
      ? language
      : Object.keys(titles).find((candidate) => candidate.startsWith(`${language}-`));
    const text = tag === undefined ? undefined : titles[tag];
    if (text) return text;
  }
  return titled.title || fallback;
}
