import type { EpochMs, Json, Ms, Thing, TraceCheck } from "@tram/protocol";
import type { HouseView } from "../house-view.ts";
import type { Placing } from "../placing.ts";
import type { Program } from "../program.ts";
import { describeEffect } from "./deeds.ts";
import { RunawayError, VirtualHouse } from "./virtual-house.ts";

export interface SimulationOptions {
  readonly compile: (house: HouseView, previous: Program | undefined) => Program;
  readonly things: readonly Thing[];
  readonly placings?: ReadonlyMap<string, Placing>;
  /** What the Things report at the beginning, and go on to report. */
  readonly values: readonly { readonly thing: string; readonly property: string; readonly value: Json }[];
  readonly from: EpochMs;
  readonly durationMs: Ms;
  /** Only what this rule does is told. */
  readonly rule?: string;
}

/** A rule looked whether it was to run. */
export interface SimulatedMoment {
  readonly at: EpochMs;
  readonly rule: string;
  readonly trigger: string;
  /** `fired`, or why not: `condition-false`, `mode-dropped`, `cancelled` … Empty of what a run does later. */
  readonly outcome: string;
  /** Conditions that did not hold. */
  readonly unmet: readonly string[];
  /** What the rule did at that moment. */
  readonly actions: readonly string[];
}

export interface Simulation {
  readonly moments: readonly SimulatedMoment[];
  /** Moments that are not told any more: they were too many. */
  readonly dropped: number;
  /** How often each rule fired. */
  readonly fired: Readonly<Record<string, number>>;
  /** Why it ended before its time. */
  readonly failure?: string;
}

const MAX_MOMENTS = 10_000;
const TOLD = new Set(["fired", "condition-false", "mode-dropped", "cancelled", "failed"]);

/**
 * Lets time pass in a house where nothing happens but what its rules do: shows what their schedules would do. Devices
 * do what they are told and report nothing else.
 */
export function simulate(options: SimulationOptions): Simulation {
  const moments: (SimulatedMoment & { readonly actions: string[] })[] = [];
  const fired = new Map<string, number>();
  let dropped = 0;
  let failure: string | undefined;
  const tell = (moment: Omit<SimulatedMoment, "actions">, ...actions: string[]): void => {
    if (options.rule !== undefined && moment.rule !== options.rule) return;
    if (moments.length < MAX_MOMENTS) moments.push({ ...moment, actions });
    else dropped++;
  };
  const house = new VirtualHouse({
    compile: options.compile,
    things: options.things,
    ...(options.placings === undefined ? {} : { placings: options.placings }),
    wall: options.from,
    listener: {
      trace: (rule, { checks, outcome, time, trigger }) => {
        if (outcome === "fired") fired.set(rule, (fired.get(rule) ?? 0) + 1);
        if (!TOLD.has(outcome)) return;
        tell({
          at: time,
          rule,
          trigger,
          outcome,
          unmet: outcome === "condition-false" ? unmetOf(checks) : [],
        });
      },
      deed: ({ effect, wall }) => {
        const text = describeEffect(effect);
        const last = moments.at(-1);
        if (last?.rule === effect.rule && Math.abs(last.at - wall) < 1) last.actions.push(text);
        else tell({ at: wall, rule: effect.rule, trigger: "", outcome: "", unmet: [] }, text);
      },
    },
  });
  for (const { property, thing, value } of options.values)
    house.know(thing, property, { value, quality: "good" });
  try {
    house.start();
    house.advance(options.durationMs);
  } catch (error) {
    if (!(error instanceof RunawayError)) throw error;
    failure = error.message;
  }
  return {
    moments,
    dropped,
    fired: Object.fromEntries(fired),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** The conditions that did not hold, without what is inside of a `not`: that did. */
function unmetOf(checks: readonly TraceCheck[]): string[] {
  return checks.flatMap(({ passed, what }, index) => {
    if (passed || /^[^:]*\.not\b/.test(what)) return [];
    const inside = what.endsWith(": not") ? checks[index + 1]?.what.replace(/^[^:]*: /, "") : undefined;
    return [inside === undefined ? what : `${what} ${inside}`];
  });
}
