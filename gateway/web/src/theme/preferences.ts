import { chooseLanguage, isLanguage, type Language } from "../i18n/language.ts";

export const THEMES = ["auto", "light", "dark"] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** What a person chose for this browser. */
export interface Preferences {
  readonly language: Language;
  readonly theme: ThemeChoice;
}

/** What this file needs of `localStorage`, which a browser may refuse by throwing. */
export interface PreferenceStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const KEY = "preferences";

/** Reads what was kept; anything missing or unknown falls back to the browser's languages and the system's theme. */
export function loadPreferences(
  storage: () => PreferenceStorage,
  browserLanguages: readonly string[],
): Preferences {
  let kept: { language?: unknown; theme?: unknown } = {};
  try {
    const parsed: unknown = JSON.parse(storage().getItem(KEY) ?? "{}");
    if (typeof parsed === "object" && parsed !== null) kept = parsed;
  } catch {
    // Storage is blocked or holds something else: the defaults serve.
    kept = {};
  }
  return {
    language: isLanguage(kept.language) ? kept.language : chooseLanguage(browserLanguages),
    theme: THEMES.find((theme) => theme === kept.theme) ?? "auto",
  };
}

/** @returns false when the browser does not let us keep anything. */
export function savePreferences(storage: () => PreferenceStorage, preferences: Preferences): boolean {
  try {
    storage().setItem(KEY, JSON.stringify(preferences));
    return true;
  } catch {
    return false;
  }
}
