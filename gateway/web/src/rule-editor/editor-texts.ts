import { enEditor } from "../i18n/messages/en-editor.ts";
import { viEditor } from "../i18n/messages/vi-editor.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: enEditor, vi: viEditor });
