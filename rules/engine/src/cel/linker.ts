import type { CelNode, NodeOf } from "./ast.ts";
import { linkCall } from "./calls.ts";
import { CelProblem } from "./cel-problem.ts";
import { isNumber } from "./comparison.ts";
import { Failure, named, type Outcome, type Run } from "./evaluation.ts";
import { FUNCTIONS } from "./functions.ts";
import { HOST_FUNCTIONS } from "./host-functions.ts";
import {
  asBool,
  type CelEnvironment,
  checkMember,
  constant,
  costOf,
  demand,
  type Linked,
  type Linking,
  strict,
} from "./linked.ts";
import { didYouMean } from "./near-name.ts";
import { linkBinary, linkLogic, linkUnary } from "./operators.ts";
import {
  type CelKey,
  CelMap,
  type CelType,
  CelTypeName,
  type CelValue,
  isKey,
  isList,
  isMap,
  lookUp,
  typeOf,
} from "./value.ts";

const TYPE_NAMES: ReadonlySet<string> = new Set<CelType>([
  "null_type",
  "bool",
  "int",
  "double",
  "string",
  "list",
  "map",
  "type",
]);

/**
 * Checks names and types of a syntax tree and makes closures of it, innermost first.
 * Every method throws a {@link CelProblem} at what is wrong.
 */
export class CelLinker implements Linking {
  readonly references = new Set<string>();
  readonly things = new Set<string>();
  usesTime = false;
  readonly environment: CelEnvironment;
  /** Variables of the macros around, the innermost last. */
  readonly #locals: string[] = [];

  constructor(environment: CelEnvironment) {
    this.environment = environment;
  }

  link(node: CelNode): Linked {
    switch (node.kind) {
      case "literal":
        return constant(node, node.value, typeOf(node.value));
      case "name":
        return this.#name(node);
      case "select":
        return this.#select(node);
      case "index":
        return this.#index(node);
      case "call":
        return linkCall(this, node);
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "unary":
        return linkUnary(node, this.link(node.operand));
      case "binary":
        return linkBinary(node, this.link(node.left), this.link(node.right));
      case "logic":
        return linkLogic(
          node,
          node.operands.map((operand) => this.link(operand)),
        );
      case "choice":
        return this.#choice(node);
    }
  }

  /** Links the body of a macro, in which one more name is known. */
  linkInside<Result>(variable: string, link: (slot: number) => Result): Result {
    const slot = this.#locals.push(variable) - 1;
    const result = link(slot);
    this.#locals.pop();
    return result;
  }

  /** Whether a name is a variable here. */
  knows(name: string): boolean {
    return this.#locals.includes(name) || Object.hasOwn(this.environment.variables ?? {}, name);
  }

  #name(node: NodeOf<"name">): Linked {
    const { name, start } = node;
    const slot = this.#locals.lastIndexOf(name);
    if (slot >= 0) return { node, type: "dyn", cost: 1, run: ({ locals }) => locals[slot] ?? null };
    const variables = this.environment.variables ?? {};
    const declared = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (declared === undefined) {
      if (TYPE_NAMES.has(name)) return constant(node, new CelTypeName(name as CelType), "type");
      if (FUNCTIONS.has(name) || HOST_FUNCTIONS.has(name)) {
        throw new CelProblem(`"${name}" is a function; write ${name}(…)`, start);
      }
      const known = [...this.#locals, ...Object.keys(variables)];
      throw new CelProblem(`unknown variable "${name}"${didYouMean(name, known)}`, start);
    }
    const missing = new Failure(`the variable ${name} is not set`);
    const run: Run = ({ scope }) => {
      const value = scope.variable(name);
      return value === undefined ? missing : value;
    };
    if (typeof declared === "string") return { node, type: declared, cost: 1, run };
    return { node, type: "map", members: declared, cost: 1, run };
  }

  /** langdef §"Field Selection". */
  #select(node: NodeOf<"select">): Linked {
    const operand = this.link(node.operand);
    const { field } = node;
    checkMember(operand, field, node);
    return strict(node, "dyn", [operand], ([value = null]) => memberOf(value, field));
  }

  #index(node: NodeOf<"index">): Linked {
    const operand = this.link(node.operand);
    const index = this.link(node.index);
    demand(operand, ["list", "map"], " before [");
    if (operand.type === "list") demand(index, ["int", "double"], " as the index of a list");
    return strict(node, "dyn", [operand, index], ([value = null, key = null]) =>
      isList(value) ? itemOf(value, key) : memberOf(value, key),
    );
  }

  #list(node: NodeOf<"list">): Linked {
    const items = node.items.map((item) => this.link(item));
    const made = strict(node, "list", items, (values) => values);
    const values = items.flatMap((item) => (item.constant === undefined ? [] : [item.constant]));
    if (values.length < items.length) return made;
    return { ...constant(node, values, "list"), cost: made.cost };
  }

  #map(node: NodeOf<"map">): Linked {
    const entries = node.entries.map(([key, value]) => [this.link(key), this.link(value)] as const);
    for (const [key] of entries) demand(key, ["string", "int", "bool"], " as the key of a map");
    return strict(node, "map", entries.flat(), (values) => {
      const made = new Map<CelKey, CelValue>();
      for (let index = 0; index < values.length; index += 2) {
        const [key = null, value = null] = values.slice(index, index + 2);
        if (!isKey(key))
          return new Failure(`found ${named(key)}, expected a string, an int or a bool as a key`);
        if (made.has(key)) return new Failure(`the key ${String(key)} comes twice in a map`);
        made.set(key, value);
      }
      return new CelMap(made);
    });
  }

  #choice(node: NodeOf<"choice">): Linked {
    const when = this.link(node.when);
    const then = this.link(node.then);
    const otherwise = this.link(node.otherwise);
    demand(when, ["bool"], ' before "?"');
    const run: Run = (frame) => {
      const chosen = asBool(when.run(frame), when);
      if (chosen instanceof Failure) return chosen;
      return (chosen ? then : otherwise).run(frame);
    };
    const type = then.type === otherwise.type ? then.type : "dyn";
    return { node, type, cost: costOf(when, then, otherwise), run };
  }
}

function memberOf(value: CelValue, key: CelValue): Outcome {
  const member = isMap(value) ? lookUp(value, key) : undefined;
  if (member !== undefined) return member;
  const name = typeof key === "object" ? named(key) : String(key).slice(0, 40);
  return new Failure(isMap(value) ? `there is no member ${name}` : `${named(value)} has no member ${name}`);
}

function itemOf(list: readonly CelValue[], index: CelValue): Outcome {
  const item = isNumber(index) ? list[Number(index)] : undefined;
  if (item !== undefined) return item;
  return new Failure(
    isNumber(index)
      ? `no element ${index} in a list of ${list.length}`
      : `${named(index)} is no index of a list`,
  );
}
