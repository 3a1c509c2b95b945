import type { CelValue } from "./value.ts";

/** Where a node stands in the source, in UTF-16 units. */
interface Place {
  readonly start: number;
  readonly end: number;
  /** Levels of nodes from here down. */
  readonly height: number;
}

/** The syntax tree of an expression. Macros are calls here; the linker knows them by name. */
export type CelNode = Place &
  (
    | { readonly kind: "literal"; readonly value: CelValue }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "select"; readonly operand: CelNode; readonly field: string }
    | { readonly kind: "index"; readonly operand: CelNode; readonly index: CelNode }
    | {
        readonly kind: "call";
        readonly name: string;
        readonly target?: CelNode;
        readonly args: readonly CelNode[];
      }
    | { readonly kind: "list"; readonly items: readonly CelNode[] }
    | { readonly kind: "map"; readonly entries: readonly (readonly [key: CelNode, value: CelNode])[] }
    | { readonly kind: "unary"; readonly operator: "!" | "-"; readonly operand: CelNode }
    | {
        readonly kind: "binary";
        readonly operator: BinaryOperator;
        readonly left: CelNode;
        readonly right: CelNode;
      }
    /** A whole row of `a && b && c`. */
    | { readonly kind: "logic"; readonly operator: "&&" | "||"; readonly operands: readonly CelNode[] }
    | { readonly kind: "choice"; readonly when: CelNode; readonly then: CelNode; readonly otherwise: CelNode }
  );

export type NodeOf<Kind extends CelNode["kind"]> = Extract<CelNode, { readonly kind: Kind }>;

export type BinaryOperator = "*" | "/" | "%" | "+" | "-" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in";
