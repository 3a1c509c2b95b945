import type { BinaryOperator, CelNode } from "./ast.ts";
import { CelProblem } from "./cel-problem.ts";
import type { Token } from "./lexer.ts";

/** Deepest nesting of brackets, signs and choices. */
const MAX_NESTING = 64;
/** Most levels of the tree: rows such as `a + b + c` nest to the left. The specification asks for 24. */
const MAX_HEIGHT = 200;

/** How tightly the operators bind (langdef §"Syntax", table of precedence). */
const PRECEDENCE: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  in: 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
};

const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

/**
 * Makes the syntax tree of tokens.
 * @throws CelProblem at what the grammar does not allow.
 */
export function parse(tokens: readonly Token[]): CelNode {
  const parser = new Parser(tokens);
  const node = parser.expression();
  parser.end();
  return node;
}

type Bare<Node> = Node extends unknown ? Omit<Node, "start" | "end" | "height"> : never;

class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #nesting = 0;
  readonly #bracketed = new Set<CelNode>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expression(): CelNode {
    if (++this.#nesting > MAX_NESTING) {
      throw new CelProblem(`nested deeper than ${MAX_NESTING} levels`, this.#token.start);
    }
    const when = this.#operators(1);
    let node = when;
    if (this.#take("?")) {
      const then = this.#operators(1);
      this.#expect(":");
      const otherwise = this.expression();
      node = this.#node(when.start, { kind: "choice", when, then, otherwise }, [when, then, otherwise]);
    }
    this.#nesting--;
    return node;
  }

  end(): void {
    if (this.#token.kind !== "end") throw this.#unexpected("an operator or the end");
  }

  /** Precedence climbing: reads operators that bind at least as tightly as `lowest`. */
  #operators(lowest: number): CelNode {
    let left = this.#unary();
    for (;;) {
      const operator = this.#token.text;
      const isOperator = this.#token.kind === "punctuation" || operator === "in";
      const precedence = isOperator && this.#token.kind !== "string" ? (PRECEDENCE[operator] ?? 0) : 0;
      if (precedence < lowest || precedence === 0) return left;
      this.#index++;
      const right = this.#operators(precedence + 1);
      if (operator === "&&" || operator === "||") {
        const operands = [...this.#rowOf(left, operator), right];
        left = this.#node(left.start, { kind: "logic", operator, operands }, operands);
      } else {
        const binary = { kind: "binary", operator: operator as BinaryOperator, left, right } as const;
        left = this.#node(left.start, binary, [left, right]);
      }
    }
  }

  /** The operands so far of `a && b && …`; a row in brackets is one operand. */
  #rowOf(node: CelNode, operator: string): readonly CelNode[] {
    const goesOn = node.kind === "logic" && node.operator === operator && !this.#bracketed.has(node);
    return goesOn ? node.operands : [node];
  }

  #unary(): CelNode {
    const signs: Token[] = [];
    while (this.#is("!") || this.#is("-")) {
      signs.push(this.#token);
      this.#index++;
      if (signs.length > MAX_NESTING) throw new CelProblem("too many signs in a row", this.#token.start);
    }
    // A minus before a number is part of it: else the smallest int could not be written.
    const negative =
      signs.at(-1)?.text === "-" && (this.#token.kind === "int" || this.#token.kind === "double");
    let node = this.#member(negative ? signs.pop() : undefined);
    for (const sign of signs.reverse()) {
      const operator = sign.text === "!" ? "!" : "-";
      node = this.#node(sign.start, { kind: "unary", operator, operand: node }, [node]);
    }
    return node;
  }

  #member(minus: Token | undefined): CelNode {
    let node = this.#primary(minus);
    for (;;) {
      if (this.#take(".")) {
        const field = this.#name("the name of a member");
        if (this.#take("(")) {
          const args = this.#list(")", () => this.expression());
          node = this.#node(node.start, { kind: "call", name: field, target: node, args }, [node, ...args]);
        } else {
          node = this.#node(node.start, { kind: "select", operand: node, field }, [node]);
        }
      } else if (this.#take("[")) {
        const index = this.expression();
        this.#expect("]");
        node = this.#node(node.start, { kind: "index", operand: node, index }, [node, index]);
      } else {
        return node;
      }
    }
  }

  #primary(minus: Token | undefined): CelNode {
    const token = this.#token;
    const { start } = minus ?? token;
    this.#index++;
    if (token.kind === "int" || token.kind === "double") {
      return this.#node(start, { kind: "literal", value: numberOf(token, minus !== undefined) }, []);
    }
    if (token.kind === "string") return this.#node(start, { kind: "literal", value: token.text }, []);
    if (token.kind === "name") return this.#named(token);
    if (token.text === "(") {
      const node = this.expression();
      this.#expect(")");
      this.#bracketed.add(node);
      return node;
    }
    if (token.text === "[") {
      const items = this.#list("]", () => this.expression());
      return this.#node(start, { kind: "list", items }, items);
    }
    if (token.text === "{" && token.kind === "punctuation") {
      const entries = this.#list("}", () => {
        const key = this.expression();
        this.#expect(":");
        return [key, this.expression()] as const;
      });
      return this.#node(start, { kind: "map", entries }, entries.flat());
    }
    this.#index--;
    throw this.#unexpected("a value");
  }

  #named(token: Token): CelNode {
    const { text: name, start } = token;
    if (name === "true" || name === "false") {
      return this.#node(start, { kind: "literal", value: name === "true" }, []);
    }
    if (name === "null") return this.#node(start, { kind: "literal", value: null }, []);
    if (RESERVED.has(name) || name === "in") {
      throw new CelProblem(`${JSON.stringify(name)} is a reserved word`, start);
    }
    if (!this.#take("(")) return this.#node(start, { kind: "name", name }, []);
    const args = this.#list(")", () => this.expression());
    return this.#node(start, { kind: "call", name, args }, args);
  }

  /** Items up to a closing bracket; a comma may stand behind the last one of a list and a map. */
  #list<Item>(close: ")" | "]" | "}", read: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.#take(close)) {
      if (items.length > 0) {
        this.#expect(",", close);
        if (close !== ")" && this.#take(close)) break;
      }
      items.push(read());
    }
    return items;
  }

  #name(wanted: string): string {
    const { kind, text } = this.#token;
    if (kind !== "name" || text === "in" || text === "true" || text === "false" || text === "null") {
      throw this.#unexpected(wanted);
    }
    this.#index++;
    return text;
  }

  #node(start: number, bare: Bare<CelNode>, children: readonly CelNode[]): CelNode {
    const height = children.reduce((most, child) => Math.max(most, child.height), 0) + 1;
    if (height > MAX_HEIGHT) throw new CelProblem(`more than ${MAX_HEIGHT} operators in a row`, start);
    const end = this.#tokens[this.#index - 1]?.end ?? start;
    return { ...bare, start, end, height };
  }

  get #token(): Token {
    // The last token is of kind "end", and nothing steps over it.
    return this.#tokens[this.#index] ?? (this.#tokens.at(-1) as Token);
  }

  #is(punctuation: string): boolean {
    return this.#token.kind === "punctuation" && this.#token.text === punctuation;
  }

  #take(punctuation: string): boolean {
    if (!this.#is(punctuation)) return false;
    this.#index++;
    return true;
  }

  #expect(punctuation: string, other?: string): void {
    if (this.#take(punctuation)) return;
    throw this.#unexpected(
      [punctuation, other].flatMap((text) => (text === undefined ? [] : `"${text}"`)).join(" or "),
    );
  }

  #unexpected(wanted: string): CelProblem {
    const { kind, text, start } = this.#token;
    const found = kind === "end" ? "the end" : JSON.stringify(text);
    return new CelProblem(`found ${found}, expected ${wanted}${HINTS.get(text) ?? ""}`, start);
  }
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ["and", '; "and" is written &&'],
  ["or", '; "or" is written ||'],
  ["not", '; "not" is written !'],
]);

function numberOf({ kind, text, start }: Token, negative: boolean): bigint | number {
  if (kind === "double") {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new CelProblem("a number beyond the range of a double", start);
    return negative ? -value : value;
  }
  const value = negative ? -BigInt(text) : BigInt(text);
  if (value < INT_MIN || value > INT_MAX) throw new CelProblem("a whole number of more than 64 bits", start);
  return value;
}
