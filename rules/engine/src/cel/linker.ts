import type { CelNode, NodeOf } from "./ast.ts";
import { linkCall } from "./calls.ts";
import { CelProblem } from "./cel-problem.ts";
import { Failure, named, type Outcome, type Run } from "./evaluation.ts";
import { FUNCTIONS } from "./functions.ts";
import { HOST_FUNCTIONS } from "./host-functions.ts";
import {
  type CelEnvironment,
  checkMember,
  constant,
  costOf,
  demand,
  type Linked,
  type Linking,
  whatIsNull,
} from "./linked.ts";
import { didYouMean } from "./near-name.ts";
import { linkBinary, linkLogic, linkUnary, noBool } from "./operators.ts";
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
    const { run } = operand;
    const reason = whatIsNull(node.operand);
    return {
      node,
      type: "dyn",
      cost: costOf(operand),
      run: (frame) => {
        const value = run(frame);
        return value instanceof Failure ? value : memberOf(value, field, reason);
      },
    };
  }

  #index(node: NodeOf<"index">): Linked {
    const operand = this.link(node.operand);
    const index = this.link(node.index);
    demand(operand, ["list", "map"], " before [");
    if (operand.type === "list") demand(index, ["int", "double"], " as the index of a list");
    const reason = whatIsNull(node.operand);
    const run: Run = (frame) => {
      const value = operand.run(frame);
      if (value instanceof Failure) return value;
      const key = index.run(frame);
      if (key instanceof Failure) return key;
      return isList(value) ? itemOf(value, key) : memberOf(value, key, reason);
    };
    return { node, type: "dyn", cost: costOf(operand, index), run };
  }

  #list(node: NodeOf<"list">): Linked {
    const items = node.items.map((item) => this.link(item));
    const cost = costOf(...items);
    const values = items.flatMap((item) => (item.constant === undefined ? [] : [item.constant]));
    if (values.length === items.length) return { ...constant(node, values, "list"), cost };
    const runs = items.map(({ run }) => run);
    const run: Run = (frame) => {
      const made: CelValue[] = [];
      for (const runItem of runs) {
        const value = runItem(frame);
        if (value instanceof Failure) return value;
        made.push(value);
      }
      return made;
    };
    return { node, type: "list", cost, run };
  }

  #map(node: NodeOf<"map">): Linked {
    const entries = node.entries.map(([key, value]) => [this.link(key), this.link(value)] as const);
    for (const [key] of entries) demand(key, ["string", "int", "bool"], " as the key of a map");
    const run: Run = (frame) => {
      const made = new Map<CelKey, CelValue>();
      for (const [runKey, runValue] of entries) {
        const key = runKey.run(frame);
        if (key instanceof Failure) return key;
        if (!isKey(key))
          return new Failure(`found ${named(key)}, expected a string, an int or a bool as a key`);
        if (made.has(key)) return new Failure(`the key ${String(key)} comes twice in a map`);
        const value = runValue.run(frame);
        if (value instanceof Failure) return value;
        made.set(key, value);
      }
      return new CelMap(made);
    };
    return { node, type: "map", cost: costOf(...entries.flat()), run };
  }

  #choice(node: NodeOf<"choice">): Linked {
    const when = this.link(node.when);
    const then = this.link(node.then);
    const otherwise = this.link(node.otherwise);
    demand(when, ["bool"], ' before "?"');
    const reason = whatIsNull(node.when);
    const run: Run = (frame) => {
      const chosen = when.run(frame);
      if (chosen === true) return then.run(frame);
      if (chosen === false) return otherwise.run(frame);
      return chosen instanceof Failure ? chosen : noBool(chosen, reason);
    };
    const type = then.type === otherwise.type ? then.type : "dyn";
    return { node, type, cost: costOf(when, then, otherwise), run };
  }
}

function memberOf(value: CelValue, key: CelValue, reason: string | undefined): Outcome {
  if (value === null && reason !== undefined) return new Failure(reason);
  const name = typeof key === "object" ? named(key) : String(key).slice(0, 40);
  if (!isMap(value)) return new Failure(`${named(value)} has no member ${name}`);
  return (
    lookUp(value, key) ?? (lookUp(value, key) === null ? null : new Failure(`there is no member ${name}`))
  );
}

function itemOf(list: readonly CelValue[], index: CelValue): Outcome {
  if (typeof index !== "bigint" && typeof index !== "number")
    return new Failure(`${named(index)} is no index of a list`);
  return (
    list[Number(index)] ??
    (Number(index) in list ? null : new Failure(`no element ${index} in a list of ${list.length}`))
  );
}
