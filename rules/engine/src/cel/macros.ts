import type { NodeOf } from "./ast.ts";
import { CelProblem } from "./cel-problem.ts";
import {
  EXHAUSTED,
  Failure,
  type Frame,
  LIST_TOO_LONG,
  MAX_LIST_LENGTH,
  named,
  type Outcome,
  pay,
  type Run,
} from "./evaluation.ts";
import { costOf, demand, type Linked, whatIsNull } from "./linked.ts";
import { noBool } from "./operators.ts";
import { type CelType, type CelValue, isList, isMap, keysOf } from "./value.ts";

/** The macros over lists and the keys of maps (langdef §"Macros"), with how many arguments each has. */
export const MACROS: ReadonlyMap<string, readonly number[]> = new Map([
  ["all", [2]],
  ["exists", [2]],
  ["exists_one", [2]],
  ["filter", [2]],
  ["map", [2, 3]],
]);

/** What a macro does with the outcome for one element: go on, or end with a result. */
interface Walk {
  readonly type: CelType;
  /** Begins a walk. `visit` is given the outcomes of the last argument; its answer, if any, ends the walk. */
  begin(): { visit(outcome: Outcome, item: CelValue): Outcome | undefined; end(): Outcome };
}

const WALKS: Readonly<Record<string, Walk>> = {
  all: { type: "bool", begin: () => deciding(false) },
  exists: { type: "bool", begin: () => deciding(true) },
  exists_one: {
    type: "bool",
    begin: () => {
      let count = 0;
      return {
        visit: (outcome) => {
          if (typeof outcome !== "boolean") return failureOf(outcome);
          if (outcome) count++;
          return undefined;
        },
        end: () => count === 1,
      };
    },
  },
  filter: {
    type: "list",
    begin: () => {
      const kept: CelValue[] = [];
      return {
        visit: (outcome, item) => {
          if (typeof outcome !== "boolean") return failureOf(outcome);
          if (outcome) kept.push(item);
          return undefined;
        },
        end: () => kept,
      };
    },
  },
  map: {
    type: "list",
    begin: () => {
      const made: CelValue[] = [];
      return {
        visit: (outcome) => {
          if (outcome instanceof Failure) return outcome;
          made.push(outcome);
          return undefined;
        },
        end: () => made,
      };
    },
  },
};

/** The walk of `&&` and `||` over all elements: errors count only when no element decides. */
function deciding(decisive: boolean): ReturnType<Walk["begin"]> {
  let failure: Failure | undefined;
  return {
    visit: (outcome) => {
      if (outcome === decisive) return decisive;
      if (outcome !== !decisive) failure ??= failureOf(outcome);
      return undefined;
    },
    end: () => failure ?? !decisive,
  };
}

function failureOf(outcome: Outcome): Failure {
  return outcome instanceof Failure ? outcome : noBool(outcome, undefined);
}

/**
 * @param slot where the macro's variable is kept while its body runs.
 * @param when the condition of `map(x, when, body)`.
 */
export function linkMacro(
  node: NodeOf<"call">,
  { range, slot, when, body }: { range: Linked; slot: number; when: Linked | undefined; body: Linked },
): Linked {
  const walk = WALKS[node.name];
  if (walk === undefined) throw new CelProblem(`unknown macro ${node.name}`, node.start);
  demand(range, ["list", "map"], ` before .${node.name}`);
  if (when !== undefined) demand(when, ["bool"], " as the condition of .map");
  if (node.name !== "map") demand(body, ["bool"], ` in .${node.name}`);
  const each = costOf(...(when === undefined ? [] : [when]), body);
  const step = stepOf(when?.run, body.run);
  const reason = whatIsNull(range.node);

  const run: Run = (frame) => {
    const list = range.run(frame);
    if (list instanceof Failure) return list;
    const items = isList(list) ? list : isMap(list) ? keysOf(list) : undefined;
    if (items === undefined) {
      return new Failure(list === null && reason ? reason : `found ${named(list)}, expected a list or a map`);
    }
    if (items.length > MAX_LIST_LENGTH) return LIST_TOO_LONG;
    const { visit, end } = walk.begin();
    for (const item of items) {
      if (!pay(frame.budget, each)) return EXHAUSTED;
      frame.locals[slot] = item;
      const outcome = step(frame);
      if (outcome === undefined) continue;
      if (outcome instanceof Failure && outcome.final) return outcome;
      const result = visit(outcome, item);
      if (result !== undefined) return result;
    }
    return end();
  };
  return { node, type: walk.type, cost: costOf(range), run };
}

/** The body for one element; `undefined` where the condition of a `map` leaves it out. */
function stepOf(when: Run | undefined, body: Run): (frame: Frame) => Outcome | undefined {
  if (when === undefined) return body;
  return (frame) => {
    const chosen = when(frame);
    if (chosen === true) return body(frame);
    return chosen === false ? undefined : failureOf(chosen);
  };
}
