import { useAppSelector } from "../store/hooks.ts";
import { type I18n, i18nFor } from "./i18n.ts";

/** The formats of the chosen language, in the gateway's time zone. */
export function useI18n(): I18n {
  const language = useAppSelector((state) => state.preferences.language);
  const timezone = useAppSelector((state) => state.system.gateway?.timezone);
  return i18nFor(language, timezone);
}
