import type { Json } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CelScope } from "./evaluation.ts";
import { type CelResult, compileCel, evaluateCel } from "./expression.ts";
import { expressions, VALUES, VARIABLES } from "./fixtures/expressions.ts";
import { bare, print } from "./fixtures/print.ts";
import { tokenize } from "./lexer.ts";
import { parse } from "./parser.ts";
import { compileValue, evaluateTemplate } from "./template.ts";

const RUNS = { numRuns: 400 };
const SCOPE: CelScope = {
  variable: (name) => Object.entries(VALUES).find(([known]) => known === name)?.[1],
  call: () => null,
};
const of = expressions({ mixed: true });
const loose = expressions({ mixed: true, loose: true });
const any = fc.oneof(loose.int, loose.double, loose.bool, loose.string, loose.list);

function evaluate(source: string, left = 10_000): CelResult & { readonly left: number } {
  const compiled = compileCel(source, { variables: VARIABLES });
  // A literal division by zero, for one, is told when it is compiled.
  if (!compiled.ok) return { ok: false, problem: compiled.problem, left };
  const budget = { left };
  const result = evaluateCel(compiled.expression, SCOPE, budget);
  return { ...result, left: budget.left };
}

/** The value, or `undefined` for an error. */
function answerTo(source: string): Json | undefined {
  const result = evaluate(source);
  return result.ok ? result.value : undefined;
}

test("what is printed reads the same", () => {
  fc.assert(
    fc.property(any, (source) => {
      const tree = parse(tokenize(source));
      expect(bare(parse(tokenize(print(tree))))).toEqual(bare(tree));
    }),
    RUNS,
  );
});

const TOKENS =
  "( ) [ ] { } . , : ? ! - + * / % < <= == != && || in true null 1 2.5 0x1 'a' \"b\" r'c' \"\"\" ' x value has map all size math . matches \\ { } $ // \n 1u b'' int(";
test("no text breaks the compiler, and problems lie inside of the text", () => {
  const soup = fc
    .array(fc.constantFrom(...TOKENS.split(" ")), { maxLength: 30 })
    .map((tokens) => tokens.join(" "));
  // Lone surrogates included.
  const units = fc.array(fc.oneof(fc.nat(127), fc.nat(0xffff)), { maxLength: 60 });
  const random = units.map((codes) => String.fromCharCode(...codes));
  const cut = any.map((source) => source.slice(1));
  const texts = fc.oneof(soup, random, cut);
  fc.assert(
    fc.property(texts, (text) => {
      const compiled = compileCel(text, { variables: { x: "dyn" } });
      if (compiled.ok) {
        const budget = { left: 1_000 };
        evaluateCel(compiled.expression, SCOPE, budget);
        expect(budget.left).toBeGreaterThanOrEqual(0);
      } else {
        expect(compiled.position).toBeGreaterThanOrEqual(0);
        expect(compiled.position).toBeLessThanOrEqual(text.length);
      }
      const template = compileValue(`a\${${text}}b`, { variables: { x: "dyn" } });
      if (template.ok) evaluateTemplate(template.template, SCOPE, { left: 1_000 });
    }),
    { numRuns: 2_000 },
  );
});

test("a budget is never overdrawn, and a larger one changes no value", () => {
  fc.assert(
    fc.property(any, fc.nat(200), (source, small) => {
      const whole = evaluate(source);
      const limited = evaluate(source, small);
      expect(limited.left).toBeGreaterThanOrEqual(0);
      expect(limited.left).toBeLessThanOrEqual(small);
      if (limited.ok) expect(limited).toEqual({ ...whole, left: limited.left });
      if (!limited.ok && whole.ok) expect(limited.problem).toBe("the expression takes too many operations");
    }),
    RUNS,
  );
});

test("&& and || commute, absorb errors, and are each other's mirror", () => {
  fc.assert(
    fc.property(of.bool, of.bool, (a, b) => {
      // Behind a variable, so that no error is told by the compiler already.
      const [left, right] = [`(i == 7 && ${a})`, `(i == 7 && ${b})`];
      expect(answerTo(`${left} && ${right}`)).toEqual(answerTo(`${right} && ${left}`));
      expect(answerTo(`${left} || ${right}`)).toEqual(answerTo(`${right} || ${left}`));
      expect(answerTo(`!(${left} && ${right})`)).toEqual(answerTo(`!${left} || !${right}`));
      expect(answerTo(`${left} && i == 8`)).toBe(false);
      expect(answerTo(`${left} || i == 7`)).toBe(true);
      expect(answerTo(`[i, 1].exists(x, 1 / (x - 1) > 5 || x == 7)`)).toBe(true);
    }),
    RUNS,
  );
});

test("a text that is one template gives the value; another one is joined of texts", () => {
  fc.assert(
    fc.property(any, fc.string({ maxLength: 10 }), (source, text) => {
      const plain = text.replaceAll("$", "S");
      const environment = { variables: VARIABLES };
      const alone = compileValue(`\${${source}}`, environment);
      const joined = compileValue(`:${plain}\${ ${source} }$\${${plain}`, environment);
      const expected = evaluate(source);
      if (!alone.ok || !joined.ok) {
        expect(expected.ok).toBe(false);
        return;
      }
      const budget = () => ({ left: 10_000 });
      const value = evaluateTemplate(alone.template, SCOPE, budget());
      expect({ ...value, left: 0 }).toEqual({ ...expected, left: 0 });
      if (!value.ok) return;
      const written = typeof value.value === "string" ? value.value : JSON.stringify(value.value);
      expect(evaluateTemplate(joined.template, SCOPE, budget())).toEqual({
        ok: true,
        value: `:${plain}${written}\${${plain}`,
      });
    }),
    RUNS,
  );
});
