import type { EpochMs, Ms } from "@tram/protocol";
import type { Action } from "./replay.ts";

/** One thing in which two lists of actions differ. */
export interface Difference {
  /** Done by the first alone, by the second alone, or by both at different times. */
  readonly kind: "first" | "second" | "moved";
  /** Of a moved one: when the first did it. */
  readonly at: EpochMs;
  /** Of a moved one: when the second did it. */
  readonly movedTo?: EpochMs;
  readonly rule: string;
  readonly text: string;
}

export interface CompareOptions {
  /** Actions so near to each other are at the same time. */
  readonly sameMs: Ms;
  /** Actions so near to each other may be the same one, at another time. */
  readonly movedMs: Ms;
}

/**
 * Tells what two lists of actions do not have in common, in the order of time. The same action (whichever rule did it)
 * is matched with the next of the other list that is near enough.
 * @param first in the order of time, as is `second`.
 */
export function compareActions(
  first: readonly Action[],
  second: readonly Action[],
  { movedMs, sameMs }: CompareOptions,
): readonly Difference[] {
  const waiting = new Map<string, { readonly actions: Action[]; next: number }>();
  for (const action of second) {
    const queue = waiting.get(action.text);
    if (queue === undefined) waiting.set(action.text, { actions: [action], next: 0 });
    else queue.actions.push(action);
  }
  const found: Difference[] = [];
  for (const action of first) {
    const { at, rule, text } = action;
    const queue = waiting.get(text);
    let other = queue?.actions[queue.next];
    while (queue !== undefined && other !== undefined && other.at < at - movedMs) {
      found.push({ kind: "second", ...other });
      other = queue.actions[++queue.next];
    }
    if (queue === undefined || other === undefined || other.at > at + movedMs) {
      found.push({ kind: "first", at, rule, text });
      continue;
    }
    queue.next++;
    if (Math.abs(other.at - at) > sameMs)
      found.push({ kind: "moved", at, movedTo: other.at, rule: other.rule, text });
  }
  for (const { actions, next } of waiting.values()) {
    for (const action of actions.slice(next)) found.push({ kind: "second", ...action });
  }
  return found.sort((one, other) => one.at - other.at);
}
