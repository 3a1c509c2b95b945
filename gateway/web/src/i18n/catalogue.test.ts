import { describe, expect, it } from "vitest";
import { LANGUAGES } from "./language.ts";
import "../cloud/cloud-texts.ts";
import "../household/household-texts.ts";
import "../rule-editor/editor-texts.ts";
import "../system/backup-texts.ts";
import "../topics/topics-texts.ts";
import type { MessageKey } from "./catalogue.ts";
import type { Message } from "./message.ts";
import { en } from "./messages/en.ts";
import { enBackup } from "./messages/en-backup.ts";
import { enCloud } from "./messages/en-cloud.ts";
import { enEditor } from "./messages/en-editor.ts";
import { enEditorParts } from "./messages/en-editor-parts.ts";
import { enHousehold } from "./messages/en-household.ts";
import { enTopics } from "./messages/en-topics.ts";
import { CATALOGUES } from "./translator.ts";

const english: Readonly<Record<MessageKey, Message>> = {
  ...en,
  ...enBackup,
  ...enCloud,
  ...enEditor,
  ...enEditorParts,
  ...enHousehold,
  ...enTopics,
};
const keys = Object.keys(english) as MessageKey[];
const forms = (message: Message): string[] =>
  typeof message === "string" ? [message] : Object.values(message).filter((form) => form !== undefined);
const slots = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

describe.each(LANGUAGES)("the catalogue of %s", (language) => {
  const catalogue = CATALOGUES[language];

  it("has exactly the keys that English has", () => {
    expect(Object.keys(catalogue).sort()).toEqual([...keys].sort());
  });

  it.each(keys)("%s has the same slots as in English", (key) => {
    const text = english[key];
    const wanted = slots(typeof text === "string" ? text : text.other);
    for (const form of forms(catalogue[key] ?? "")) expect(slots(form)).toEqual(wanted);
  });

  it.each(keys)("%s has the plural forms of the language, and a text in each", (key) => {
    const message: Message = catalogue[key] ?? "";
    for (const form of forms(message)) expect(form.trim()).not.toBe("");
    if (typeof message === "string") return;
    const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    expect(Object.keys(message).sort()).toEqual([...wanted].sort());
  });
});
