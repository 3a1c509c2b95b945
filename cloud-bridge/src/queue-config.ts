import { MESSAGE_CLASSES } from "@tram/core";
import { DURATION_PATTERN, parseDuration } from "@tram/protocol";
import { type Static, Type } from "typebox";
import {
  type ClassLimits,
  DEFAULT_BACKLOG_SHARE,
  DEFAULT_LIMITS,
  type OutboxOptions,
} from "./queue/outbox-options.ts";

const Duration = (description: string) =>
  Type.String({ pattern: DURATION_PATTERN, maxLength: 40, description });

const ClassQuota = Type.Object(
  {
    rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000, description: "Most messages." })),
    mb: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: "The same in MB." })),
    ttl: Type.Optional(
      Duration("Drop what has waited for longer, and count it: `12h`, `7d`. Default: it waits for ever."),
    ),
  },
  { additionalProperties: false },
);

/** What a bridge is told of its queue. */
export const QUEUE_FIELDS = {
  queue_rows: Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 10_000_000,
      default: DEFAULT_LIMITS.rows,
      description: "Most messages that wait on disk; then the oldest telemetry is dropped, and counted.",
    }),
  ),
  queue_mb: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000, default: 256, description: "The same in MB of messages." }),
  ),
  queue_classes: Type.Optional(
    Type.Object(
      {
        alarm: Type.Optional(ClassQuota),
        reply: Type.Optional(ClassQuota),
        state: Type.Optional(ClassQuota),
        telemetry: Type.Optional(ClassQuota),
      },
      {
        additionalProperties: false,
        description:
          "How much and how long of one class. Default: state and telemetry get 90 % of the queue each, the rest is the reserve of alarms and replies.",
      },
    ),
  ),
  backlog_share: Type.Optional(
    Type.Number({
      minimum: 0.05,
      maximum: 0.95,
      default: DEFAULT_BACKLOG_SHARE,
      description:
        "After an outage: part of what is sent that may be backlog while Things without one have something to say.",
    }),
  ),
  thin: Type.Optional(
    Type.Object(
      {
        after: Duration("Telemetry that has waited for so long: `6h`."),
        slot: Duration("One message is left for each property and so much time: `15m`."),
      },
      {
        additionalProperties: false,
        description:
          "Sum up telemetry in a long outage: the least, the greatest, the mean, the last value and their count. Default: never.",
      },
    ),
  ),
};

const QueueConfig = Type.Object(QUEUE_FIELDS);
type QueueConfig = Static<typeof QueueConfig>;

/** The same for the queue. */
export function outboxSettings(
  config: QueueConfig,
): Pick<OutboxOptions, "limits" | "backlogShare" | "thinning"> {
  const { queue_rows, queue_mb, queue_classes = {}, backlog_share, thin } = config;
  const classes = MESSAGE_CLASSES.map((each) => [each, limitsOf(queue_classes[each] ?? {})] as const);
  const [afterMs, slotMs] = [parseDuration(thin?.after ?? ""), parseDuration(thin?.slot ?? "")];
  return {
    limits: {
      rows: queue_rows ?? DEFAULT_LIMITS.rows,
      bytes: queue_mb === undefined ? DEFAULT_LIMITS.bytes : queue_mb * 1_048_576,
      parked: DEFAULT_LIMITS.parked,
      classes: Object.fromEntries(classes),
    },
    ...(backlog_share === undefined ? {} : { backlogShare: backlog_share }),
    // A slot of no length, or of more than time has, would hold nothing or everything.
    ...(afterMs === undefined || slotMs === undefined || slotMs === 0
      ? {}
      : { thinning: { afterMs, slotMs } }),
  };
}

function limitsOf({ rows, mb, ttl }: Static<typeof ClassQuota>): ClassLimits {
  const ttlMs = ttl === undefined ? undefined : parseDuration(ttl);
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(mb === undefined ? {} : { bytes: mb * 1_048_576 }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}
