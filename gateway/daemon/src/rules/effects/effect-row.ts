import { elapsedMs, type Instant, type Ms, type RuleId } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";

/** Table of the intents whose outcome is not known. */
export const EFFECTS = "rule-effects";

const Text = Type.String();
const Closed = { additionalProperties: false } as const;
const head = {
  id: Text,
  rule: Type.Unsafe<RuleId>(Text),
  awaited: Type.Boolean(),
  chain: Type.Array(Type.Unsafe<RuleId>(Text)),
  retry: Type.Boolean(),
};

const Outgoing = Type.Union([
  Type.Object(
    {
      ...head,
      kind: Type.Literal("publish"),
      topic: Text,
      payload: Text,
      qos: Type.Enum([0, 1, 2]),
      retain: Type.Boolean(),
    },
    Closed,
  ),
  Type.Object(
    {
      ...head,
      kind: Type.Literal("http"),
      url: Text,
      method: Text,
      headers: Type.Record(Text, Text),
      body: Type.Optional(Text),
      timeoutMs: Type.Number({ minimum: 0 }),
    },
    Closed,
  ),
  Type.Object(
    {
      ...head,
      kind: Type.Literal("webhook"),
      /** Of `rules.webhooks`. */
      to: Text,
      level: Type.Enum(["info", "warning", "alarm"]),
      text: Text,
    },
    Closed,
  ),
]);

/** What leaves the gateway and is no command: those the command service keeps. */
export type Outgoing = Static<typeof Outgoing>;

export const EffectRow = Type.Object(
  {
    effect: Outgoing,
    /** When the rule decided it. */
    since: Type.Object({
      wall: Type.Number(),
      monotonic: Type.Number(),
      bootId: Text,
      trust: Type.Enum(["untrusted", "holdover", "synced"]),
    }),
  },
  Closed,
);
export interface EffectRow {
  readonly effect: Outgoing;
  readonly since: Instant;
}

/** A row as the store kept it. @returns undefined for one that cannot be read. */
export function readEffectRow(stored: unknown): EffectRow | undefined {
  validator ??= Compile(EffectRow);
  return validator.Check(stored) ? (stored as EffectRow) : undefined;
}
/** Compiled when it is needed first: most starts find no row. */
let validator: ReturnType<typeof Compile<typeof EffectRow>> | undefined;

/** How long after it was decided something is still done: an alarm for a day, everything else for an hour. */
export function isTooLate({ effect, since }: EffectRow, now: Instant): boolean {
  const hours = effect.kind === "webhook" && effect.level === "alarm" ? 24 : 1;
  return elapsedMs(since, now) > ((hours * 3_600_000) satisfies Ms);
}
