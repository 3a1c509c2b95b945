import type { ModuleDefinition } from "@tram/module-sdk";
import type { ConformanceOptions } from "./rule.ts";
import { RULES } from "./rules/index.ts";

/** One rule, ready to be run by any test runner. */
export interface ConformanceCheck {
  /** Id of the rule, as `quality.yaml` names it. */
  readonly rule: string;
  /** `lets-go: lets go of everything …`. */
  readonly name: string;
  /** Rejects with an `AssertionError` that says what the module did instead. */
  run(): Promise<void>;
}

/**
 * The tests that every module must pass. They run on a virtual clock, with no gateway, and are independent of each
 * other; run them one after the other, because some replace functions of the whole process for a moment.
 */
export function moduleConformance<Config>(
  definition: ModuleDefinition<Config>,
  options: ConformanceOptions<Config>,
): readonly ConformanceCheck[] {
  return RULES.map((rule) => ({
    rule: rule.id,
    name: `${rule.id}: ${rule.title}`,
    run: () => rule.check({ definition, options }),
  }));
}
