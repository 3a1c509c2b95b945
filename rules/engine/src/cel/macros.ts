import type { NodeOf } from "./ast.ts";
import { EXHAUSTED, Failure, LIST_TOO_LONG, MAX_LIST_LENGTH, named, pay, type Run } from "./evaluation.ts";
import { asBool, costOf, demand, explained, type Linked } from "./linked.ts";
import { type CelValue, isList, isMap, keysOf } from "./value.ts";

/** The macros over lists and the keys of maps (langdef §"Macros"), with how many arguments each has. */
export const MACROS: ReadonlyMap<string, readonly number[]> = new Map([
  ["all", [2]],
  ["exists", [2]],
  ["exists_one", [2]],
  ["filter", [2]],
  ["map", [2, 3]],
]);

/** The parts of `range.map(x, when, body)`, or of another macro without the condition. */
export interface Walk {
  readonly range: Linked;
  /** Where the macro's variable is kept while its body runs. */
  readonly slot: number;
  readonly when: Linked | undefined;
  readonly body: Linked;
}

export function linkMacro(node: NodeOf<"call">, { range, slot, when, body }: Walk): Linked {
  const { name } = node;
  demand(range, ["list", "map"], ` before .${name}`);
  if (when !== undefined) demand(when, ["bool"], " as the condition of .map");
  if (name !== "map") demand(body, ["bool"], ` in .${name}`);
  // `all` and `exists` are `&&` and `||` over the elements: an error counts only when no element decides.
  const absorbs = name === "all" || name === "exists";
  const each = 1 + body.cost + (when?.cost ?? 0);

  const run: Run = (frame) => {
    const list = range.run(frame);
    if (list instanceof Failure) return list;
    if (!isList(list) && !isMap(list)) {
      return explained(new Failure(`found ${named(list)}, expected a list or a map`), [list], [range]);
    }
    const items = isList(list) ? list : keysOf(list);
    if (items.length > MAX_LIST_LENGTH) return LIST_TOO_LONG;
    if (items !== list && !pay(frame.budget, items.length)) return EXHAUSTED;
    const made: CelValue[] = [];
    let failure: Failure | undefined;
    for (const item of items) {
      if (!pay(frame.budget, each)) return EXHAUSTED;
      frame.locals[slot] = item;
      if (when !== undefined) {
        const chosen = asBool(when.run(frame), when);
        if (chosen instanceof Failure) return chosen;
        if (!chosen) continue;
      }
      const value = body.run(frame);
      const result = name === "map" ? value : asBool(value, body);
      if (result instanceof Failure) {
        if (!absorbs || result.final) return result;
        failure ??= result;
      } else if (name === "map") made.push(result);
      else if (result === true) {
        if (name === "exists") return true;
        made.push(item);
      } else if (name === "all") return false;
    }
    if (absorbs) return failure ?? name === "all";
    return name === "exists_one" ? made.length === 1 : made;
  };
  return { node, type: name === "map" || name === "filter" ? "list" : "bool", cost: costOf(range), run };
}
