import { type CelBudget, EXHAUSTED, Failure, pay } from "./evaluation.ts";
import {
  type Assertion,
  type CharacterSet,
  type PatternNode,
  PatternProblem,
  parsePattern,
} from "./pattern-parser.ts";

/** Most states of a compiled pattern; repetitions are written out. */
const MAX_STATES = 1_000;
/** Most nodes visited while compiling: repetitions of nothing make no states. */
const MAX_VISITS = 10_000;

type State =
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "split"; next: number; other: number }
  | { readonly kind: "match" };

/** A regular expression as a non-deterministic automaton. */
export interface Pattern {
  readonly states: readonly State[];
  readonly ignoreCase: boolean;
}

/** @returns the automaton of Thompson's construction, or what is wrong with the pattern. */
export function compilePattern(source: string): Pattern | Failure {
  try {
    const { root, ignoreCase } = parsePattern(source);
    const builder = new PatternBuilder();
    builder.emit(root);
    builder.add({ kind: "match" });
    return { states: builder.states, ignoreCase };
  } catch (error) {
    if (error instanceof PatternProblem) return new Failure(`pattern of matches(): ${error.message}`);
    throw error;
  }
}

class PatternBuilder {
  readonly states: State[] = [];
  #visits = 0;

  add<Added extends State>(state: Added): Added {
    if (this.states.length >= MAX_STATES)
      throw new PatternProblem("too long when its repetitions are written out");
    this.states.push(state);
    return state;
  }

  emit(node: PatternNode): void {
    if (++this.#visits > MAX_VISITS)
      throw new PatternProblem("too long when its repetitions are written out");
    switch (node.kind) {
      case "set":
      case "assertion":
        this.add(node);
        break;
      case "row":
        for (const item of node.items) this.emit(item);
        break;
      case "either":
        this.#either(node.items);
        break;
      case "repeat":
        for (let count = 0; count < node.min; count++) this.emit(node.item);
        if (node.max === Number.POSITIVE_INFINITY) this.#loop(node.item);
        else this.#optional(node.item, node.max - node.min);
    }
  }

  #either(items: readonly PatternNode[]): void {
    const jumps: { next: number; other: number }[] = [];
    for (const [index, item] of items.entries()) {
      if (index === items.length - 1) {
        this.emit(item);
        continue;
      }
      const split = this.#split();
      this.emit(item);
      jumps.push(this.#split());
      split.other = this.states.length;
    }
    for (const jump of jumps) jump.next = jump.other = this.states.length;
  }

  #loop(item: PatternNode): void {
    const start = this.states.length;
    const split = this.#split();
    this.emit(item);
    const back = this.#split();
    back.next = back.other = start;
    split.other = this.states.length;
  }

  #optional(item: PatternNode, times: number): void {
    const splits: { other: number }[] = [];
    for (let count = 0; count < times; count++) {
      splits.push(this.#split());
      this.emit(item);
    }
    for (const split of splits) split.other = this.states.length;
  }

  /** A fork to the state behind it and to one that is set later. */
  #split(): { next: number; other: number } {
    const next = this.states.length + 1;
    return this.add({ kind: "split", next, other: next });
  }
}

/**
 * Whether a pattern is found anywhere in a text. All states are followed at once, so the time is at most that of the
 * text times the states; each 16 steps cost one operation.
 */
export function matches({ states, ignoreCase }: Pattern, text: string, budget: CelBudget): boolean | Failure {
  const seen = new Int32Array(states.length).fill(-1);
  let current: number[] = [];
  let upcoming: number[] = [];
  let before = -1;
  let unpaid = 0;
  for (let at = 0, step = 0; ; step++) {
    const code = text.codePointAt(at) ?? -1;
    // A match may begin everywhere.
    const open = current;
    open.push(0);
    upcoming = [];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = states[index];
      if (state === undefined || seen[index] === step) continue;
      seen[index] = step;
      unpaid++;
      if (state.kind === "match") return pay(budget, unpaid >> 4) || EXHAUSTED;
      if (state.kind === "split") open.push(state.other, state.next);
      else if (state.kind === "assertion") {
        if (holds(state.assertion, before, code)) open.push(index + 1);
      } else {
        unpaid += state.set.ranges.length;
        if (code >= 0 && isIn(state.set, code, ignoreCase)) upcoming.push(index + 1);
      }
    }
    if (unpaid > 1_024) {
      if (!pay(budget, unpaid >> 4)) return EXHAUSTED;
      unpaid = 0;
    }
    if (code < 0) return pay(budget, unpaid >> 4) ? false : EXHAUSTED;
    current = upcoming;
    before = code;
    at += code > 0xffff ? 2 : 1;
  }
}

function holds(assertion: Assertion, before: number, code: number): boolean {
  if (assertion === "begin") return before < 0;
  if (assertion === "end") return code < 0;
  return (isWord(before) !== isWord(code)) === (assertion === "word");
}

function isWord(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)
  );
}

function isIn({ ranges, negated }: CharacterSet, code: number, ignoreCase: boolean): boolean {
  const other = ignoreCase ? otherCase(code) : code;
  for (const [first, last] of ranges) {
    if ((code >= first && code <= last) || (other >= first && other <= last)) return !negated;
  }
  return negated;
}

/** Of the letters a to z alone. */
function otherCase(code: number): number {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) ? code ^ 32 : code;
}
