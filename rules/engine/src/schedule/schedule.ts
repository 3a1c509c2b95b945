import type { EpochMs } from "@tram/protocol";
import type { ShapeProblem } from "../shape-check.ts";

/** When something is due, by the wall clock. Pure: what it answers depends on its arguments alone. */
export interface Schedule {
  /** For people. */
  readonly text: string;
  /** Equal for schedules that answer the same: the text, the time zone and the place. */
  readonly key: string;
  /**
   * @returns the first moment strictly after `after`; `undefined` when there is none. Cheap, whatever the schedule:
   * at most some milliseconds for one that comes once in years, or never.
   */
  next(after: EpochMs): EpochMs | undefined;
}

/** Stretches of time that come again and again. */
export interface Window {
  readonly text: string;
  isInside(at: EpochMs): boolean;
}

/** What was made of a written schedule, or what is wrong with it and at which place of it. */
export type Made<Part> =
  | { readonly ok: true; readonly value: Part }
  | { readonly ok: false; readonly problems: readonly ShapeProblem[] };

export function refuse(problem: string, path = ""): { ok: false; problems: ShapeProblem[] } {
  return { ok: false, problems: [{ path, problem }] };
}

/** Remembers the last answer, which is asked for again and again while time goes towards it. */
export function remembering(next: Schedule["next"]): Schedule["next"] {
  let from = Number.POSITIVE_INFINITY;
  let found: EpochMs | undefined;
  return (after) => {
    if (after < from || (found !== undefined && after >= found)) {
      found = next(after);
      from = after;
    }
    return found;
  };
}
