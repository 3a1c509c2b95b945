import { isLanguage, LANGUAGES } from "../i18n/language.ts";
import { CATALOGUES } from "../i18n/translator.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppDispatch, useAppSelector } from "../store/hooks.ts";
import { THEMES } from "../theme/preferences.ts";
import { languageChosen, themeChosen } from "../theme/preferences-slice.ts";

/** Language and theme; kept in this browser. */
export function PreferenceFields() {
  const { t, language } = useI18n();
  const dispatch = useAppDispatch();
  const theme = useAppSelector((state) => state.preferences.theme);
  return (
    <>
      <label className="preference">
        <span>{t("menu.language")}</span>
        <select
          className="field small"
          value={language}
          onChange={(event) => {
            const chosen = event.target.value;
            if (isLanguage(chosen)) dispatch(languageChosen(chosen));
          }}
        >
          {LANGUAGES.map((each) => (
            <option key={each} value={each} lang={each}>
              {CATALOGUES[each]["language.name"]}
            </option>
          ))}
        </select>
      </label>
      <label className="preference">
        <span>{t("menu.theme")}</span>
        <select
          className="field small"
          value={theme}
          onChange={(event) => {
            const chosen = THEMES.find((each) => each === event.target.value);
            if (chosen !== undefined) dispatch(themeChosen(chosen));
          }}
        >
          {THEMES.map((each) => (
            <option key={each} value={each}>
              {t(`theme.${each}`)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
