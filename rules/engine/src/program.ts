import type { Json, Ms, PropertyKey, RuleAction, RuleId, ThingId } from "@tram/protocol";
import type { Calendar } from "./calendar.ts";
import type { CelExpression, CelTemplate } from "./cel/index.ts";
import type { HouseView } from "./house-view.ts";
import type { Interests } from "./interests.ts";
import type { ParsedFile } from "./parse-file.ts";
import type { PropertyTarget } from "./reference.ts";
import type { RuleDocument } from "./rule-document.ts";
import type { Schedule, Window } from "./schedule/index.ts";

/** The text of one rule file. */
export interface RuleSource {
  /** File name below the rules folder. */
  readonly file: string;
  readonly text: string;
  /** Why the file could not be read: what it says is not known, rather than broken. Then `text` is empty. */
  readonly unreadable?: string;
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
  | { readonly kind: "range"; readonly above?: number; readonly below?: number; readonly hysteresis?: number }
  | { readonly kind: "oneOf"; readonly values: readonly Json[] }
  | { readonly kind: "any" };

/** Who is at home, of the members of a household. */
export interface PresenceSource {
  readonly on: "presence";
  readonly is: "someone" | "everyone" | "nobody";
  /** With the property that tells, where the Thing has one; otherwise its availability does. */
  readonly members: readonly { readonly thing: ThingId; readonly property?: PropertyKey }[];
}

/** What has a value that can be watched, or asked for. */
export type Source =
  | { readonly on: "property"; readonly target: PropertyTarget; readonly attribute?: string }
  | { readonly on: "availability"; readonly thing: ThingId }
  | { readonly on: "bridge"; readonly provider?: string }
  | {
      readonly on: "expression";
      readonly expression: CelExpression;
      readonly reads: readonly PropertyTarget[];
    }
  | PresenceSource;

interface TriggerHead {
  /** Names its state: its place, and of a trigger with many properties the property besides. */
  readonly key: string;
  /** Its id, or its place: `triggers[0]`. */
  readonly label: string;
  /** Instead of the rule's. */
  readonly mode?: RunMode;
}

/** A trigger that watches a value. */
export interface WatchTrigger extends TriggerHead {
  readonly kind: "watch";
  /** What it watches, in the author's words. */
  readonly reference: string;
  /** Absent while `thing/name` names a Thing that is unknown: the trigger sleeps until the next compilation. */
  readonly source?: Source;
  /** Names what it watches: a state that is of something else begins anew. */
  readonly on: string;
  readonly test: ValueTest;
  /** What the last good value must have been. */
  readonly from?: readonly Json[];
  /** How long the value must hold; 0 fires at once. */
  readonly forMs: Ms;
  /** Each matching reading is an occurrence of its own, even when it equals the last. */
  readonly momentary: boolean;
  /** True when the decision needs the last good value itself, and not only whether it matched. */
  readonly keepsLast: boolean;
}

/** A trigger of the wall clock. */
export interface TimeTrigger extends TriggerHead {
  readonly kind: "time";
  readonly schedule: Schedule;
}

/** What happens without being a state. */
export type Signal =
  | { readonly on: "event"; readonly thing: ThingId; readonly event: string; readonly data?: Json }
  | {
      readonly on: "message";
      readonly filter: string;
      readonly payload?: readonly Json[];
      readonly path?: string;
    }
  | { readonly on: "webhook"; readonly id: string }
  | { readonly on: "started" }
  | { readonly on: "clock"; readonly to: "untrusted" | "holdover" | "synced" | "stepped" };

export interface SignalTrigger extends TriggerHead {
  readonly kind: "signal";
  readonly signal: Signal;
}

export type CompiledTrigger = WatchTrigger | TimeTrigger | SignalTrigger;

/** A condition that must have held for a while: what is remembered is since when it does. */
export interface Hold {
  readonly key: string;
  readonly source?: Source;
  readonly test: ValueTest;
}

export type CompiledCondition =
  | {
      readonly kind: "value";
      readonly what: string;
      readonly source?: Source;
      readonly test: ValueTest;
      /** With `for`: how long, and where since when is remembered. */
      readonly held?: { readonly forMs: Ms; readonly key: string };
    }
  | {
      readonly kind: "time";
      readonly what: string;
      /** Second of the day, inclusive. */
      readonly after?: number;
      /** Second of the day, exclusive. */
      readonly before?: number;
      readonly weekdays?: readonly string[];
    }
  | { readonly kind: "window"; readonly what: string; readonly window: Window }
  | { readonly kind: "trigger"; readonly what: string; readonly labels: readonly string[] }
  | {
      readonly kind: "expression";
      readonly what: string;
      readonly expression: CelExpression;
      readonly reads: readonly PropertyTarget[];
    }
  | {
      readonly kind: "clock";
      readonly what: string;
      readonly is: "trusted" | "untrusted" | "holdover" | "synced";
    }
  | {
      readonly kind: "rule";
      readonly what: string;
      readonly rule: RuleId;
      readonly is: "enabled" | "disabled" | "running" | "idle";
    }
  | {
      readonly kind: "and" | "or" | "not";
      readonly what: string;
      readonly inner: readonly CompiledCondition[];
    };

export type OnTimeout = "continue" | "stop";
export type NotifyLevel = "info" | "warning" | "alarm";

/** How often a block is done. */
export type Repeat =
  | { readonly kind: "count"; readonly count: CelTemplate }
  | { readonly kind: "while" | "until"; readonly conditions: readonly CompiledCondition[] }
  | { readonly kind: "each"; readonly items: CelTemplate };

export interface Branch {
  readonly when: readonly CompiledCondition[];
  readonly block: Block;
}

/** One action, ready to run, with its place in the rule for traces: `actions[2].then[0]`. */
export type CompiledAction = { readonly place: string } & (
  | {
      readonly kind: "set";
      readonly targets: readonly { readonly reference: string; readonly target?: PropertyTarget }[];
      readonly value: CelTemplate;
      readonly confirmMs?: Ms;
    }
  | {
      readonly kind: "invoke";
      readonly thing: ThingId;
      readonly action: string;
      readonly input: CelTemplate;
      readonly retry: boolean;
      readonly confirmMs?: Ms;
    }
  | { readonly kind: "delay"; readonly duration: Ms | CelTemplate }
  | {
      readonly kind: "notify";
      readonly text: CelTemplate;
      readonly level: NotifyLevel;
      readonly to: readonly string[];
      readonly retry: boolean;
    }
  | {
      readonly kind: "publish";
      readonly topic: CelTemplate;
      readonly payload: CelTemplate;
      readonly qos: 0 | 1 | 2;
      readonly retain: boolean;
      readonly retry: boolean;
    }
  | {
      readonly kind: "http";
      readonly url: CelTemplate;
      readonly method: string;
      readonly headers: CelTemplate;
      readonly body?: CelTemplate;
      readonly timeoutMs: Ms;
      readonly response?: string;
      readonly retry: boolean;
    }
  | { readonly kind: "variables"; readonly variables: readonly (readonly [string, CelTemplate])[] }
  | {
      readonly kind: "switch";
      readonly enable: boolean;
      readonly rules: readonly RuleId[];
      readonly group?: string;
    }
  | {
      readonly kind: "call";
      readonly rule: RuleId;
      readonly with: readonly (readonly [string, CelTemplate])[];
      readonly wait: boolean;
    }
  | { readonly kind: "stop"; readonly reason: string; readonly error: boolean }
  | {
      readonly kind: "wait-for";
      readonly triggers: readonly CompiledTrigger[];
      readonly timeoutMs?: Ms;
      readonly onTimeout: OnTimeout;
    }
  | {
      readonly kind: "wait-until";
      readonly conditions: readonly CompiledCondition[];
      readonly timeoutMs?: Ms;
      readonly onTimeout: OnTimeout;
    }
  | { readonly kind: "choose"; readonly branches: readonly Branch[]; readonly otherwise?: Block }
  | { readonly kind: "repeat"; readonly repeat: Repeat; readonly block: Block }
  | { readonly kind: "parallel"; readonly blocks: readonly Block[] }
  | { readonly kind: "sequence"; readonly block: Block }
  | { readonly kind: "condition"; readonly conditions: readonly CompiledCondition[] }
);

/** Actions one after the other. */
export type Block = readonly CompiledAction[];

export type RunMode = "single" | "restart" | "queued" | "parallel";

/** What schedules do about moments that passed unseen. */
export type OnMissed = "skip" | "once" | { readonly catchUpMs: Ms };
/** What schedules do while the clock cannot be believed. */
export type WhenUntrusted = "hold" | "run" | "skip";

export interface CompiledRule {
  readonly id: RuleId;
  readonly title?: string;
  readonly file: string;
  readonly enabled: boolean;
  readonly group?: string;
  readonly labels: readonly string[];
  readonly document: RuleDocument;
  /** Equal for versions that act the same: see `fingerprint`. */
  readonly version: string;
  readonly mode: RunMode;
  /** Bound of `queued` (the running one included) and `parallel`. */
  readonly max: number;
  readonly onMissed: OnMissed;
  readonly whenUntrusted: WhenUntrusted;
  readonly onEdit: "finish" | "cancel";
  readonly rateLimit?: { readonly runs: number; readonly perMs: Ms };
  readonly variables: readonly (readonly [string, CelTemplate])[];
  readonly triggers: readonly CompiledTrigger[];
  readonly conditions: readonly CompiledCondition[];
  /** Of its conditions and of those in its actions. */
  readonly holds: readonly Hold[];
  readonly warnings: readonly RuleProblem[];
  /** Why the text of today cannot run: this is the last version that could. Absent of a rule that is as its text says. */
  readonly broken?: readonly RuleProblem[];
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

/** All rules of the house, ready to run. Immutable; made by `compile`. */
export interface Program {
  readonly rules: ReadonlyMap<RuleId, CompiledRule>;
  readonly broken: readonly BrokenRule[];
  /** Of the rules that run, and of the options. */
  readonly warnings: readonly RuleProblem[];
  /** Who is concerned by what: an event costs what the rules cost that it concerns. */
  readonly interests: Interests;
  /** Things that rules name and nobody knows yet, or not with the property that is named. */
  readonly awaited: ReadonlySet<ThingId>;
  readonly calendar: Calendar;
  readonly house: HouseView;
  /** What was read from the files, for the next compilation. */
  readonly files: ReadonlyMap<string, ParsedFile>;
  /** What a reference in an expression means; `undefined` while nobody knows. */
  resolve(reference: string): PropertyTarget | undefined;
  /**
   * The actions of a version of a rule, ready to run. They are made ready when a run needs them, and only the last few
   * are kept: most rules are idle, and they have been checked before.
   */
  linkActions(version: string, source: () => readonly RuleAction[]): LinkedActions;
}

export interface LinkedActions {
  readonly block: Block;
  readonly holds: readonly Hold[];
  /** What the waits in it listen to. */
  readonly interests: readonly string[];
}

export function watchKey(thing: ThingId, property: PropertyKey): string {
  return `${thing}/${property}`;
}
