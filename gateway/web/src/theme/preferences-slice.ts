import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import type { Language } from "../i18n/language.ts";
import type { Preferences, ThemeChoice } from "./preferences.ts";

export const preferencesSlice = createSlice({
  name: "preferences",
  initialState: { language: "en", theme: "auto" } as Preferences,
  reducers: {
    languageChosen(state, { payload: language }: PayloadAction<Language>): Preferences {
      return { ...state, language };
    },
    themeChosen(state, { payload: theme }: PayloadAction<ThemeChoice>): Preferences {
      return { ...state, theme };
    },
  },
});

export const { languageChosen, themeChosen } = preferencesSlice.actions;
