import type { RuleId } from "@tram/protocol";
import type { RuleEvent, StepResult, World } from "./events.ts";
import type { Program } from "./program.ts";
import { RuleRunner } from "./rule-runner.ts";
import type { RuleState } from "./rule-state.ts";

/**
 * The engine as a function: what do the rules do about an event, given what they remember?
 *
 * It looks at all states each time; a `RuleRunner` spares that.
 * @returns what changed, in the order it happened. The arguments are left as they are.
 */
export function step(
  program: Program,
  state: ReadonlyMap<RuleId, RuleState>,
  event: RuleEvent,
  world: World,
): StepResult {
  const runner = new RuleRunner(program, state);
  // A wake-up is expected when it was asked for.
  if (event.kind !== "start") runner.takeUp(world, event.kind === "wakeup" ? 0.001 : 0);
  return runner.handle(event, world);
}
