import type { Preferences } from "./preferences.ts";

/** Puts language and theme where the style sheets and screen readers look for them. */
export function applyPreferences(root: HTMLElement, { language, theme }: Preferences): void {
  root.lang = language;
  root.dataset.theme = theme;
}
