import { enCloud } from "../i18n/messages/en-cloud.ts";
import { viCloud } from "../i18n/messages/vi-cloud.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: enCloud, vi: viCloud });
