import { ID_PATTERN } from "@tram/protocol";
import { type Static, Type } from "typebox";
import { Closed } from "./schema-parts.ts";

const Patterns = (what: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 64,
      description: `${what}, \`*\` standing for any characters. Default: all.`,
    }),
  );

const Days = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500, description }));

const HistoryPolicyConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: "Name of this policy, unique among them." }),
    things: Patterns("Ids of Things"),
    properties: Patterns("Properties as `node/name`"),
    record: Type.Optional(
      Type.Boolean({ default: true, description: "Whether these properties have a history at all." }),
    ),
    always: Type.Optional(
      Type.Boolean({
        default: false,
        description: "Write all of their readings also when the flash has to be spared.",
      }),
    ),
    raw_days: Days(
      "Drop readings as they came after so many days; minutes and days stay. Default: when room is needed.",
    ),
    days: Days("Drop everything after so many days. Default: when room is needed."),
  },
  Closed,
);
export type HistoryPolicyConfig = Static<typeof HistoryPolicyConfig>;

export const HistoryConfig = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({ default: true, description: "Keep what properties were over time." }),
    ),
    size_mb: Type.Optional(
      Type.Integer({
        minimum: 8,
        maximum: 65_536,
        default: 64,
        description:
          "The file never grows beyond so many MB; the oldest readings go first, then the oldest minutes.",
      }),
    ),
    window_seconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 3_600,
        default: 300,
        description:
          "Readings are written once in so many seconds: a power cut or a crash costs at most so long of them. Longer windows wear the flash less.",
      }),
    ),
    policies: Type.Optional(
      Type.Array(HistoryPolicyConfig, {
        maxItems: 64,
        description: "How the history of some properties is kept; the first that fits counts.",
      }),
    ),
  },
  { ...Closed, description: "What properties were over time, in `history.db` in the data folder." },
);

export const FlashConfig = Type.Object(
  {
    budget_mb: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: 50,
        description:
          "MB that may be written in 24 hours; at a pace above that the windows of telemetry and of the history are three times as long.",
      }),
    ),
    cap_mb: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: 200,
        description:
          "MB in 24 hours above which the history keeps minutes alone. At least `budget_mb` is taken. What must not be lost is always written.",
      }),
    ),
    endurance_cycles: Type.Optional(
      Type.Integer({
        minimum: 100,
        maximum: 1_000_000,
        default: 3_000,
        description:
          "How often a block of the flash can be erased, to tell how long it lasts. Some 3,000 for MLC NAND, 1,000 for TLC, 100,000 for SLC NAND and NOR.",
      }),
    ),
  },
  { ...Closed, description: "What may be written to the flash." },
);
