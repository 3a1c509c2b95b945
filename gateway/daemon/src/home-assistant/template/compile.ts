import { parse, tokenize } from "@huggingface/jinja";
import { type Arguments, contains, FILTERS, FUNCTIONS, METHODS, TESTS } from "./filters.ts";
import { entriesOf, isList, isMap, isObject, keysOf, kindOf, type TemplateValue } from "./kinds.ts";
import { ITEM, STEP, TEMPLATE_LIMITS, TemplateError, work } from "./limits.ts";
import { compare, equal, finite, memberOf, numberOf, truthy } from "./values.ts";
import { bounded, Draft, textOf } from "./writing.ts";

/** What a rendering knows. */
export class Scope {
  readonly #names: Map<string, TemplateValue>;

  constructor(names: Iterable<readonly [string, TemplateValue]>) {
    this.#names = new Map(names);
  }

  get(name: string): TemplateValue {
    return this.#names.get(name);
  }

  set(name: string, value: TemplateValue): void {
    this.#names.set(name, value);
  }
}

/** Evaluates a part. */
export type Part = (scope: Scope) => TemplateValue;

/** A node of the parser's tree: its classes are not exported. */
interface Node {
  readonly type: string;
  readonly [name: string]: unknown;
}

const CONSTANTS: ReadonlyMap<string, TemplateValue> = new Map<string, TemplateValue>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);

/**
 * Makes functions of a template, once; whatever it asks for that we do not have is found out here.
 * @throws {TemplateError} for what is no template, or asks for what is not supported.
 */
export function compileTemplate(source: string): Part {
  if (source.length > TEMPLATE_LIMITS.source) {
    throw new TemplateError(`expected at most ${TEMPLATE_LIMITS.source} characters, found ${source.length}`);
  }
  // The tokenizer looks at each beginning of a run of white space again.
  if (/\s{257}/.test(source)) throw new TemplateError("more than 256 spaces in a row");
  let program: Node;
  try {
    program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })) as unknown as Node;
  } catch (error) {
    // It also runs out of tokens, and out of stack.
    throw new TemplateError(`no template: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Compiler().body(nodes(program.body));
}

class Compiler {
  #depth = 0;

  /** What it says, one part after the other. */
  body(parts: readonly Node[]): Part {
    const compiled = parts.filter(({ type }) => type !== "Comment").map((part) => this.part(part));
    const [single] = compiled;
    if (compiled.length === 1 && single !== undefined) return single;
    return (scope) => {
      const draft = new Draft();
      for (const part of compiled) draft.add(textOf(part(scope)));
      return draft.text;
    };
  }

  part(node: Node): Part {
    if (++this.#depth > TEMPLATE_LIMITS.depth) throw new TemplateError("nested too deep");
    const part = this.#compile(node);
    this.#depth--;
    return (scope) => {
      work(STEP);
      return part(scope);
    };
  }

  #compile(node: Node): Part {
    switch (node.type) {
      case "IntegerLiteral":
      case "FloatLiteral":
      case "StringLiteral": {
        const value = node.value as number | string;
        return () => value;
      }
      case "Identifier":
        return identifier(String(node.value));
      case "ArrayLiteral":
      case "TupleLiteral": {
        const items = this.#all(nodes(node.value));
        return (scope) => items.map((item) => item(scope));
      }
      case "ObjectLiteral":
        return this.#dictionary(node.value as ReadonlyMap<Node, Node>);
      case "MemberExpression":
        return this.#member(node);
      case "CallExpression":
        return this.#call(node);
      case "FilterExpression":
        return this.#filter(node);
      case "TestExpression":
        return this.#test(node);
      case "BinaryExpression":
        return this.#binary(node);
      case "UnaryExpression":
        return this.#unary(node);
      case "Ternary":
        return this.#choice(node.condition, node.trueExpr, node.falseExpr);
      case "SelectExpression":
        return this.#choice(node.test, node.lhs, undefined);
      case "If": {
        const test = this.part(node.test as Node);
        const [yes, no] = [this.body(nodes(node.body)), this.body(nodes(node.alternate))];
        return (scope) => (truthy(test(scope)) ? yes(scope) : no(scope));
      }
      case "For":
        return this.#for(node);
      case "Set":
        return this.#set(node);
      default:
        throw new TemplateError(`not supported: ${node.type}`);
    }
  }

  #all(list: readonly Node[]): readonly Part[] {
    return list.map((node) => this.part(node));
  }

  #dictionary(value: ReadonlyMap<Node, Node>): Part {
    const entries = [...value].map(([key, item]) => [this.part(key), this.part(item)] as const);
    return (scope) => new Map(entries.map(([key, item]) => [key(scope), item(scope)]));
  }

  #choice(test: unknown, yes: unknown, no: unknown): Part {
    const [condition, first] = [this.part(test as Node), this.part(yes as Node)];
    const second = no === undefined ? undefined : this.part(no as Node);
    return (scope) => (truthy(condition(scope)) ? first(scope) : second?.(scope));
  }

  #member({ computed, object, property }: Node): Part {
    const of = this.part(object as Node);
    const { type, value } = property as Node;
    if (type === "SliceExpression") return this.#slice(of, property as Node);
    if (computed !== true) {
      const key = value as string | number;
      return (scope) => memberOf(of(scope), key);
    }
    const key = this.part(property as Node);
    return (scope) => memberOf(of(scope), key(scope));
  }

  #slice(of: Part, { start, step, stop }: Node): Part {
    const bound = (node: unknown): Part => (node === undefined ? () => undefined : this.part(node as Node));
    const [from, to, by] = [bound(start), bound(stop), bound(step)];
    return (scope) => {
      const value = of(scope);
      const stride = by(scope) ?? 1;
      if (!isList(value) && typeof value !== "string")
        throw new TemplateError(`${kindOf(value)} has no slices`);
      if (stride !== 1) throw new TemplateError("slices have steps of 1");
      const [first, last] = [from(scope), to(scope)];
      if (isList(value)) work(value.length * ITEM);
      return value.slice(
        first === undefined ? undefined : numberOf(first),
        last === undefined ? undefined : numberOf(last),
      );
    };
  }

  #call({ args, callee }: Node): Part {
    const { computed, object, property, type, value } = callee as Node;
    const taken = this.#arguments(args);
    if (type === "Identifier") {
      const name = String(value);
      const call = known(FUNCTIONS, name, "function");
      return (scope) => call(taken(scope));
    }
    if (type !== "MemberExpression" || computed === true)
      throw new TemplateError("not supported: a call of that");
    const of = this.part(object as Node);
    const method = known(METHODS, String((property as Node).value), "method");
    return (scope) => method(of(scope), taken(scope));
  }

  #filter({ filter, operand }: Node): Part {
    const { args, callee, type, value } = filter as Node;
    const called = type === "CallExpression";
    const name = called ? (callee as Node).value : value;
    const of = this.part(operand as Node);
    const apply = known(FILTERS, String(name), "filter");
    const taken = this.#arguments(called ? args : []);
    return (scope) => apply(of(scope), taken(scope));
  }

  #test({ negate, operand, test }: Node): Part {
    const of = this.part(operand as Node);
    const holds = known(TESTS, String((test as Node).value), "test");
    return (scope) => holds(of(scope)) !== (negate === true);
  }

  #arguments(args: unknown): (scope: Scope) => Arguments {
    const list: Part[] = [];
    const named: [string, Part][] = [];
    for (const node of nodes(args)) {
      if (node.type === "KeywordArgumentExpression") {
        named.push([String((node.key as Node).value), this.part(node.value as Node)]);
      } else list.push(this.part(node));
    }
    return (scope) => ({
      list: list.map((part) => part(scope)),
      named: new Map(named.map(([name, part]) => [name, part(scope)])),
    });
  }

  #binary({ left, operator, right }: Node): Part {
    const sign = (operator as { readonly value: string }).value;
    const [a, b] = [this.part(left as Node), this.part(right as Node)];
    if (sign === "and") {
      return (scope) => {
        const first = a(scope);
        return truthy(first) ? b(scope) : first;
      };
    }
    if (sign === "or") {
      return (scope) => {
        const first = a(scope);
        return truthy(first) ? first : b(scope);
      };
    }
    const act = known(OPERATORS, sign, "operator");
    return (scope) => act(a(scope), b(scope));
  }

  #unary({ argument, operator }: Node): Part {
    const sign = (operator as { readonly value: string }).value;
    const of = this.part(argument as Node);
    if (sign === "not") return (scope) => !truthy(of(scope));
    if (sign === "-") return (scope) => -numberOf(of(scope));
    if (sign === "+") return (scope) => numberOf(of(scope));
    throw new TemplateError(`not supported: operator ${sign}`);
  }

  #for({ body, defaultBlock, iterable, loopvar }: Node): Part {
    const { type, value } = loopvar as Node;
    const names = type === "Identifier" ? [String(value)] : nodes(value).map((each) => String(each.value));
    const over = this.part(iterable as Node);
    const [turn, none] = [this.body(nodes(body)), this.body(nodes(defaultBlock))];
    return (scope) => {
      const items = iterated(over(scope));
      if (items.length === 0) return none(scope);
      const draft = new Draft();
      for (const item of items) {
        work(STEP);
        for (const [index, name] of names.entries()) {
          scope.set(name, names.length === 1 ? item : memberOf(item, index));
        }
        draft.add(textOf(turn(scope)));
      }
      return draft.text;
    };
  }

  #set({ assignee, body, value }: Node): Part {
    const { type, value: name } = assignee as Node;
    if (type !== "Identifier") throw new TemplateError("not supported: set of anything but a name");
    const found = value === null ? this.body(nodes(body)) : this.part(value as Node);
    return (scope) => {
      scope.set(String(name), found(scope));
      return "";
    };
  }
}

type Operator = (a: TemplateValue, b: TemplateValue) => TemplateValue;

const OPERATORS: Readonly<Record<string, Operator>> = {
  "+": (a, b) => {
    if (typeof a === "string" && typeof b === "string") return concatenated(a, b);
    if (!isList(a) || !isList(b)) return finite(numberOf(a) + numberOf(b));
    work((a.length + b.length) * ITEM);
    return [...a, ...b];
  },
  "-": (a, b) => finite(numberOf(a) - numberOf(b)),
  "*": (a, b) => finite(numberOf(a) * numberOf(b)),
  "/": (a, b) => finite(numberOf(a) / numberOf(b)),
  "//": (a, b) => finite(Math.floor(numberOf(a) / numberOf(b))),
  "%": (a, b) => {
    const [number, modulus] = [numberOf(a), numberOf(b)];
    // As Python: the result has the sign of the modulus.
    return finite(number - modulus * Math.floor(number / modulus));
  },
  "**": (a, b) => finite(numberOf(a) ** numberOf(b)),
  "~": (a, b) => concatenated(textOf(a), textOf(b)),
  "==": equal,
  "!=": (a, b) => !equal(a, b),
  "<": (a, b) => compare(a, b) < 0,
  "<=": (a, b) => compare(a, b) <= 0,
  ">": (a, b) => compare(a, b) > 0,
  ">=": (a, b) => compare(a, b) >= 0,
  in: (a, b) => contains(b, a),
  "not in": (a, b) => !contains(b, a),
};

function concatenated(a: string, b: string): string {
  // Put together when somebody looks at it, and then as fast as memory is copied.
  work((a.length + b.length) / ITEM);
  return bounded(a + b);
}

function identifier(name: string): Part {
  if (CONSTANTS.has(name)) {
    const value = CONSTANTS.get(name);
    return () => value;
  }
  return (scope) => scope.get(name);
}

function iterated(value: TemplateValue): readonly TemplateValue[] {
  if (value === undefined) return [];
  if (isList(value)) return value;
  if (isMap(value)) return entriesOf(value).map(([key]) => key);
  if (isObject(value)) return keysOf(value);
  throw new TemplateError(`${kindOf(value)} cannot be walked through`);
}

/** @throws {TemplateError} for what is not in the table itself: never what a JavaScript object brings along. */
function known<Value>(table: Readonly<Record<string, Value>>, name: string, what: string): Value {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  throw new TemplateError(`not supported: ${what} ${name.slice(0, 64)}`);
}

function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}
