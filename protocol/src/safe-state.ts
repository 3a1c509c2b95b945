import { type Static, Type } from "typebox";

const DAY_MS = 86_400_000;

/**
 * What a property falls back to, whatever rules, clouds and clients of the broker want: a pump stops, a heater goes off.
 * The gateway enforces it beneath all of them.
 */
export const SafeState = Type.Object(
  {
    /** The value that harms nobody. */
    value: Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 128 })]),
    /** The longest time away from the safe value, in milliseconds; then the gateway sets it. */
    maxOnMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 30 * DAY_MS })),
    /**
     * How long machines may not leave the safe value again after that, in milliseconds; a person may at any time.
     * Default: as long as `maxOnMs`.
     */
    restMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 * DAY_MS })),
    /** What happens when the gateway starts: `safe` sets the safe value, `keep` (default) leaves what there is. */
    onStart: Type.Optional(Type.Enum(["keep", "safe"])),
    /**
     * How long the property may stay away from the safe value after whoever asked for it is gone, in milliseconds: the
     * client left the broker, the cloud is out of reach, the rule was removed, the sensor that fired it is lost.
     * Without it nothing happens then.
     */
    onSourceLostMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 * DAY_MS })),
  },
  { additionalProperties: false },
);
export type SafeState = Static<typeof SafeState>;

/** After a person has decided, machines keep their hands off for a while. */
export const ManualHold = Type.Object(
  {
    /** How long commands of rules, clouds and clients of the broker are refused, in milliseconds. */
    holdMs: Type.Integer({ minimum: 1_000, maximum: 7 * DAY_MS }),
    /** Somebody who works the device by hand counts too: the device reports a value that nobody asked for. */
    atDevice: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type ManualHold = Static<typeof ManualHold>;
