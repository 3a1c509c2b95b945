import type { EpochMs, Ms, RuleId } from "@tram/protocol";
import { writeValue } from "../describe-value.ts";
import type { Effect, RuleEvent, Trace } from "../events.ts";
import { describeEffect } from "./deeds.ts";

/** One line of what happened. */
export interface TimelineEntry {
  /** Real time since the beginning. */
  readonly at: Ms;
  readonly wall: EpochMs;
  /** Who: a rule, or nobody for what happens to the house. */
  readonly rule?: string;
  readonly text: string;
}

/** Lines that are kept; the oldest go first. */
const MAX_ENTRIES = 5_000;

/** What happened in a rehearsal, in its order, bounded. */
export class Timeline {
  readonly #now: () => Pick<TimelineEntry, "at" | "wall">;
  #entries: TimelineEntry[] = [];

  constructor(now: () => Pick<TimelineEntry, "at" | "wall">) {
    this.#now = now;
  }

  get entries(): readonly TimelineEntry[] {
    return this.#entries.slice(-MAX_ENTRIES);
  }

  note(text: string, rule?: string): void {
    this.#entries.push({ ...this.#now(), text, ...(rule === undefined ? {} : { rule }) });
    if (this.#entries.length > 2 * MAX_ENTRIES) this.#entries = this.#entries.slice(-MAX_ENTRIES);
  }

  event(event: RuleEvent): void {
    const text = describeEvent(event);
    if (text !== undefined) this.note(text);
  }

  /** What a rule thought; what it did is told by `deed`. */
  trace(rule: RuleId, trace: Trace): void {
    if (trace.outcome === "action") return;
    const seen = trace.seen === undefined ? "" : `, saw ${writeValue(trace.seen)}`;
    const detail = trace.detail === undefined ? "" : `: ${trace.detail}`;
    const head = trace.trigger === "" ? trace.outcome : `${trace.trigger} ${trace.outcome}`;
    this.note(`${head}${seen}${detail}`, rule);
    if (trace.outcome !== "condition-false") return;
    for (const { passed, seen: value, what } of trace.checks) {
      this.note(`  ${passed ? "yes" : "no "}  ${what}, saw ${writeValue(value)}`, rule);
    }
  }

  deed(effect: Effect): void {
    this.note(`→ ${describeEffect(effect)}`, effect.rule);
  }
}

/** `undefined` for what only the engine cares about. */
function describeEvent(event: RuleEvent): string | undefined {
  switch (event.kind) {
    case "start":
      return "the gateway starts";
    case "reading": {
      const { property, quality, thing, value } = event.reading;
      return `${thing}/${property} is ${writeValue(value)}${quality === "good" ? "" : ` (${quality})`}`;
    }
    case "clock": {
      const { stepMs, trust } = event;
      return stepMs === 0 ? `the clock is ${trust}` : `the clock steps by ${stepMs / 1_000} s, ${trust}`;
    }
    case "occurrence":
      return `${event.event.thing}: ${event.event.event} ${writeValue(event.event.data)}`;
    case "message":
      return `message ${event.topic} ${writeValue(event.payload)}`;
    case "availability":
      return `${event.thing} is ${event.to}`;
    case "bridge":
      return `${event.provider} is ${event.online ? "online" : "offline"}`;
    case "webhook":
      return `webhook ${event.id} ${writeValue(event.data)}`;
    case "control":
      return `${event.control.do} ${event.rule}`;
    default:
      return undefined;
  }
}
