import { enEditor } from "../i18n/messages/en-editor.ts";
import { enEditorParts } from "../i18n/messages/en-editor-parts.ts";
import { viEditor } from "../i18n/messages/vi-editor.ts";
import { viEditorParts } from "../i18n/messages/vi-editor-parts.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: { ...enEditor, ...enEditorParts }, vi: { ...viEditor, ...viEditorParts } });
