import { enHousehold } from "../i18n/messages/en-household.ts";
import { viHousehold } from "../i18n/messages/vi-household.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: enHousehold, vi: viHousehold });
