import { type Static, Type } from "typebox";

const Time = Type.String({ format: "date-time" });
const Bytes = (description: string) => Type.Integer({ description });

export const BridgeTraffic = Type.Object(
  {
    today: Bytes("Of this day, in the gateway's time zone."),
    month: Bytes("Of this month."),
    undated: Bytes("Used while nobody knew the date; they join the month in which the clock is set."),
    forecast: Type.Optional(
      Bytes("What the month comes to if it goes on so. Left out where less than a day of it is known."),
    ),
    budget: Type.Optional(
      Type.Object({
        limit: Bytes("What a month may cost (`monthly_mb`)."),
        used: Bytes("What of it is used: everything that did not go over a line that costs nothing."),
        level: Type.Enum(["ok", "near", "spent"], {
          description: "`near` from 80 % on; `spent`: telemetry waits for the next month, alarms go on.",
        }),
      }),
    ),
  },
  {
    description:
      "Bytes on the line to the cloud, both ways, headers and acknowledgements included; those of TCP, TLS and of connecting are estimates.",
  },
);
export type BridgeTraffic = Static<typeof BridgeTraffic>;

export const BridgeView = Type.Object({
  id: Type.String(),
  provider: Type.String(),
  state: Type.Enum(["connecting", "online", "offline", "stopped"]),
  since: Time,
  nextAttempt: Type.Optional(Time),
  holding: Type.Optional(
    Type.Enum(["metered", "budget"], {
      description: "Why telemetry waits: the line costs by the byte, or the month's bytes are used up.",
    }),
  ),
  queued: Type.Integer(),
  queuedByClass: Type.Record(Type.String(), Type.Integer()),
  oldest: Type.Optional(Time),
  ratePerS: Type.Optional(
    Type.Number({ description: "Messages a second that the cloud acknowledged, over the last minute." }),
  ),
  etaS: Type.Optional(
    Type.Integer({
      description: "Seconds until the queue is empty, as it goes now; left out where nobody knows.",
    }),
  ),
  sent: Type.Integer({ description: "Acknowledged by the cloud since the gateway started." }),
  dropped: Type.Integer({ description: "Given up before the cloud had it, ever." }),
  drops: Type.Optional(
    Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
      description: "The same by class and reason.",
    }),
  ),
  parked: Type.Integer({ description: "Never acceptable to the provider, kept aside." }),
  traffic: BridgeTraffic,
  lastError: Type.Optional(
    Type.String({ description: "In plain words; while it is online: the last one since." }),
  ),
  lastErrorCode: Type.Optional(
    Type.String({
      description:
        "Kind of the last error, where it is one of connecting: `dns`, `unreachable`, `timeout`, `portal`, `tls`, `credentials`, `refused`, `protocol`, …",
    }),
  ),
});
export type BridgeView = Static<typeof BridgeView>;

export const ParkedView = Type.Object({
  seq: Type.Integer({ description: "Names it on its bridge." }),
  reason: Type.String({ description: "Why the cloud will never take it." }),
  parkedAt: Time,
  message: Type.Optional(
    Type.Object(
      {
        id: Type.String({ description: "As the cloud would see it." }),
        class: Type.String(),
        thing: Type.String(),
        name: Type.String({ description: "`node/property`, or the action's name." }),
        time: Time,
        value: Type.Unknown({ description: "Any JSON value." }),
      },
      { description: "Left out where nobody can read it any more." },
    ),
  ),
});
export type ParkedView = Static<typeof ParkedView>;

/** One page of them. */
export const ParkedPageView = Type.Object({
  parked: Type.Array(ParkedView),
  next: Type.Optional(Type.Integer({ description: "`after` of the next page; left out on the last." })),
});
export type ParkedPageView = Static<typeof ParkedPageView>;

/** Which parked messages something is done with. */
export const ParkedChoice = Type.Object(
  {
    seqs: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        minItems: 1,
        maxItems: 1_000,
        description: "Left out: all of them.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ParkedChoice = Static<typeof ParkedChoice>;

/** How many it was. */
export const ParkedCount = Type.Object({ count: Type.Integer() });
export type ParkedCount = Static<typeof ParkedCount>;
