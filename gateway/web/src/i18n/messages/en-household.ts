import type { Message } from "../message.ts";

/** What only the form of a Thing says; it is loaded with it. */
export const enHousehold = {
  "household.title": "Settings of {thing}",
  "household.name": "Name",
  "household.nameHint": "Empty: the name that the device gives itself.",
  "household.area": "Area",
  "household.noArea": "in no area",
  "household.newArea": "a new area…",
  "household.newAreaName": "Name of the new area",
  "household.tags": "Tags",
  "household.tagsHint": "Words of a-z, 0-9 and -, separated by commas.",
  "household.notes": "Notes",
  "household.save": "Save",
  "household.saving": "Saving…",
  "household.failed": "It was not saved: {problem}",
  "household.replace": "This device replaces another one",
  "household.replaceHint":
    "Its values will be those of the Thing that you choose, which keeps its name, its history and its rules.",
  "household.replaceWhich": "The broken one",
  "household.replaceChoose": "Choose…",
  "household.replaceDo": "Replace",
  "household.forget": "Forget this Thing",
  "household.forgetSure": "Forget {thing} with its settings?",
} as const satisfies Readonly<Record<string, Message>>;
