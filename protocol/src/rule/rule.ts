import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import { ActionDefinition, type RuleAction } from "./actions.ts";
import { ConditionDefinition, ConditionRef } from "./conditions.ts";
import { Closed, Duration, Variables } from "./parts.ts";
import { RuleTrigger, RunMode } from "./triggers.ts";

/**
 * The language of rules, as written in `*.yaml` files: a file holds a list of rules.
 * Words follow Home Assistant's where both have the thing.
 */
const RuleDefinition = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: "Unique over all rule files." }),
    title: Type.Optional(Type.String({ maxLength: 256, description: "What people see." })),
    description: Type.Optional(
      Type.String({ maxLength: 4096, description: "What it is for, and what happens after a power cut." }),
    ),
    enabled: Type.Optional(
      Type.Boolean({ default: true, description: "Whether it may fire, until somebody switches it." }),
    ),
    group: Type.Optional(
      Type.String({ pattern: ID_PATTERN, description: "Rules of a group are switched on and off together." }),
    ),
    labels: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 16 })),
    mode: Type.Optional(RunMode),
    max: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 10,
        description: "Bound of `queued` and `parallel`.",
      }),
    ),
    on_missed: Type.Optional(
      Type.Union([Type.Enum(["skip", "once"]), Type.Object({ catch_up: Duration }, Closed)], {
        description:
          "What becomes of a moment that was missed, with the power off or without the time: nothing, one firing, or one if it is not longer ago than `catch_up`.",
      }),
    ),
    when_untrusted: Type.Optional(
      Type.Enum(["hold", "run", "skip"], {
        default: "hold",
        description:
          "What schedules do while the wall clock cannot be believed: wait until it can, take it as it is, or let pass what falls into that time.",
      }),
    ),
    on_edit: Type.Optional(
      Type.Enum(["finish", "cancel"], {
        default: "finish",
        description: "What runs in flight do when the rule is changed: finish as they began, or end.",
      }),
    ),
    rate_limit: Type.Optional(
      Type.Object(
        { runs: Type.Integer({ minimum: 1, maximum: 100_000 }), per: Duration },
        { ...Closed, description: "More runs than this are dropped, and traced." },
      ),
    ),
    variables: Type.Optional(Variables),
    triggers: Type.Array(Type.Unsafe<RuleTrigger>(Type.Ref("trigger")), {
      minItems: 1,
      maxItems: 64,
      description: "What makes it look whether it is to run: any of them.",
    }),
    conditions: Type.Optional(
      Type.Array(ConditionRef, { maxItems: 64, description: "What must hold then: all of them." }),
    ),
    actions: Type.Array(Type.Unsafe<RuleAction>(Type.Ref("action")), {
      minItems: 1,
      maxItems: 256,
      description: "What it does, one after the other.",
    }),
  },
  Closed,
);
export type Rule = Static<typeof RuleDefinition>;

/** The parts of rules that hold each other: `$defs` of the schemas. */
const DEFINITIONS = {
  trigger: RuleTrigger,
  condition: ConditionDefinition,
  action: ActionDefinition,
  rule: RuleDefinition,
} as const;

/** The schema of one rule; parts that hold parts are its `$defs`. */
export const Rule = Type.Unsafe<Rule>(Type.Cyclic(DEFINITIONS, "rule"));

export const RuleFile = Type.Unsafe<Rule[]>(
  Type.Cyclic({ ...DEFINITIONS, file: Type.Array(Type.Ref("rule"), { maxItems: 10_000 }) }, "file"),
);
