import type { MessageKey } from "../i18n/catalogue.ts";

/**
 * The sentences of the rule engine that have no values in them, and are by far the most that a diary holds. The others
 * are shown as the engine says them, in English.
 */
const SENTENCES = {
  "not true": "trace.say.notTrue",
  "was true before: it fires when that begins": "trace.say.stillTrue",
  "waits for its time to pass": "trace.say.waits",
  "the value is not known": "trace.say.unknown",
  "the value is stale": "trace.say.stale",
  "the value is bad": "trace.say.bad",
  "the clock is not trusted": "trace.say.clock",
  "the rule is disabled": "trace.say.disabled",
  "the rule changed": "trace.say.changed",
  "no answer": "trace.say.noAnswer",
  "the device did not confirm in time": "trace.say.notConfirmed",
} as const satisfies Readonly<Record<string, MessageKey>>;

type Sentence = keyof typeof SENTENCES;

/** @returns the message that says the same, where there is one. */
export function traceSentence(detail: string): (typeof SENTENCES)[Sentence] | undefined {
  return Object.hasOwn(SENTENCES, detail) ? SENTENCES[detail as Sentence] : undefined;
}
