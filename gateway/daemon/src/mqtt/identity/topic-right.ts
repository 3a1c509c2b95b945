import type { FilterLevels } from "./topic-filter.ts";

/** What one level of a topic must be: this text, anything, or what a question says yes to. */
export type LevelTest = string | typeof ANY | ((level: string) => boolean);

export const ANY: unique symbol = Symbol("any level");

/** A set of topics: that many levels, and with `below` also everything under them (as `#` does). */
export interface TopicRight {
  readonly levels: readonly LevelTest[];
  readonly below: boolean;
}

/** A level that is no level of any topic, so that only `ANY` and `below` let it pass. */
const SOME_OTHER = "\0";

/** Reads a right written as a topic filter: `cmnd/plug/#`. It must be one that `parseFilter` took. */
export function rightOf(filter: FilterLevels): TopicRight {
  const below = filter.at(-1) === "#";
  const levels = below ? filter.slice(0, -1) : filter;
  return { levels: levels.map((level) => (level === "+" ? ANY : level)), below };
}

/**
 * Tells whether the rights together allow every topic that a filter can match, also those that nobody has thought of.
 * It is exact: `true` if and only if that is so. A topic name is a filter that matches itself.
 *
 * The filter is walked level by level with all rights at once. For a wildcard there is one level that passes fewest
 * tests: one that no right names. What allows that one allows every other, so no other has to be tried. Wildcards at the
 * beginning match no topic that begins with `$` (3.1.1 §4.7.2), in the filter as in the rights.
 */
export function covers(rights: readonly TopicRight[], filter: FilterLevels): boolean {
  // Asked for each message that is published: no garbage.
  if (!filter.some(isWildcard)) return rights.some((right) => admits(right, filter));
  let alive: readonly TopicRight[] = rights;
  for (const [depth, level] of filter.entries()) {
    if (level === "#") return coversAllBelow(alive, depth, filter[0] === "");
    const tried = level === "+" ? SOME_OTHER : level;
    alive = alive.filter((right) => passes(right, depth, tried));
    if (alive.length === 0) return false;
  }
  return alive.some((right) => ends(right, filter.length));
}

/** `#` stands for its parent (3.1.1 §4.7.1.2) and for any number of levels more. */
function coversAllBelow(rights: readonly TopicRight[], from: number, beginsEmpty: boolean): boolean {
  let alive = rights;
  const longest = Math.max(from, ...rights.map(({ levels }) => levels.length));
  for (let depth = from; depth <= longest + 1; depth++) {
    // A topic has a character at least (3.1.1 §4.7.3): there is none of no level, nor of one that is empty.
    const none = depth === 0 || (depth === 1 && beginsEmpty);
    if (!none && !alive.some((right) => ends(right, depth))) return false;
    alive = alive.filter((right) => passes(right, depth, SOME_OTHER));
  }
  // Deeper than every right is long, those that are alive reach down for ever.
  return alive.length > 0;
}

function isWildcard(level: string): boolean {
  return level === "+" || level === "#";
}

/** Whether one right allows one topic. */
function admits(right: TopicRight, topic: FilterLevels): boolean {
  return ends(right, topic.length) && topic.every((level, depth) => passes(right, depth, level));
}

function passes({ levels, below }: TopicRight, depth: number, level: string): boolean {
  const test = levels[depth];
  const wild = test === undefined || test === ANY;
  if (depth === 0 && wild && level.startsWith("$")) return false;
  if (test === undefined) return below;
  return test === ANY || (typeof test === "string" ? test === level : test(level));
}

function ends({ levels, below }: TopicRight, depth: number): boolean {
  return depth === levels.length || (below && depth > levels.length);
}
