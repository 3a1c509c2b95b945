import { type Static, Type } from "typebox";

/** The longest suffix of a Thing's id is eight characters, and an id has at most 64. */
const PREFIX_PATTERN = "^[a-z0-9](?:[a-z0-9-]{0,54}[a-z0-9])?$";

const DEFAULTS = {
  seed: 1,
  stepMs: 1_000,
  speed: 1,
  reportMs: 5_000,
  prefix: "greenhouse",
  utcOffsetHours: 7,
} as const;

export const SimConfig = Type.Object(
  {
    seed: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 4_294_967_295,
        default: DEFAULTS.seed,
        description: "The same seed at the same time gives the same greenhouse.",
      }),
    ),
    stepMs: Type.Optional(
      Type.Integer({
        minimum: 100,
        maximum: 60_000,
        default: DEFAULTS.stepMs,
        description: "How often the sensors are read, in milliseconds.",
      }),
    ),
    speed: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 3_600,
        default: DEFAULTS.speed,
        description: "Simulated seconds for each second: at 60 an hour passes in a minute.",
      }),
    ),
    reportMs: Type.Optional(
      Type.Integer({
        minimum: 100,
        maximum: 3_600_000,
        default: DEFAULTS.reportMs,
        description: "An analog value that does not change is repeated at most this often, in milliseconds.",
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: PREFIX_PATTERN,
        default: DEFAULTS.prefix,
        description: "What the ids of the Things begin with; a second greenhouse needs its own.",
      }),
    ),
    utcOffsetHours: Type.Optional(
      Type.Number({
        minimum: -12,
        maximum: 14,
        default: DEFAULTS.utcOffsetHours,
        description: "Local time of the greenhouse against UTC, in hours; it decides when the sun rises.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type SimConfig = Static<typeof SimConfig>;

/** Fills in what the configuration leaves out. */
export function withDefaults(config: SimConfig): Required<SimConfig> {
  return { ...DEFAULTS, ...config };
}
