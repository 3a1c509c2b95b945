import { formatDuration, type Json, type Ms, type RuleId } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Effect, Trace } from "../events.ts";
import { watchKey } from "../program.ts";
import { sameValue } from "../value-test.ts";

/** Two rules that want different things of one actuator within this time fight over it. */
const WINDOW_MS: Ms = 10_000;
/** Properties that are remembered. */
const MAX_PROPERTIES = 10_000;

interface Writing {
  readonly rule: RuleId;
  readonly value: Json;
  /** On the monotonic clock. */
  readonly at: Ms;
}

/** Sees rules that fight over an actuator. It is a warning: each of them may be right. */
export class ConflictWatch {
  readonly #last = new Map<string, Writing>();

  /** @returns what the diaries of both rules are told; nothing when nobody disagrees. */
  note(
    effect: Effect,
    now: { readonly monotonic: Ms; readonly wall: number },
  ): { rule: RuleId; trace: Trace }[] {
    if (effect.kind !== "set") return [];
    const key = watchKey(effect.thing, effect.property);
    const before = this.#last.get(key);
    this.#last.delete(key);
    this.#last.set(key, { rule: effect.rule, value: effect.value, at: now.monotonic });
    const [oldest] = this.#last.keys();
    if (this.#last.size > MAX_PROPERTIES && oldest !== undefined) this.#last.delete(oldest);
    if (before === undefined || before.rule === effect.rule || sameValue(before.value, effect.value))
      return [];
    const agoMs = now.monotonic - before.at;
    if (agoMs > WINDOW_MS || agoMs < 0) return [];
    const told = (rule: RuleId, other: RuleId) => ({
      rule,
      trace: {
        time: now.wall,
        trigger: "",
        outcome: "conflict" as const,
        detail:
          `${key}: ${before.rule} wanted ${writeValue(before.value)}, and ${effect.rule} ${formatDuration(agoMs)} ` +
          `later ${writeValue(effect.value)}; look at ${other}`,
        checks: [],
      },
    });
    return [told(effect.rule, before.rule), told(before.rule, effect.rule)];
  }
}
