import { isJsonObject, type Json, type Ms } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import { isDue } from "../due.ts";
import type { Outcome } from "../events.ts";
import type { CompiledAction } from "../program.ts";
import type { NodeState } from "../rule-state.ts";
import { DONE, type Progress, type RunContext, RunProblem, resultOf } from "./run-context.ts";

type Of<Kind extends CompiledAction["kind"]> = Extract<CompiledAction, { kind: Kind }>;
type EffectAction = Of<"set" | "invoke" | "notify" | "publish" | "http" | "switch" | "call">;

/** As JSON; longer ones would leave no room for the other variables of the run. */
const MAX_ANSWER_LENGTH = 49_152;
/** Beyond the request's own: the daemon tells of it before. */
const HTTP_GRACE_MS: Ms = 5_000;

/** Does an action that reaches out of the engine, and waits for its outcome where the rule wants that. */
export function runEffect(
  context: RunContext,
  action: EffectAction,
  node: NodeState | undefined,
): Progress<NodeState> {
  if (node !== undefined) return waitForOutcomes(context, action, node);
  switch (action.kind) {
    case "set":
      return set(context, action);
    case "invoke":
      return invoke(context, action);
    case "notify": {
      const text = context.text(action.text);
      const { level, place, retry, to } = action;
      const effect = context.effect({ kind: "notify", level, text, to, retry }, { awaited: false });
      context.trace({ outcome: "action", detail: `${place}: notify (${level}) ${text}`, effect });
      return DONE;
    }
    case "publish": {
      const { place, qos, retain, retry } = action;
      const topic = context.text(action.topic);
      if (topic === "" || /[+#\0]/.test(topic))
        throw new RunProblem(`${place}: found ${JSON.stringify(topic)}, expected a topic`);
      const payload = asText(context.value(action.payload));
      const effect = context.effect(
        { kind: "publish", topic, payload, qos, retain, retry },
        { awaited: false },
      );
      context.trace({
        outcome: "action",
        detail: `${place}: publish ${topic} ${payload.slice(0, 80)}`,
        effect,
      });
      return DONE;
    }
    case "http":
      return http(context, action);
    case "switch":
      return switchRules(context, action);
    case "call":
      return call(context, action);
  }
}

function set(
  context: RunContext,
  { confirmMs, place, targets, value: template }: Of<"set">,
): Progress<NodeState> {
  const value = context.value(template);
  const effects: string[] = [];
  for (const { reference, target } of targets) {
    if (target === undefined) {
      // The run goes on: what follows may be what makes things safe again.
      context.trace({ outcome: "failed", detail: `${place}: ${reference} belongs to no known Thing` });
      continue;
    }
    const { property, thing } = target;
    const id = context.effect({ kind: "set", thing, property, value }, { awaited: confirmMs !== undefined });
    effects.push(id);
    const detail = `${place}: set ${thing}/${property} to ${writeValue(value)}`;
    context.trace({ outcome: "action", detail, effect: id });
  }
  return confirmMs === undefined || effects.length === 0 ? DONE : awaiting(context, effects, confirmMs);
}

function invoke(
  context: RunContext,
  { action, confirmMs, input, place, retry, thing }: Of<"invoke">,
): Progress<NodeState> {
  const body = { kind: "invoke", thing, action, input: context.value(input), retry } as const;
  const id = context.effect(body, { awaited: confirmMs !== undefined });
  context.trace({ outcome: "action", detail: `${place}: invoke ${thing}/${action}`, effect: id });
  return confirmMs === undefined ? DONE : awaiting(context, [id], confirmMs);
}

function http(context: RunContext, action: Of<"http">): Progress<NodeState> {
  const { method, place, response, retry, timeoutMs } = action;
  const url = context.text(action.url);
  const headers = context.value(action.headers);
  const body = action.body === undefined ? {} : { body: asText(context.value(action.body)) };
  const texts = isJsonObject(headers)
    ? Object.entries(headers).map(([name, value]) => [name, asText(value)])
    : [];
  const awaited = response !== undefined;
  const effect = {
    kind: "http",
    url,
    method,
    headers: Object.fromEntries(texts),
    ...body,
    timeoutMs,
    retry,
  } as const;
  const id = context.effect(effect, { awaited });
  // Path and query may carry a key.
  const host = /^https?:\/\/(?:[^/?#\\]*@)?([^/?#\\@]+)/.exec(url)?.[1] ?? "an address that is none";
  context.trace({ outcome: "action", detail: `${place}: ${method} to ${host}`, effect: id });
  return awaited ? awaiting(context, [id], timeoutMs + HTTP_GRACE_MS) : DONE;
}

function switchRules(
  context: RunContext,
  { enable, group, place, rules }: Of<"switch">,
): Progress<NodeState> {
  const { errands, id } = context.visit;
  const control = { do: enable ? "enable" : "disable", by: `rule:${id}` } as const;
  errands.push({ kind: "control", rules, ...(group === undefined ? {} : { group }), control });
  const what = group === undefined ? rules.join(", ") : `the group ${group}`;
  context.trace({ outcome: "action", detail: `${place}: ${control.do} ${what}` });
  return DONE;
}

function call(context: RunContext, { place, rule, wait, with: given }: Of<"call">): Progress<NodeState> {
  const { errands, id } = context.visit;
  const { cause, chain = [] } = context.run;
  const variables = Object.fromEntries(given.map(([name, template]) => [name, context.value(template)]));
  const effect = context.takeEffectId();
  context.trace({ outcome: "action", detail: `${place}: call ${rule}` });
  errands.push({
    kind: "control",
    rules: [rule],
    control: {
      do: "run",
      by: `rule:${id}`,
      variables,
      chain: [...chain, id],
      ...(cause === undefined ? {} : { cause }),
      ...(wait ? { parent: { rule: id, effect } } : {}),
    },
  });
  return wait ? { kind: "waiting", state: { effects: [effect] } } : DONE;
}

function awaiting(context: RunContext, effects: readonly string[], timeoutMs: Ms): Progress<NodeState> {
  return { kind: "waiting", state: { effects, wait: context.wait(timeoutMs) } };
}

/** The last outcome is what `result` tells; of several commands the first that failed. */
function waitForOutcomes(context: RunContext, action: EffectAction, node: NodeState): Progress<NodeState> {
  const { event, world } = context.visit;
  const { effects = [], wait } = node;
  if (event.kind === "outcome" && effects.includes(event.effect)) {
    const left = effects.filter((effect) => effect !== event.effect);
    const result = resultOf(event.outcome);
    context.trace({
      outcome: "action",
      detail: `${action.place}: ${words(event.outcome)}`,
      effect: event.effect,
    });
    const failed = isJsonObject(result) && result.ok === false;
    if (failed || left.length === 0) {
      note(context, action, result);
      return DONE;
    }
    return { kind: "waiting", state: { ...node, effects: left } };
  }
  if (wait === undefined || !isDue(wait, world.now)) return { kind: "waiting", state: node };
  context.trace({ outcome: "action", detail: `${action.place}: no outcome in time` });
  note(context, action, resultOf({ state: "timeout" }));
  return DONE;
}

function note(context: RunContext, action: EffectAction, result: Json): void {
  if (action.kind !== "http" || action.response === undefined || !isJsonObject(result)) {
    context.set("result", result);
    return;
  }
  // The answer may be long: it is kept once.
  const { value, ...told } = result;
  context.set("result", told);
  const length = value === undefined ? 0 : JSON.stringify(value).length;
  if (length > MAX_ANSWER_LENGTH) {
    const detail = `the answer has ${length} characters, expected at most ${MAX_ANSWER_LENGTH}`;
    context.set("result", { ...told, ok: false, detail });
    context.set(action.response, { ok: false, status: 0, body: null, detail });
    return;
  }
  const answer = value !== undefined && isJsonObject(value) ? value : {};
  context.set(action.response, { ok: result.ok ?? false, status: 0, body: null, ...answer });
}

function words({ detail, state }: Outcome): string {
  return detail === undefined ? state : `${state}: ${detail}`;
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
