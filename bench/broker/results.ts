import type { Outcome } from "./comparison.ts";
import type { Experiment } from "./experiment.ts";

/** Names of those who take part, as they stand in the table. */
export const TRAM = "Tram";
export const MOSQUITTO = "mosquitto";
/** The same program once more, to see what it differs from itself. */
export const AGAIN = "mosquitto again";
export const AEDES = "aedes";

/** What came of one experiment. */
export interface Result {
  readonly experiment: Experiment;
  /** By the name of who took part, round by round. */
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
}
