import type {
  Availability,
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
  ThingEvent,
  ThingId,
  TraceView,
} from "@tram/protocol";
import type { RuleState } from "./rule-state.ts";

/** How an effect that a run waits for has ended. */
export interface Outcome {
  /** Of a command its final state; of the others `confirmed`, `failed`, `timeout` or `unknown`. */
  readonly state: string;
  /** What it brought: the answer of an HTTP request or of an action. */
  readonly value?: Json;
  /** Why it failed, for people. */
  readonly detail?: string;
}

/** What the engine is told. */
export type RuleEvent =
  /**
   * The saved state was loaded, or the program was compiled anew: it comes before any other event of a new program.
   * `restored` says that the gateway restarted, so that what goes on is traced as resumed; a `RuleRunner` sets it.
   */
  | { readonly kind: "start"; readonly restored?: boolean }
  /**
   * A property was observed, whatever the quality; also when nothing but the quality changed.
   * `chain`: the rules whose commands led to the reading, the first one first.
   */
  | {
      readonly kind: "reading";
      readonly reading: Reading;
      readonly chain?: readonly RuleId[];
      /** Nothing but the quality changed: what is momentary did not happen once more. */
      readonly again?: boolean;
    }
  /** The moment came that the last result named as `nextWakeup`. */
  | { readonly kind: "wakeup" }
  /** The wall clock stepped, or its trust changed. */
  | {
      readonly kind: "clock";
      readonly stepMs: Ms;
      readonly trust: ClockTrust;
      /** The trust is another one than before. */
      readonly trustChanged?: boolean;
    }
  /** Something happened at a Thing that is no state of it. */
  | { readonly kind: "occurrence"; readonly event: ThingEvent }
  /** An MQTT message arrived from a client, whatever its topic. */
  | { readonly kind: "message"; readonly topic: string; readonly payload: string }
  | { readonly kind: "availability"; readonly thing: ThingId; readonly to: Availability }
  /** The way to a cloud came or went; the world knows it already. */
  | { readonly kind: "bridge"; readonly provider: string; readonly online: boolean }
  | { readonly kind: "webhook"; readonly id: string; readonly data: Json }
  /** An effect ended that a run waits for. */
  | { readonly kind: "outcome"; readonly rule: RuleId; readonly effect: string; readonly outcome: Outcome }
  /** A person, or another rule, takes a hand. */
  | { readonly kind: "control"; readonly rule: RuleId; readonly control: Control };

export type Control =
  /** Switches the rule on or off, whatever its file says, until the file says something new. */
  | { readonly do: "enable" | "disable"; readonly by: string }
  /** Ends what is under way. */
  | { readonly do: "cancel"; readonly by: string }
  /** A guard ends what is under way, and lets nothing fire for a while. */
  | { readonly do: "pause"; readonly reason: string }
  /** Ends a pause that a guard made. */
  | { readonly do: "resume"; readonly by: string }
  /** Runs the rule. */
  | {
      readonly do: "run";
      readonly by: string;
      readonly variables?: Readonly<Record<string, Json>>;
      /** Do not ask the conditions. */
      readonly unconditionally?: boolean;
      readonly chain?: readonly RuleId[];
      readonly cause?: Cause;
      /** The run that waits for the end of this one. */
      readonly parent?: { readonly rule: RuleId; readonly effect: string };
    };

/** The last known value of a property. */
export interface Observation {
  /** `null` while no good value was ever seen. */
  readonly value: Json;
  readonly quality: Quality;
  /** Since when it has this value, where that is known. */
  readonly since?: Instant;
  /** Why there is no value, of one that would have to be computed. */
  readonly problem?: string;
}

/** What the engine may ask while it decides. A reading that is being handled shows here already. */
export interface World {
  readonly now: Instant;
  read(thing: ThingId, property: PropertyKey): Observation | undefined;
  /** `undefined` of a Thing that nobody knows. Where a world has no Things, all are unknown. */
  availability?(thing: ThingId): Availability | undefined;
  /** Whether the way to a cloud is there: to that one, or to any. `undefined` where there is none. */
  online?(provider?: string): boolean | undefined;
}

interface EffectHead {
  /** `<run>.<n>`: unique, and the same when a run is played again from the same state. */
  readonly id: string;
  readonly rule: RuleId;
  /** Its outcome is waited for. */
  readonly awaited: boolean;
  /** The rules that led here, this one last. */
  readonly chain: readonly RuleId[];
}

/** What the daemon has to do, after the changed states are kept. */
export type Effect = EffectHead &
  (
    | {
        readonly kind: "set";
        readonly thing: ThingId;
        readonly property: PropertyKey;
        readonly value: Json;
        /** Of the reading that fired the rule, as it is: the command service counts the depth. */
        readonly cause?: Cause;
      }
    | {
        readonly kind: "invoke";
        readonly thing: ThingId;
        readonly action: string;
        readonly input: Json;
        readonly retry: boolean;
        readonly cause?: Cause;
      }
    | {
        readonly kind: "notify";
        readonly level: "info" | "warning" | "alarm";
        readonly text: string;
        readonly to: readonly string[];
        readonly retry: boolean;
      }
    | {
        readonly kind: "publish";
        readonly topic: string;
        readonly payload: string;
        readonly qos: 0 | 1 | 2;
        readonly retain: boolean;
        readonly retry: boolean;
      }
    | {
        readonly kind: "http";
        readonly url: string;
        readonly method: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly body?: string;
        readonly timeoutMs: Ms;
        readonly retry: boolean;
      }
  );

/** One line of a rule's diary, as `TraceView` of the API but for the form of its times. */
export type Trace = Omit<TraceView, "time" | "since"> & { readonly time: EpochMs; readonly since?: EpochMs };

/** What a trigger was seen to do, for who asks why it did not fire. */
export interface Look {
  /** On the wall clock. */
  readonly time: EpochMs;
  /** Its id, or its place. */
  readonly trigger: string;
  readonly seen?: Json;
  /** In words: `not true`, `was true before`, `fired`. */
  readonly verdict: string;
  /** A trace of the same step tells it already. */
  readonly traced?: boolean;
}

export interface StepResult {
  /** States to keep; `undefined` to delete. */
  readonly changed: ReadonlyMap<RuleId, RuleState | undefined>;
  readonly effects: readonly Effect[];
  readonly traces: readonly { readonly rule: RuleId; readonly trace: Trace }[];
  /** Every trigger that was looked at, by its key; the last look of the step. */
  readonly looks: readonly { readonly rule: RuleId; readonly looks: ReadonlyMap<string, Look> }[];
  /** When to send `wakeup`, on the monotonic clock of the current boot; `undefined` when nothing waits. */
  readonly nextWakeup: Ms | undefined;
}
