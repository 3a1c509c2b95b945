import { enTopics } from "../i18n/messages/en-topics.ts";
import { viTopics } from "../i18n/messages/vi-topics.ts";
import { addTexts } from "../i18n/translator.ts";

addTexts({ en: enTopics, vi: viTopics });
