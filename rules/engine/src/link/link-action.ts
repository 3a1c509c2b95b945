import { type Json, parseThingId, type RepeatHow, type RuleAction, type RuleId } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Block, CompiledAction, OnTimeout, Repeat } from "../program.ts";
import { joinPath } from "../shape-check.ts";
import { linkConditions } from "./link-condition.ts";
import { linkTrigger } from "./link-trigger.ts";
import type { RuleLinker } from "./rule-linker.ts";

/** How long a request may take, where the rule does not say. */
const HTTP_TIMEOUT_MS = 10_000;

type Of<Key extends string> = Extract<RuleAction, Record<Key, unknown>>;

export function linkActions(linker: RuleLinker, actions: readonly RuleAction[], path: string): Block {
  return actions.map((action, index) => linkAction(linker, action, joinPath(path, index)));
}

export type Variables = readonly (readonly [string, ReturnType<RuleLinker["template"]>])[];

export function linkVariables(
  linker: RuleLinker,
  variables: Readonly<Record<string, unknown>> | undefined,
  path: string,
): Variables {
  // The shape check admits nothing but JSON.
  return Object.entries(variables ?? {}).map(
    ([name, value]) => [name, linker.template(value as Json, joinPath(path, name))] as const,
  );
}

/** Names that actions give values to, those in other actions included. */
export function namesGiven(actions: readonly RuleAction[]): string[] {
  return actions.flatMap((action): string[] => {
    if ("variables" in action) return Object.keys(action.variables);
    if ("http" in action) return action.response === undefined ? [] : [action.response];
    return blocksOf(action).flatMap(namesGiven);
  });
}

/** The lists of actions inside of an action. */
export function blocksOf(action: RuleAction): RuleAction[][] {
  if ("if" in action) return [action.then, action.else ?? []];
  if ("choose" in action) return [...action.choose.map((branch) => branch.do), action.else ?? []];
  if ("repeat" in action) return [action.do];
  if ("parallel" in action) return action.parallel;
  return "sequence" in action ? [action.sequence] : [];
}

/** Links an action. One that cannot be read becomes one that fails, so that nothing is done in its place. */
function linkAction(linker: RuleLinker, action: RuleAction, path: string): CompiledAction {
  // Traces speak of places inside of the rule, not of the file.
  const place = linker.texts.of(path.replace(/^\[\d+\]\.?/, ""));
  const from = linker.problems.length;
  const linked = linkKind(linker, action, { path, place });
  const problem = linker.takeProblem(from);
  if (problem === undefined) return linked;
  return {
    kind: "stop",
    place,
    reason: `${problem.path.slice(path.length).replace(/^\./, "")}: ${problem.problem}`,
    error: true,
  };
}

function linkKind(linker: RuleLinker, action: RuleAction, { path, place }: Place): CompiledAction {
  const inside = (key: string) => joinPath(path, key);
  if ("set" in action) return linkSet(linker, action, { path, place });
  if ("invoke" in action) return linkInvoke(linker, action, { path, place });
  if ("delay" in action) {
    const { delay } = action;
    const duration = delay.includes("${")
      ? linker.template(delay, inside("delay"))
      : linker.duration(delay, inside("delay"));
    return { kind: "delay", place, duration };
  }
  if ("notify" in action) {
    const { level = "info", notify, retry = false, to = [] } = action;
    return { kind: "notify", place, text: linker.template(notify, inside("notify")), level, to, retry };
  }
  if ("publish" in action) {
    const { payload, publish, qos = 1, retain = false, retry = false } = action;
    return {
      kind: "publish",
      place,
      topic: linker.template(publish, inside("publish")),
      payload: linker.template(payload as Json, inside("payload")),
      qos: qos as 0 | 1 | 2,
      retain,
      retry,
    };
  }
  if ("http" in action) return linkHttp(linker, action, { path, place });
  if ("variables" in action) {
    return {
      kind: "variables",
      place,
      variables: linkVariables(linker, action.variables, inside("variables")),
    };
  }
  if ("enable" in action || "disable" in action) {
    const enable = "enable" in action;
    const which = enable ? action.enable : action.disable;
    const named =
      typeof which === "string" || Array.isArray(which)
        ? { rules: [which].flat() as RuleId[] }
        : { rules: [], group: which.group };
    return { kind: "switch", place, enable, ...named };
  }
  if ("call" in action) {
    const { call, wait = false } = action;
    return {
      kind: "call",
      place,
      rule: call as RuleId,
      with: linkVariables(linker, action.with, inside("with")),
      wait,
    };
  }
  if ("stop" in action) return { kind: "stop", place, reason: action.stop, error: action.error ?? false };
  if ("wait_for" in action) {
    const triggers = action.wait_for.flatMap((trigger, index) =>
      linkTrigger(linker, trigger, {
        path: joinPath(inside("wait_for"), index),
        key: `${place}.wait_for[${index}]`,
      }),
    );
    return { kind: "wait-for", place, triggers, ...waiting(linker, action, path) };
  }
  if ("wait_until" in action) {
    const conditions = linkConditions(linker, action.wait_until, inside("wait_until"));
    return { kind: "wait-until", place, conditions, ...waiting(linker, action, path) };
  }
  if ("condition" in action) {
    return {
      kind: "condition",
      place,
      conditions: linkConditions(linker, action.condition, inside("condition")),
    };
  }
  return linkNested(linker, action, { path, place });
}

interface Place {
  readonly path: string;
  readonly place: string;
}

function linkSet(linker: RuleLinker, action: Of<"set">, { path, place }: Place): CompiledAction {
  const links = linker.properties(action.set, joinPath(path, "set"), { written: true });
  const value = linker.template(action.value as Json, joinPath(path, "value"));
  for (const { affordance, reference } of links) {
    if (affordance?.readOnly === true) linker.problem(joinPath(path, "set"), `${reference} is read-only`);
  }
  const targets = links.map(({ reference, target }) => ({
    reference,
    ...(target === undefined ? {} : { target }),
  }));
  const confirmMs = linker.optionalDuration(action.confirm, joinPath(path, "confirm"));
  const confirm = confirmMs === undefined ? {} : { confirmMs };
  if (value.constant === undefined) return { kind: "set", place, targets, value, ...confirm };
  // Rounded to the step of the property, as its readings are; of several each may have its own.
  const constant = value.constant;
  const rounded = links.map(({ affordance }) => linker.value(constant, affordance, joinPath(path, "value")));
  const [first] = rounded;
  const same =
    links.length === 1 && first !== undefined ? linker.template(first, joinPath(path, "value")) : value;
  return { kind: "set", place, targets, value: same, ...confirm };
}

function linkInvoke(linker: RuleLinker, action: Of<"invoke">, { path, place }: Place): CompiledAction {
  const [name = "", what = ""] = action.invoke.split("/");
  const thing = parseThingId(name);
  const at = joinPath(path, "invoke");
  if (thing === undefined) {
    linker.problem(at, `found ${writeValue(name)}, expected the id of a Thing`);
    return { kind: "stop", place, reason: "not linked", error: true };
  }
  const known = linker.house.thing(thing);
  if (known === undefined) linker.unknownThing(at, thing);
  else if (!Object.hasOwn(known.actions ?? {}, what))
    linker.problem(at, `unknown action "${what}" of ${thing}`);
  const confirmMs = linker.optionalDuration(action.confirm, joinPath(path, "confirm"));
  return {
    kind: "invoke",
    place,
    thing,
    action: what,
    input: linker.template((action.input ?? null) as Json, joinPath(path, "input")),
    retry: action.retry ?? false,
    ...(confirmMs === undefined ? {} : { confirmMs }),
  };
}

function linkHttp(linker: RuleLinker, action: Of<"http">, { path, place }: Place): CompiledAction {
  const { body, headers = {}, http, method = "GET", response, retry = false, timeout } = action;
  const url = linker.template(http, joinPath(path, "http"));
  if (typeof url.constant === "string" && !/^https?:\/\/[^/]/.test(url.constant)) {
    linker.problem(
      joinPath(path, "http"),
      `found ${writeValue(url.constant)}, expected a URL of http or https`,
    );
  }
  return {
    kind: "http",
    place,
    url,
    method,
    headers: linker.template(headers, joinPath(path, "headers")),
    ...(body === undefined ? {} : { body: linker.template(body as Json, joinPath(path, "body")) }),
    timeoutMs: linker.optionalDuration(timeout, joinPath(path, "timeout")) ?? HTTP_TIMEOUT_MS,
    ...(response === undefined ? {} : { response }),
    retry,
  };
}

function waiting(
  linker: RuleLinker,
  { on_timeout: onTimeout = "continue", timeout }: { timeout?: string; on_timeout?: OnTimeout },
  path: string,
): { onTimeout: OnTimeout; timeoutMs?: number } {
  const timeoutMs = linker.optionalDuration(timeout, joinPath(path, "timeout"));
  return { onTimeout, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function linkNested(
  linker: RuleLinker,
  action: Of<"if"> | Of<"choose"> | Of<"repeat"> | Of<"parallel"> | Of<"sequence">,
  { path, place }: Place,
): CompiledAction {
  const inside = (key: string) => joinPath(path, key);
  if ("if" in action) {
    const branch = {
      when: linkConditions(linker, action.if, inside("if")),
      block: linkActions(linker, action.then, inside("then")),
    };
    return { kind: "choose", place, branches: [branch], ...otherwise(linker, action.else, path) };
  }
  if ("choose" in action) {
    const branches = action.choose.map((branch, index) => {
      const at = joinPath(inside("choose"), index);
      return {
        when: linkConditions(linker, branch.when, joinPath(at, "when")),
        block: linkActions(linker, branch.do, joinPath(at, "do")),
      };
    });
    return { kind: "choose", place, branches, ...otherwise(linker, action.else, path) };
  }
  if ("repeat" in action) {
    const repeat = linkRepeat(linker, action.repeat, inside("repeat"));
    return { kind: "repeat", place, repeat, block: linkActions(linker, action.do, inside("do")) };
  }
  if ("parallel" in action) {
    const blocks = action.parallel.map((block, index) =>
      linkActions(linker, block, joinPath(inside("parallel"), index)),
    );
    return { kind: "parallel", place, blocks };
  }
  return { kind: "sequence", place, block: linkActions(linker, action.sequence, inside("sequence")) };
}

function otherwise(linker: RuleLinker, block: readonly RuleAction[] | undefined, path: string) {
  return block === undefined ? {} : { otherwise: linkActions(linker, block, joinPath(path, "else")) };
}

function linkRepeat(linker: RuleLinker, how: RepeatHow, path: string): Repeat {
  if ("while" in how) {
    return { kind: "while", conditions: linkConditions(linker, how.while, joinPath(path, "while")) };
  }
  if ("until" in how) {
    return { kind: "until", conditions: linkConditions(linker, how.until, joinPath(path, "until")) };
  }
  if ("count" in how) return { kind: "count", count: linker.template(how.count, joinPath(path, "count")) };
  return { kind: "each", items: linker.template(how.for_each as Json, joinPath(path, "for_each")) };
}
