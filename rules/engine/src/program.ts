import type { Json, Ms, PropertyKey, Rule, RuleId, ThingId } from "@tram/protocol";
import type { Calendar, Weekday } from "./calendar.ts";
import type { ParsedFile } from "./parse-file.ts";
import type { PropertyTarget } from "./reference.ts";

/** The text of one rule file. */
export interface RuleSource {
  /** File name below the rules folder. */
  readonly file: string;
  readonly text: string;
}

/** What is wrong, or doubtful, at one place of a rule file. */
export interface RuleProblem {
  readonly file: string;
  /** `[3].triggers[0].numeric.property`; empty when it concerns the file as a whole. */
  readonly path: string;
  /** What was found and what was expected, for people. */
  readonly problem: string;
}

/** What a value is compared with. */
export type ValueTest =
  | { readonly kind: "range"; readonly above?: number; readonly below?: number }
  | { readonly kind: "equals"; readonly value: Json }
  | { readonly kind: "any" };

/** A trigger that watches a property: `numeric` or `state`. */
export interface WatchTrigger {
  readonly kind: "watch";
  /** Its id, or its place: `triggers[0]`. */
  readonly label: string;
  readonly reference: string;
  /** Absent while `thing/name` names a Thing that is unknown: the trigger sleeps until the next compilation. */
  readonly target?: PropertyTarget;
  readonly test: ValueTest;
  /** What the last good value must have been. */
  readonly from?: Json;
  /** How long the value must hold; 0 fires at once. */
  readonly forMs: Ms;
  /** Each matching reading is an occurrence of its own, even when it equals the last. */
  readonly momentary: boolean;
  /** True when the decision needs the last good value itself, and not only whether it matched. */
  readonly keepsLast: boolean;
}

export interface TimeTrigger {
  readonly kind: "time";
  readonly label: string;
  /** As written: `07:30`. */
  readonly time: string;
  /** 0 to 86,399, in the gateway's time zone. */
  readonly secondOfDay: number;
}

export type CompiledTrigger = WatchTrigger | TimeTrigger;

export type CompiledCondition =
  | {
      readonly kind: "value";
      readonly what: string;
      readonly reference: string;
      readonly target?: PropertyTarget;
      readonly test: ValueTest;
    }
  | {
      readonly kind: "time";
      readonly what: string;
      /** Second of the day, inclusive. */
      readonly after?: number;
      /** Second of the day, exclusive. */
      readonly before?: number;
      readonly weekdays?: readonly Weekday[];
    }
  | {
      readonly kind: "and" | "or" | "not";
      readonly what: string;
      readonly inner: readonly CompiledCondition[];
    };

/** One action, ready to run and plain JSON: a run in flight keeps a copy, in case the rule changes meanwhile. */
export type CompiledAction =
  | { set: string; target?: { thing: ThingId; property: PropertyKey }; value: Json }
  | { delayMs: Ms }
  | { notify: string; level: "info" | "warning" | "alarm" };

export interface CompiledRule {
  readonly id: RuleId;
  readonly title?: string;
  readonly file: string;
  readonly enabled: boolean;
  readonly document: Rule;
  /** Equal for versions that act the same: see `fingerprint`. */
  readonly version: string;
  readonly mode: "single" | "restart" | "queued" | "parallel";
  /** Bound of `queued` (the running one included) and `parallel`. */
  readonly max: number;
  readonly triggers: readonly CompiledTrigger[];
  readonly conditions: readonly CompiledCondition[];
  readonly actions: readonly CompiledAction[];
  readonly warnings: readonly RuleProblem[];
  /** Place among all rules: what is due at the same moment runs in this order. */
  readonly order: number;
}

/** A rule, or a whole file, that cannot run. It stays visible with its reasons. */
export interface BrokenRule {
  /** Absent when it could not be read, as for a file that is not YAML. */
  readonly id?: string;
  readonly file: string;
  readonly problems: readonly RuleProblem[];
}

/** The rules that watch a property, with the indices of the triggers that do. */
export interface Watcher {
  readonly rule: CompiledRule;
  readonly triggers: readonly number[];
}

/** All rules of the house, ready to run. Immutable; made by `compile`. */
export interface Program {
  readonly rules: ReadonlyMap<RuleId, CompiledRule>;
  readonly broken: readonly BrokenRule[];
  /** Of the rules that run, and of the options. */
  readonly warnings: readonly RuleProblem[];
  /** By {@link watchKey}: a reading costs what the rules cost that watch its property. */
  readonly watchers: ReadonlyMap<string, readonly Watcher[]>;
  readonly calendar: Calendar;
  /** What was read from the files, for the next compilation. */
  readonly files: ReadonlyMap<string, ParsedFile>;
}

export function watchKey(thing: ThingId, property: PropertyKey): string {
  return `${thing}/${property}`;
}
