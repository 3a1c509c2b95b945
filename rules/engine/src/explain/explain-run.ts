import { formatDuration, type Instant, type Ms } from "@tram/protocol";
import { dueAt } from "../due.ts";
import type { Block, CompiledAction } from "../program.ts";
import type { BlockState, NodeState, Wait } from "../rule-state.ts";

/** What a list of actions that is under way waits for, in words. */
export function describeBlock(block: Block, state: BlockState, now: Instant): string {
  const action = block[state.at];
  if (action === undefined) return "ends";
  return state.node === undefined ? `${action.place}: comes next` : describeNode(action, state.node, now);
}

function describeNode(action: CompiledAction, node: NodeState, now: Instant): string {
  const inside = (inner: Block | undefined, state: BlockState | undefined): string =>
    inner === undefined || state === undefined ? action.place : describeBlock(inner, state, now);
  const left = node.wait === undefined ? "" : `, ${timeLeft(node.wait, now)}`;
  switch (action.kind) {
    case "delay":
      return `${action.place}: delay${left}`;
    case "wait-for":
      return `${action.place}: waits for a trigger${left}`;
    case "wait-until":
      return `${action.place}: waits until ${action.conditions.map(({ what }) => what).join(" and ")}${left}`;
    case "call":
      return `${action.place}: waits for the end of rule ${action.rule}`;
    case "choose": {
      const { branch = 0 } = node;
      return inside(action.branches[branch]?.block ?? action.otherwise, node.block);
    }
    case "repeat":
    case "sequence":
      return inside(action.block, node.block);
    case "parallel":
      return action.blocks
        .flatMap((inner, index) => {
          const state = node.blocks?.[index] ?? undefined;
          return state === undefined ? [] : [inside(inner, state)];
        })
        .join("; ");
    default:
      return `${action.place}: waits for its outcome${left}`;
  }
}

export function timeLeft(wait: Wait, now: Instant): string {
  return `${formatDuration(leftMs(wait, now))} of ${formatDuration(wait.durationMs)} left`;
}

export function leftMs(wait: Wait, now: Instant): Ms {
  return Math.max(0, Math.round(dueAt(wait, now) - now.monotonic));
}
