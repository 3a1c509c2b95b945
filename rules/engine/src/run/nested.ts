import type { Json } from "@tram/protocol";
import type { Block, CompiledAction, Repeat } from "../program.ts";
import type { BlockState, NodeState } from "../rule-state.ts";
import { DONE, type Progress, type RunContext, RunProblem } from "./run-context.ts";

/** How a list of actions is done: what holds one does not have to know. */
export type RunBlock = (
  context: RunContext,
  block: Block,
  saved: BlockState | undefined,
) => Progress<BlockState>;

type Of<Kind extends CompiledAction["kind"]> = Extract<CompiledAction, { kind: Kind }>;

/** Rounds that one `repeat` may have; one that wants more has no end. */
const MAX_ROUNDS = 1_000_000;

interface Held {
  readonly block: Block;
  /** What is remembered besides how far it is. */
  readonly besides?: NodeState;
}

export function runSequence(
  context: RunContext,
  { besides, block }: Held,
  node: NodeState | undefined,
  runBlock: RunBlock,
): Progress<NodeState> {
  const progress = runBlock(context, block, node?.block);
  if (progress.kind !== "waiting") return progress;
  const same = node !== undefined && node.block === progress.state;
  return { kind: "waiting", state: same ? node : { ...besides, block: progress.state } };
}

/** The first branch whose conditions hold, once; what it waits for does not ask them again. */
export function runChoose(
  context: RunContext,
  action: Of<"choose">,
  node: NodeState | undefined,
  runBlock: RunBlock,
): Progress<NodeState> {
  const branch = node?.branch ?? choose(context, action);
  const block = branch < action.branches.length ? action.branches[branch]?.block : action.otherwise;
  if (block === undefined) return DONE;
  return runSequence(context, { block, besides: { branch } }, node, runBlock);
}

function choose(context: RunContext, { branches, otherwise, place }: Of<"choose">): number {
  const checks = [];
  for (const [index, { when }] of branches.entries()) {
    const result = context.asks(when, `${place}.when[${index}]`);
    checks.push(...result.checks);
    if (!result.passed) continue;
    context.trace({
      outcome: "action",
      detail: `${place}: branch ${index + 1} of ${branches.length}`,
      checks,
    });
    return index;
  }
  const detail = otherwise === undefined ? `${place}: no branch holds` : `${place}: none holds, so else`;
  context.trace({ outcome: "action", detail, checks });
  return branches.length;
}

/** Rounds of a block. What decides about a round is asked before it (`while`, `count`, `for_each`) or after (`until`). */
export function runRepeat(
  context: RunContext,
  { block, place, repeat }: Of<"repeat">,
  node: NodeState | undefined,
  runBlock: RunBlock,
): Progress<NodeState> {
  let { index = 0, block: inner } = node ?? {};
  const bounds = node ?? boundsOf(context, repeat);
  const { count, items } = bounds;
  for (;;) {
    if (inner === undefined) {
      if (count !== undefined && index >= count) return DONE;
      if (index >= MAX_ROUNDS) throw new RunProblem(`${place}: more than ${MAX_ROUNDS} rounds`);
      context.spend();
      const round = roundOf(index, items);
      if (repeat.kind === "while" && !holds(context, repeat, { place, round })) return DONE;
    }
    const round = roundOf(index, items);
    const begun: BlockState | undefined = inner;
    const progress = context.inRound(round, () => runBlock(context, block, begun));
    if (progress.kind === "waiting") {
      if (node !== undefined && node.block === progress.state && node.index === index) {
        return { kind: "waiting", state: node };
      }
      const bound = { ...(count === undefined ? {} : { count }), ...(items === undefined ? {} : { items }) };
      return { kind: "waiting", state: { index, ...bound, block: progress.state } };
    }
    if (progress.kind === "ended") return progress;
    inner = undefined;
    index++;
    if (repeat.kind === "until" && holds(context, repeat, { place, round })) return DONE;
  }
}

/** `repeat.index` counts from 1, as Home Assistant's does. */
function roundOf(index: number, items: readonly Json[] | undefined): Json {
  const item = items?.[index];
  return { index: index + 1, first: index === 0, ...(item === undefined ? {} : { item }) };
}

function boundsOf(context: RunContext, repeat: Repeat): { count?: number; items?: readonly Json[] } {
  if (repeat.kind === "count") {
    const count = context.value(repeat.count);
    if (typeof count === "number" && Number.isInteger(count) && count >= 0) return { count };
    throw new RunProblem(`found ${JSON.stringify(count)}, expected a count`);
  }
  if (repeat.kind !== "each") return {};
  const items = context.value(repeat.items);
  if (!Array.isArray(items))
    throw new RunProblem(`found ${JSON.stringify(items).slice(0, 80)}, expected a list`);
  if (items.length > 1_000) throw new RunProblem(`found ${items.length} items, expected at most 1000`);
  return { count: items.length, items };
}

function holds(
  context: RunContext,
  { conditions, kind }: Extract<Repeat, { kind: "while" | "until" }>,
  { place, round }: { readonly place: string; readonly round: Json },
): boolean {
  return context.inRound(round, () => context.asks(conditions, `${place}.${kind}`).passed);
}

/** Blocks side by side: each goes as far as it can; done when all are. */
export function runParallel(
  context: RunContext,
  { blocks }: Of<"parallel">,
  node: NodeState | undefined,
  runBlock: RunBlock,
): Progress<NodeState> {
  const states: (BlockState | null)[] = [];
  let changed = node === undefined;
  for (const [index, block] of blocks.entries()) {
    const before = node?.blocks?.[index];
    if (before === null) {
      states.push(null);
      continue;
    }
    const progress = runBlock(context, block, before);
    if (progress.kind === "ended") return progress;
    const after = progress.kind === "waiting" ? progress.state : null;
    changed ||= after !== before;
    states.push(after);
  }
  if (states.every((state) => state === null)) return DONE;
  return { kind: "waiting", state: changed || node === undefined ? { blocks: states } : node };
}
