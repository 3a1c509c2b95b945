import { type Static, Type } from "typebox";

/** What the API tells of the past, and of what writing it down costs. Times are ISO 8601 in UTC. */
const Time = Type.String({ format: "date-time" });
const Value = Type.Unknown({ description: "Any JSON value." });

export const HistoryPoint = Type.Object({
  time: Type.String({ format: "date-time", description: "Of the reading, or where the bucket begins." }),
  value: Type.Optional(Value),
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  mean: Type.Optional(Type.Number({ description: "Of the readings, each counting the same." })),
  last: Type.Optional(Value),
  count: Type.Optional(Type.Integer({ description: "Readings in the bucket." })),
});
export type HistoryPoint = Static<typeof HistoryPoint>;

export const HistoryGap = Type.Object({
  from: Time,
  to: Type.Optional(Time),
  reason: Type.Enum(["bad", "stale", "large", "thinned", "dropped", "off", "cut", "unknown"], {
    description:
      "`bad`, `stale`: nobody vouched for the value. `off`: the gateway was. `cut`: it ended without a word. `large`: the value was too long. `thinned`: only the tiers have it. `dropped`: there was no room. `unknown`: somewhere in a bucket.",
  }),
  lostMs: Type.Optional(
    Type.Number({
      description: "Readings of at most so long before `from` may be lost too, in milliseconds.",
    }),
  ),
});
export type HistoryGap = Static<typeof HistoryGap>;

export const HistoryView = Type.Object({
  thing: Type.String(),
  property: Type.String(),
  tier: Type.Enum(["raw", "1m", "15m", "1d"]),
  from: Time,
  to: Time,
  widthMs: Type.Number({ description: "Of a bucket, in milliseconds; 0 for readings as they came." }),
  read: Type.Integer({ description: "Readings or buckets that were looked at." }),
  thinned: Type.Boolean({ description: "There are more than were asked for: the points stand for them." }),
  points: Type.Array(HistoryPoint),
  gaps: Type.Array(HistoryGap),
  damaged: Type.Integer({ description: "Blocks of the file that could not be read." }),
});
export type HistoryView = Static<typeof HistoryView>;

const Bytes = Type.Record(Type.String(), Type.Integer(), { description: "Bytes by who wrote them." });

export const FlashView = Type.Object({
  verdict: Type.Enum(["ok", "batch-longer", "thin"]),
  budgetBytes: Type.Integer({ description: "For 24 hours." }),
  capBytes: Type.Integer({ description: "For 24 hours." }),
  lastDay: Type.Object(
    { hours: Type.Number({ description: "That are covered so far." }), total: Type.Integer(), bytes: Bytes },
    { description: "The last 24 hours: bytes that reached the files; flash translation comes on top." },
  ),
  perDay: Type.Integer({ description: "Bytes a day, from the hours that are covered." }),
  days: Type.Array(Type.Object({ day: Type.String(), total: Type.Integer(), bytes: Bytes })),
  sinceStart: Bytes,
  kernelBytes: Type.Optional(
    Type.Integer({
      description: "What this process wrote since its start as the kernel counts, where it does.",
    }),
  ),
  mediumBytes: Type.Optional(Type.Integer({ description: "Size of the file system of the data folder." })),
  enduranceCycles: Type.Integer({ description: "How often each block can be erased: assumed." }),
  lifeYears: Type.Optional(
    Type.Number({
      description:
        "At most, with wear spread over the whole file system; what flash translation and the file system write comes on top.",
    }),
  ),
  history: Type.Optional(
    Type.Object({
      kept: Type.Boolean(),
      windowMs: Type.Number({ description: "What a crash or a power cut may cost now." }),
      waiting: Type.Integer({ description: "Readings in memory." }),
      dropped: Type.Integer({ description: "Readings that there was no room for, since the start." }),
      properties: Type.Integer(),
      bytes: Type.Integer({ description: "Of its file, in use." }),
    }),
  ),
});
export type FlashView = Static<typeof FlashView>;
