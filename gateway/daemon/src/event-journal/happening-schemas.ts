import { type Cause, Thing, ThingSettings } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { type TSchema, Type } from "typebox";
import type { ReadingKind } from "./block-layout.ts";
import type { Happenings, RecordedKind } from "./journal-event.ts";

/** Whatever is not written as a reading is JSON in its block. */
export type JsonKind = Exclude<RecordedKind, ReadingKind>;

const Text = Type.String();
const Availability = Type.Enum(["unknown", "init", "ready", "disconnected", "sleeping", "lost"]);
const Source = Type.String({ pattern: "^(?:module|mqtt|foreign):" });

const RecordSchema = Type.Object({
  thing: Thing,
  source: Source,
  availability: Availability,
  problem: Type.Optional(Text),
  settings: Type.Optional(ThingSettings),
  links: Type.Optional(Type.Array(Type.Object({ id: Text, source: Source, availability: Availability }))),
});

const CauseSchema = Type.Object({ commandId: Text, depth: Type.Number() });

const SCHEMAS: Readonly<Record<JsonKind, TSchema>> = {
  start: Type.Object({ version: Text }),
  clock: Type.Object({ stepMs: Type.Number(), trust: Type.Enum(["untrusted", "holdover", "synced"]) }),
  thing: RecordSchema,
  "known-thing": RecordSchema,
  retired: Type.Object({ id: Text, source: Source }),
  availability: Type.Object({ id: Text, availability: Availability, previous: Availability }),
  event: Type.Object({
    thing: Text,
    event: Text,
    data: Type.Unknown(),
    time: Type.Number(),
    receivedAt: Type.Number(),
    origin: Text,
  }),
  command: Type.Object({
    id: Text,
    thing: Text,
    target: Type.Union([Type.Object({ property: Text }), Type.Object({ action: Text })]),
    value: Type.Unknown(),
    origin: Text,
    cause: Type.Optional(CauseSchema),
    timeoutMs: Type.Optional(Type.Number()),
    ttlMs: Type.Optional(Type.Number()),
    key: Type.Optional(Text),
    why: Type.Optional(Text),
    because: Type.Optional(Type.Object({ thing: Text, property: Text })),
    effect: Type.Optional(
      Type.Object({
        id: Text,
        awaited: Type.Optional(Type.Literal(true)),
        chain: Type.Array(Text),
        retry: Type.Optional(Type.Literal(true)),
      }),
    ),
    depth: Type.Number(),
    state: Type.Enum(["accepted", "sent", "confirmed", "refused", "failed", "expired"]),
    submittedAt: Type.Number(),
    waiting: Type.Optional(Type.Literal(true)),
    sentAt: Type.Optional(Type.Number()),
    endedAt: Type.Optional(Type.Number()),
    code: Type.Optional(Text),
    reason: Type.Optional(Text),
  }),
  notification: Type.Object({
    time: Type.Number(),
    rule: Type.Optional(Text),
    level: Type.Enum(["info", "warning", "alarm"]),
    text: Text,
  }),
};

const validators = new Map<TSchema, ReturnType<typeof Compile>>();

/** Compiled when it is needed first: a house whose journal nobody reads does without. */
function matches(schema: TSchema, value: unknown): boolean {
  const validator = validators.get(schema) ?? Compile(schema);
  validators.set(schema, validator);
  return validator.Check(value);
}

/** Reads what a block says of an event. @returns undefined when it is not what such an event is. */
export function readHappening<Kind extends JsonKind>(kind: Kind, text: string): Happenings[Kind] | undefined {
  return readChecked<Happenings[Kind]>(SCHEMAS[kind], text);
}

export function readCause(text: string): Cause | undefined {
  return readChecked<Cause>(CauseSchema, text);
}

/** @param schema says what `Known` is, but for the brands of ids. */
function readChecked<Known>(schema: TSchema, text: string): Known | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return matches(schema, value) ? (value as Known) : undefined;
}
