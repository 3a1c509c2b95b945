import { enBackup } from "../i18n/messages/en-backup.ts";
import { viBackup } from "../i18n/messages/vi-backup.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: enBackup, vi: viBackup });
