import type { MessageKey } from "../i18n/catalogue.ts";
import { en } from "../i18n/messages/en.ts";
import type { Translate } from "../i18n/translator.ts";

/** Reasons whose own words add something that the code does not say. */
const TELLING = new Set([
  "invalid-value",
  "unavailable",
  "overridden",
  "rejected",
  "send-failed",
  "held",
  "resting",
]);

export interface FailureText {
  readonly text: string;
  /** What the gateway or the device said, in English. */
  readonly detail?: string;
}

/** Why a command failed, in the chosen language, and the gateway's own words where they tell more. */
export function failureText(code: string, reason: string | undefined, t: Translate): FailureText {
  const key = `failure.${code}`;
  const known = isFailureKey(key);
  const text = t(known ? key : "failure.other");
  return reason === undefined || (known && !TELLING.has(code)) ? { text } : { text, detail: reason };
}

type FailureKey = Extract<MessageKey, `failure.${string}`>;

function isFailureKey(key: string): key is FailureKey {
  return key.startsWith("failure.") && Object.hasOwn(en, key);
}
