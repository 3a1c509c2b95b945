import type { CompiledRule } from "./program.ts";
import { hasWildcard, matchesFilter } from "./trigger/topic-filter.ts";

/** The rules that an event concerns, by what it is about; `interest.ts` has the names. */
export class Interests {
  readonly #exact = new Map<string, CompiledRule[]>();
  /** Of MQTT topic filters with wildcards. */
  readonly #filters = new Map<string, CompiledRule[]>();

  add(rule: CompiledRule, interests: readonly string[]): void {
    for (const interest of interests) {
      const wild = interest.startsWith("m ") && hasWildcard(interest);
      const [map, key] = wild ? [this.#filters, interest.slice(2)] : [this.#exact, interest];
      const rules = map.get(key);
      if (rules === undefined) map.set(key, [rule]);
      else rules.push(rule);
    }
  }

  /** What somebody listens to; of topics the filters: `m farm/#`. */
  *names(): Iterable<string> {
    yield* this.#exact.keys();
    for (const filter of this.#filters.keys()) yield `m ${filter}`;
  }

  /** Those that listen to exactly this, in the order of the files. */
  exactly(interest: string): readonly CompiledRule[] {
    return this.#exact.get(interest) ?? [];
  }

  /** Those with a filter that a topic matches. */
  *matching(topic: string): Iterable<CompiledRule> {
    for (const [filter, rules] of this.#filters) if (matchesFilter(filter, topic)) yield* rules;
  }
}
