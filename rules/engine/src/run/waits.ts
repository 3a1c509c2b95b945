import { formatDuration, type Ms } from "@tram/protocol";
import { isDue } from "../due.ts";
import type { CompiledAction, CompiledCondition, OnTimeout } from "../program.ts";
import type { NodeState, TriggerState } from "../rule-state.ts";
import { beginTriggers, lookAtTriggers, type TriggerHome } from "../trigger/look.ts";
import type { Firing } from "../visit.ts";
import { factsOf } from "./facts.ts";
import { DONE, type Progress, type RunContext, waitWords } from "./run-context.ts";

type Of<Kind extends CompiledAction["kind"]> = Extract<CompiledAction, { kind: Kind }>;

export function runDelay(
  context: RunContext,
  { duration, place }: Of<"delay">,
  node: NodeState | undefined,
): Progress<NodeState> {
  if (node?.wait !== undefined) {
    if (!isDue(node.wait, context.visit.world.now)) return { kind: "waiting", state: node };
    context.rested(node.wait);
    return DONE;
  }
  const durationMs = context.duration(duration);
  context.trace({ outcome: "action", detail: `${place}: wait ${formatDuration(durationMs)}` });
  return durationMs === 0 ? DONE : { kind: "waiting", state: { wait: context.wait(durationMs) } };
}

/** Waits until one of its triggers fires. They begin from what is known when the wait begins. */
export function runWaitFor(
  context: RunContext,
  { onTimeout, place, timeoutMs, triggers }: Of<"wait-for">,
  node: NodeState | undefined,
): Progress<NodeState> {
  let states = node?.triggers ?? {};
  let firing: Firing | undefined;
  const home: TriggerHome = {
    locals: context.locals,
    state: (key): TriggerState | undefined => states[key],
    keep(key, next) {
      states = { ...states, [key]: next };
    },
    fire(one) {
      firing ??= one;
    },
  };
  if (node === undefined) {
    context.trace({ outcome: "action", detail: `${place}: wait for a trigger${waitWords(timeoutMs)}` });
    beginTriggers(context.visit, triggers, home);
    const asksTime = triggers.some(
      (one) => one.kind === "watch" && one.source?.on === "expression" && one.source.expression.usesTime,
    );
    const recheck = asksTime ? { recheck: true } : {};
    return { kind: "waiting", state: { triggers: states, ...recheck, ...bound(context, timeoutMs) } };
  }
  lookAtTriggers(context.visit, triggers, home);
  if (firing !== undefined) {
    const { id, time: _time, ...facts } = factsOf(context.visit, firing);
    if (node.wait !== undefined) context.rested(node.wait);
    context.set("wait", { completed: true, trigger: { id, ...facts } });
    context.trace({ outcome: "action", seen: facts.value, detail: `${place}: ${id} ended the wait` });
    return DONE;
  }
  if (isOver(context, node)) return timeOut(context, node, { place, onTimeout });
  return { kind: "waiting", state: states === node.triggers ? node : { ...node, triggers: states } };
}

/** Waits until conditions hold; they may already. */
export function runWaitUntil(
  context: RunContext,
  { conditions, onTimeout, place, timeoutMs }: Of<"wait-until">,
  node: NodeState | undefined,
): Progress<NodeState> {
  // What holds by mere passing of time is looked at on the second, also where a restart brings a look in between.
  if (node?.recheck === true && context.visit.event.kind === "start" && !isOver(context, node)) {
    return { kind: "waiting", state: node };
  }
  const { checks, passed } = context.asks(conditions, place);
  if (passed) {
    if (node?.wait !== undefined) context.rested(node.wait);
    context.set("wait", { completed: true });
    context.trace({ outcome: "action", detail: `${place}: the conditions hold`, checks });
    return DONE;
  }
  if (node === undefined) {
    context.trace({
      outcome: "action",
      detail: `${place}: wait until they hold${waitWords(timeoutMs)}`,
      checks,
    });
    const recheck = asksTheTime(conditions) ? { recheck: true } : {};
    return { kind: "waiting", state: { ...recheck, ...bound(context, timeoutMs) } };
  }
  return isOver(context, node)
    ? timeOut(context, node, { place, onTimeout })
    : { kind: "waiting", state: node };
}

/** Whether conditions can begin to hold by mere passing of time. */
function asksTheTime(conditions: readonly CompiledCondition[]): boolean {
  return conditions.some((condition) => {
    if ("inner" in condition) return asksTheTime(condition.inner);
    if (condition.kind === "value") return condition.held !== undefined;
    if (condition.kind === "expression") return true;
    return condition.kind === "time" || condition.kind === "window" || condition.kind === "rule";
  });
}

function bound(context: RunContext, timeoutMs: Ms | undefined): Pick<NodeState, "wait"> {
  return timeoutMs === undefined ? {} : { wait: context.wait(timeoutMs) };
}

function isOver(context: RunContext, { wait }: NodeState): boolean {
  return wait !== undefined && isDue(wait, context.visit.world.now);
}

function timeOut(
  context: RunContext,
  node: NodeState,
  { onTimeout, place }: { readonly onTimeout: OnTimeout; readonly place: string },
): Progress<NodeState> {
  if (node.wait !== undefined) context.rested(node.wait);
  context.set("wait", { completed: false });
  context.trace({ outcome: "action", detail: `${place}: waited in vain` });
  if (onTimeout === "continue") return DONE;
  return { kind: "ended", reason: `${place}: waited in vain`, failed: false };
}
