import type { EpochMs, Json } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Effect } from "../events.ts";

/** Something that somebody did, as a record tells it; without a rule it was no rule. */
export interface ActionOf {
  readonly at: EpochMs;
  readonly rule?: string;
  readonly text: string;
}

/** What a rule did, in a few words: the same words for the same deed. */
export function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "set":
      return describeSet(effect.thing, effect.property, effect.value);
    case "notify":
      return describeNotification(effect.level, effect.text);
    case "invoke":
      return describeInvocation(effect.thing, effect.action, effect.input);
    case "publish":
      return `publish ${effect.topic} ${writeValue(effect.payload)}`;
    case "http":
      // The query may carry a key.
      return `${effect.method} ${effect.url.split("?")[0]}`;
  }
}

export function describeSet(thing: string, property: string, value: Json): string {
  return `${thing}/${property} = ${writeValue(value)}`;
}

export function describeNotification(level: string, text: string): string {
  return `${level}: ${text}`;
}

export function describeInvocation(thing: string, action: string, input: Json): string {
  return `invoke ${thing}/${action}${input === null ? "" : ` ${writeValue(input)}`}`;
}
