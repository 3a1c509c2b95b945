import type {
  Cause,
  ClockTrust,
  EpochMs,
  Instant,
  Json,
  Ms,
  PropertyKey,
  Quality,
  Reading,
  RuleId,
  ThingId,
  TraceView,
} from "@tram/protocol";
import type { RuleState } from "./rule-state.ts";

/** What the engine is told. */
export type RuleEvent =
  /**
   * The saved state was loaded, or the program was compiled anew: it comes before any other event of a new program.
   * `restored` says that the gateway restarted, so that what goes on is traced as resumed; a `RuleRunner` sets it.
   */
  | { readonly kind: "start"; readonly restored?: boolean }
  /** A property was observed, whatever the quality; also when nothing but the quality changed. */
  | { readonly kind: "reading"; readonly reading: Reading }
  /** The moment came that the last result named as `nextWakeup`. */
  | { readonly kind: "wakeup" }
  /** The wall clock stepped, or its trust changed. */
  | { readonly kind: "clock"; readonly stepMs: Ms; readonly trust: ClockTrust };

/** The last known value of a property. */
export interface Observation {
  /** `null` while no good value was ever seen. */
  readonly value: Json;
  readonly quality: Quality;
}

/** What the engine may ask while it decides. A reading that is being handled shows here already. */
export interface World {
  readonly now: Instant;
  read(thing: ThingId, property: PropertyKey): Observation | undefined;
}

/** What the daemon has to do, after the changed states are kept. */
export type Effect =
  | {
      readonly kind: "set";
      readonly rule: RuleId;
      readonly thing: ThingId;
      readonly property: PropertyKey;
      readonly value: Json;
      /** Of the reading that fired the rule, as it is: the command service counts the depth. */
      readonly cause?: Cause;
    }
  | {
      readonly kind: "notify";
      readonly rule: RuleId;
      readonly level: "info" | "warning" | "alarm";
      readonly text: string;
    };

/** One line of a rule's diary, as `TraceView` of the API but for the form of its time. */
export type Trace = Omit<TraceView, "time"> & { readonly time: EpochMs };

export interface StepResult {
  /** States to keep; `undefined` to delete. */
  readonly changed: ReadonlyMap<RuleId, RuleState | undefined>;
  readonly effects: readonly Effect[];
  readonly traces: readonly { readonly rule: RuleId; readonly trace: Trace }[];
  /** When to send `wakeup`, on the monotonic clock of the current boot; `undefined` when nothing waits. */
  readonly nextWakeup: Ms | undefined;
}
