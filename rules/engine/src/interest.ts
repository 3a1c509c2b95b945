import type { RuleEvent } from "./events.ts";
import {
  type Block,
  type CompiledAction,
  type CompiledCondition,
  type CompiledRule,
  type CompiledTrigger,
  type Hold,
  type Source,
  watchKey,
} from "./program.ts";

/**
 * Names what rules listen to and events are about, so that an event finds the rules that it concerns and no others.
 * `p` a property, `a` a Thing's availability, `b` the bridge, `e` an event of a Thing, `w` a webhook, `m` a topic.
 */
export function interestOf(event: RuleEvent): string | undefined {
  switch (event.kind) {
    case "reading":
      return `p ${watchKey(event.reading.thing, event.reading.property)}`;
    case "availability":
      return `a ${event.thing}`;
    case "bridge":
      return "b";
    case "occurrence":
      return `e ${event.event.thing}/${event.event.event}`;
    case "webhook":
      return `w ${event.id}`;
    case "message":
      return `m ${event.topic}`;
    default:
      return undefined;
  }
}

/**
 * Everything that a rule listens to, each once; topic filters with wildcards included. Conditions are asked when a
 * trigger fires: only those with a `for` listen.
 */
export function interestsOf({ holds, triggers }: CompiledRule, actions: Block): readonly string[] {
  const found = new Set<string>();
  for (const trigger of triggers) ofTrigger(trigger, found);
  for (const interest of interestsOfBlock(actions, holds)) found.add(interest);
  return [...found];
}

/** What the waits among actions listen to, and the conditions in them that want to know since when. */
export function interestsOfBlock(
  block: readonly CompiledAction[],
  holds: readonly Hold[],
): readonly string[] {
  const found = new Set<string>();
  ofHolds(holds, found);
  const visit = (actions: readonly CompiledAction[]) => {
    for (const action of actions) {
      switch (action.kind) {
        case "wait-for":
          for (const trigger of action.triggers) ofTrigger(trigger, found);
          break;
        case "wait-until":
          for (const condition of action.conditions) ofCondition(condition, found);
          break;
        case "choose":
          for (const branch of action.branches) visit(branch.block);
          visit(action.otherwise ?? []);
          break;
        case "repeat":
        case "sequence":
          visit(action.block);
          break;
        case "parallel":
          for (const inner of action.blocks) visit(inner);
          break;
      }
    }
  };
  visit(block);
  return [...found];
}

function ofTrigger(trigger: CompiledTrigger, found: Set<string>): void {
  if (trigger.kind === "watch") ofSource(trigger.source, found);
  if (trigger.kind !== "signal") return;
  const { signal } = trigger;
  if (signal.on === "event") found.add(`e ${signal.thing}/${signal.event}`);
  if (signal.on === "webhook") found.add(`w ${signal.id}`);
  if (signal.on === "message") found.add(`m ${signal.filter}`);
}

function ofHolds(holds: readonly Hold[], found: Set<string>): void {
  for (const { source } of holds) ofSource(source, found);
}

function ofCondition(condition: CompiledCondition, found: Set<string>): void {
  if (condition.kind === "value") ofSource(condition.source, found);
  else if (condition.kind === "expression") ofExpression(condition, found);
  else if ("inner" in condition) for (const inner of condition.inner) ofCondition(inner, found);
}

function ofExpression(
  { expression, reads }: Extract<CompiledCondition, { kind: "expression" }>,
  found: Set<string>,
): void {
  for (const { property, thing } of reads) found.add(`p ${watchKey(thing, property)}`);
  for (const thing of expression.things) found.add(`a ${thing}`);
}

function ofSource(source: Source | undefined, found: Set<string>): void {
  switch (source?.on) {
    case "property":
      found.add(`p ${watchKey(source.target.thing, source.target.property)}`);
      break;
    case "availability":
      found.add(`a ${source.thing}`);
      break;
    case "bridge":
      found.add("b");
      break;
    case "presence":
      for (const { property, thing } of source.members) {
        found.add(property === undefined ? `a ${thing}` : `p ${watchKey(thing, property)}`);
      }
      break;
    case "expression":
      for (const { property, thing } of source.reads) found.add(`p ${watchKey(thing, property)}`);
      for (const thing of source.expression.things) found.add(`a ${thing}`);
      break;
  }
}
