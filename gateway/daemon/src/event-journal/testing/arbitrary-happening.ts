import type { ThingRecord } from "@tram/core";
import type { ClockTrust, Command, Json, Reading, Thing } from "@tram/protocol";
import fc from "fast-check";
import type { Happenings, RecordedKind } from "../journal-event.ts";

/** Something to write down, with the clocks of its moment. */
export type Recorded = {
  [Kind in RecordedKind]: {
    readonly kind: Kind;
    readonly what: Happenings[Kind];
    /** Since the event before, on the monotonic clock. */
    readonly elapsedMs: number;
    /** Events before it that are left out. */
    readonly skipped: number;
  };
}[RecordedKind];

const id = fc.constantFrom("lamp", "sensor-1", "sensor-2", "pump");
const property = fc.constantFrom("climate/temperature", "relay/on", "text/line");
const origin = fc.constantFrom("device", "module:sim", "mqtt:kitchen", "rule:heat", "api:minh");
const text = fc.string({ unit: "binary", maxLength: 20 });
const moment = fc.oneof(
  fc.integer({ min: 1_767_000_000_000, max: 1_767_100_000_000 }),
  fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }).map((time) => time + 0),
  fc.constantFrom(0, -1, 8.64e15, -8.64e15, 0.5),
);
const decimal = fc.tuple(fc.integer(), fc.nat({ max: 6 })).map(([whole, places]) => whole / 10 ** places);
/** -0 is JSON's 0. */
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
export const value: fc.Arbitrary<Json> = fc.oneof(
  decimal,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 50, -(2 ** 49), 1e-9),
  fc.boolean(),
  fc.constant(null),
  text,
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    maxLength: 5,
  }),
  json,
);
const cause = fc.record({ commandId: text, depth: fc.nat() });

export const reading = fc.record(
  {
    thing: id,
    property,
    value,
    quality: fc.constantFrom("good", "stale", "bad"),
    time: moment,
    receivedAt: moment,
    origin,
    cause,
    problem: text,
    taken: fc.record({
      bootId: fc.constantFrom("boot-1", "other"),
      monotonic: fc.double({ min: 0, noNaN: true }),
    }),
  },
  { requiredKeys: ["thing", "property", "value", "quality", "time", "receivedAt", "origin"] },
) as unknown as fc.Arbitrary<Reading>;

const thing = fc.record({ id, title: text }).map(
  ({ id, title }): Thing => ({
    id,
    title,
    properties: { "relay/on": { type: "boolean" } },
    actions: {},
    events: {},
  }),
);
const availability = fc.constantFrom("unknown", "init", "ready", "disconnected", "sleeping", "lost");
const source = fc.constantFrom("module:sim", "mqtt:kitchen", "foreign:porch");
const record = fc.record(
  {
    thing,
    source,
    availability,
    problem: text,
    settings: fc.record({ notes: text }),
    links: fc.array(fc.record({ id, source, availability }), { maxLength: 2 }),
  },
  { requiredKeys: ["thing", "source", "availability"] },
) as unknown as fc.Arbitrary<ThingRecord>;
const command = fc.record(
  {
    id: text,
    thing: id,
    target: fc.oneof(fc.record({ property }), fc.record({ action: text })),
    value: json,
    origin,
    cause,
    timeoutMs: fc.nat(),
    ttlMs: fc.nat(),
    key: text,
    why: text,
    because: fc.record({ thing: id, property }),
    waiting: fc.constant(true),
    depth: fc.nat(),
    state: fc.constantFrom("accepted", "sent", "confirmed", "refused", "failed", "expired"),
    submittedAt: fc.nat(),
    sentAt: fc.nat(),
    endedAt: fc.nat(),
    code: fc.constantFrom("timeout", "loop"),
    reason: text,
  },
  { requiredKeys: ["id", "thing", "target", "value", "origin", "depth", "state", "submittedAt"] },
) as unknown as fc.Arbitrary<Command>;

function one<Kind extends RecordedKind>(
  kind: Kind,
  what: fc.Arbitrary<Happenings[Kind]>,
): fc.Arbitrary<Recorded> {
  return fc.record({
    kind: fc.constant(kind),
    what,
    elapsedMs: fc.oneof(fc.nat({ max: 200 }), fc.nat()),
    skipped: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat() }),
  }) as unknown as fc.Arbitrary<Recorded>;
}

/** Everything that the journal may be told. */
export const recorded: fc.Arbitrary<Recorded> = fc.oneof(
  { weight: 8, arbitrary: one("reading", reading) },
  one("quality", reading),
  one("known-reading", reading),
  one("repaired", reading),
  one("thing", record),
  one("known-thing", record),
  one("retired", fc.record({ id, source }) as unknown as fc.Arbitrary<Happenings["retired"]>),
  one(
    "availability",
    fc.record({ id, availability, previous: availability }) as unknown as fc.Arbitrary<
      Happenings["availability"]
    >,
  ),
  one(
    "event",
    fc.record({
      thing: id,
      event: text,
      data: json,
      time: fc.nat(),
      receivedAt: fc.nat(),
      origin,
    }) as unknown as fc.Arbitrary<Happenings["event"]>,
  ),
  one("command", command),
  one(
    "notification",
    fc.record(
      {
        time: fc.nat(),
        rule: text,
        level: fc.constantFrom("info", "warning", "alarm"),
        text,
      },
      { requiredKeys: ["time", "level", "text"] },
    ) as unknown as fc.Arbitrary<Happenings["notification"]>,
  ),
  one(
    "clock",
    fc.record({
      stepMs: fc.integer(),
      trust: fc.constantFrom<ClockTrust[]>("untrusted", "holdover", "synced"),
    }),
  ),
  one("start", fc.record({ version: text })),
);
