import type { Fields } from "./outside.ts";

/** So many the gateway keeps of each rule. */
export const TRACES_KEPT = 50;

export interface FreshTraces {
  /** Evaluations that are new, the oldest first. */
  readonly fresh: readonly Fields[];
  /** The list as it is to be given the next time. */
  readonly known: readonly string[];
  /** There may have been more than these: the gateway keeps no older ones. */
  readonly gap: boolean;
}

/**
 * What is new in the list of a rule's evaluations, which have no numbers: the newest come first, so the known ones
 * are where the rest of the list is how the known list began.
 * @param traces newest first. @param known of the call before.
 */
export function freshTraces(traces: readonly Fields[], known: readonly string[]): FreshTraces {
  const texts = traces.map((trace) => JSON.stringify(trace));
  const follows = (from: number): boolean =>
    known.length > 0 && known.slice(0, texts.length - from).every((text, at) => text === texts[from + at]);
  let count = 0;
  while (count < texts.length && !follows(count)) count++;
  const gap = known.length > 0 && count === texts.length && count >= TRACES_KEPT;
  return { fresh: traces.slice(0, count).reverse(), known: texts.length > 0 ? texts : known, gap };
}
