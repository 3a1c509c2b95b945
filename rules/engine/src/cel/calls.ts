import type { CelNode, NodeOf } from "./ast.ts";
import { CelProblem } from "./cel-problem.ts";
import { EXHAUSTED, Failure, named, pay, weight } from "./evaluation.ts";
import { ACCEPTED, type CelFunction } from "./function-table.ts";
import { FUNCTIONS } from "./functions.ts";
import { HOST_FUNCTIONS, type HostFunction } from "./host-functions.ts";
import { checkMember, constant, demand, type Linked, type Linking, strict } from "./linked.ts";
import { linkMacro, MACROS } from "./macros.ts";
import { didYouMean } from "./near-name.ts";
import { compilePattern, matches } from "./pattern.ts";
import { isMap, lookUp, typeOf } from "./value.ts";

/** Links a call: a macro, a function of the host, or one of the table. */
export function linkCall(linker: Linking, node: NodeOf<"call">): Linked {
  const { name, target, args } = node;
  if (target === undefined) {
    if (name === "has") return linkHas(linker, node);
    const host = HOST_FUNCTIONS.get(name);
    if (host !== undefined) return linkHost(linker, node, host);
    return linkFunction(
      node,
      name,
      args.map((arg) => linker.link(arg)),
    );
  }
  const counts = MACROS.get(name);
  if (counts?.includes(args.length)) return linkWalk(linker, node, target);
  if (target.kind === "name" && !linker.knows(target.name) && FUNCTIONS.has(`${target.name}.${name}`)) {
    return linkFunction(
      node,
      `${target.name}.${name}`,
      args.map((arg) => linker.link(arg)),
    );
  }
  if (target.kind === "name" && target.name === "math" && !linker.knows("math"))
    throw unknown(node, `math.${name}`);
  if (counts !== undefined && !FUNCTIONS.has(name)) {
    throw new CelProblem(`.${name} has a variable and an expression, such as .${name}(x, …)`, node.start);
  }
  return linkFunction(
    node,
    name,
    [target, ...args].map((arg) => linker.link(arg)),
  );
}

/** `has(e.f)`: whether the member is there. */
function linkHas(linker: Linking, node: NodeOf<"call">): Linked {
  const [selection] = node.args;
  if (selection?.kind !== "select" || node.args.length !== 1) {
    throw new CelProblem("has() wants a member of a map, such as has(trigger.data)", node.start);
  }
  const operand = linker.link(selection.operand);
  const { field } = selection;
  checkMember(operand, field, selection);
  return strict(node, "bool", [operand], ([value = null]) =>
    isMap(value) ? lookUp(value, field) !== undefined : new Failure(`${named(value)} has no members`),
  );
}

function linkWalk(linker: Linking, node: NodeOf<"call">, target: CelNode): Linked {
  const range = linker.link(target);
  const [variable, ...rest] = node.args;
  if (variable?.kind !== "name") {
    throw new CelProblem(`.${node.name} wants the name of a variable first`, (variable ?? node).start);
  }
  return linker.linkInside(variable.name, (slot) => {
    const [first, second] = rest.map((arg) => linker.link(arg));
    const body = second ?? first;
    if (body === undefined) throw new CelProblem(`.${node.name} wants an expression`, node.start);
    return linkMacro(node, { range, slot, when: second === undefined ? undefined : first, body });
  });
}

/** A call of the host. Its argument is a literal, so that it is known beforehand what the expression depends on. */
function linkHost(linker: Linking, node: NodeOf<"call">, { name, ...host }: HostFunction): Linked {
  const [argument] = node.args;
  const wanted = host.argument === undefined ? 0 : 1;
  if (node.args.length !== wanted) throw argumentCount(name, node, wanted === 0 ? "no" : "1");
  const literal =
    argument?.kind === "literal" && typeof argument.value === "string" ? argument.value : undefined;
  let { type } = host;
  if (argument !== undefined) {
    if (literal === undefined) {
      throw new CelProblem(
        `${name}() wants a text as it is, such as ${name}(${EXAMPLES[host.argument ?? "thing"]})`,
        argument.start,
      );
    }
    if (host.argument === "thing") linker.things.add(literal);
    else linker.references.add(literal);
    const known = host.argument === "property" ? linker.environment.property?.(literal) : undefined;
    if (known !== undefined && "problem" in known) throw new CelProblem(known.problem, argument.start);
    if (known !== undefined && name === "value") type = known.type;
  }
  linker.usesTime ||= host.usesTime ?? false;
  const text = literal ?? "";
  return {
    node,
    type,
    ...(host.members === undefined ? {} : { members: host.members }),
    cost: 1,
    run: ({ scope }) => scope.call(name, text),
  };
}

const EXAMPLES = { property: '"lamp/light/on"', thing: '"lamp"' } as const;

/** A function of the table. A call with literals alone is tried once: `duration("5 m")` is wrong before it ever runs. */
function linkFunction(node: NodeOf<"call">, name: string, args: readonly Linked[]): Linked {
  const declared = FUNCTIONS.get(name);
  if (declared === undefined) throw unknown(node, name);
  const { form, params, required, variadic = false, result } = declared;
  const method = node.target !== undefined && !name.includes(".");
  if (form === "method" && !method)
    throw new CelProblem(`${name}() is written behind its first argument: x.${name}(…)`, node.start);
  if (form === "function" && method)
    throw new CelProblem(`${name}() is written ${name}(x), not x.${name}()`, node.start);
  if (args.length < required || (args.length > params.length && !variadic)) {
    const [least, most] = [required, params.length].map((count) => count - (method ? 1 : 0));
    throw argumentCount(
      name,
      node,
      variadic ? `at least ${least}` : least === most ? String(least) : `${least} to ${most}`,
    );
  }
  const accepted = args.map((_, index) => ACCEPTED[params[Math.min(index, params.length - 1)] ?? "any"]);
  for (const [index, types] of accepted.entries()) {
    const arg = args[index];
    if (arg !== undefined) demand(arg, types, ` for ${name}()`);
  }
  const { run } = name === "matches" ? withPattern(declared, args[1]) : declared;
  const call = strict(node, result, args, (values, budget) => {
    for (const [index, types] of accepted.entries()) {
      const value = values[index] ?? null;
      if (types.length > 0 && !types.includes(typeOf(value))) {
        return new Failure(`${name}() wants ${types.join(" or ")}, found ${named(value)}`);
      }
    }
    return pay(
      budget,
      values.reduce((sum: number, value) => sum + weight(value), 0),
    )
      ? run(budget, ...values)
      : EXHAUSTED;
  });
  const values = args.flatMap((arg) => (arg.constant === undefined ? [] : [arg.constant]));
  if (values.length < args.length || name === "dyn") return call;
  const once = run({ left: 10_000 }, ...values);
  if (!(once instanceof Failure)) return { ...constant(node, once, typeOf(once)), cost: call.cost };
  // Texts and lists that are too large are told when they run, as they are where nothing is literal.
  if (once.final) return call;
  throw new CelProblem(once.problem, node.start);
}

/** `matches` with a literal pattern, which is compiled once, and refused before it runs. */
function withPattern(declared: CelFunction, literal: Linked | undefined): CelFunction {
  if (literal === undefined || typeof literal.constant !== "string") return declared;
  const pattern = compilePattern(literal.constant);
  if (pattern instanceof Failure) throw new CelProblem(pattern.problem, literal.node.start);
  return { ...declared, run: (budget, text) => matches(pattern, String(text), budget) };
}

function argumentCount(name: string, node: NodeOf<"call">, wanted: string): CelProblem {
  return new CelProblem(
    `${name}() has ${wanted} argument${wanted === "1" ? "" : "s"}, not ${node.args.length}`,
    node.start,
  );
}

function unknown(node: NodeOf<"call">, name: string): CelProblem {
  const known = [...FUNCTIONS.keys(), ...HOST_FUNCTIONS.keys(), ...MACROS.keys(), "has"];
  const hint = FUNCTIONS.has(`math.${name}`) ? `; did you mean math.${name}()?` : didYouMean(name, known);
  return new CelProblem(`unknown function ${name}()${hint}`, node.start);
}
