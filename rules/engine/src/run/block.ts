import type { Block, CompiledAction } from "../program.ts";
import type { BlockState, NodeState } from "../rule-state.ts";
import { runEffect } from "./effects.ts";
import { runChoose, runParallel, runRepeat, runSequence } from "./nested.ts";
import { DONE, type Progress, type RunContext } from "./run-context.ts";
import { runDelay, runWaitFor, runWaitUntil } from "./waits.ts";

/** Does a list of actions, from where it is, until one waits or all are done. */
export function runBlock(
  context: RunContext,
  block: Block,
  saved: BlockState | undefined,
): Progress<BlockState> {
  let node = saved?.node;
  for (let at = saved?.at ?? 0; at < block.length; at++) {
    const action = block[at];
    if (action === undefined) break;
    if (node === undefined) context.spend();
    const progress = runAction(context, action, node);
    if (progress.kind === "waiting") {
      const same = saved !== undefined && saved.at === at && saved.node === progress.state;
      return { kind: "waiting", state: same ? saved : { at, node: progress.state } };
    }
    if (progress.kind === "ended") return progress;
    node = undefined;
  }
  return DONE;
}

function runAction(
  context: RunContext,
  action: CompiledAction,
  node: NodeState | undefined,
): Progress<NodeState> {
  switch (action.kind) {
    case "delay":
      return runDelay(context, action, node);
    case "wait-for":
      return runWaitFor(context, action, node);
    case "wait-until":
      return runWaitUntil(context, action, node);
    case "choose":
      return runChoose(context, action, node, runBlock);
    case "repeat":
      return runRepeat(context, action, node, runBlock);
    case "parallel":
      return runParallel(context, action, node, runBlock);
    case "sequence":
      return runSequence(context, action, node, runBlock);
    case "stop":
      return { kind: "ended", reason: `${action.place}: ${action.reason}`, failed: action.error };
    case "condition": {
      const { checks, passed } = context.asks(action.conditions, action.place);
      if (passed) return DONE;
      context.trace({ outcome: "action", detail: `${action.place}: the condition does not hold`, checks });
      return { kind: "ended", reason: `${action.place}: the condition does not hold`, failed: false };
    }
    case "variables":
      for (const [name, template] of action.variables) context.set(name, context.value(template));
      return DONE;
    default:
      return runEffect(context, action, node);
  }
}
