import { type Static, Type } from "typebox";

const Closed = { additionalProperties: false } as const;

/**
 * A part of the wall clock's line that a trigger has lived through: each of its moments after `from` and until `to` has
 * had its turn, and does not get another when the clock is set back.
 */
const Stretch = Type.Object(
  {
    from: Type.Number(),
    to: Type.Number(),
    /** The clock could not be believed: nothing before it counts as missed on its account. */
    guessed: Type.Optional(Type.Boolean()),
  },
  Closed,
);
export type Stretch = Static<typeof Stretch>;

export const TimeState = Type.Object(
  {
    /** The schedule's key: another one begins anew. */
    at: Type.String(),
    /** The next moment, on the wall clock. */
    planned: Type.Optional(Type.Number()),
    /** The planned moment was made out under a clock that could not be believed. */
    guessed: Type.Optional(Type.Boolean()),
    /** The clock cannot be believed: nothing fires until it can. */
    held: Type.Optional(Type.Boolean()),
    /** Earliest first, at most six. */
    lived: Type.Optional(Type.Array(Stretch)),
    /** Of versions before: read and forgotten. */
    fired: Type.Optional(Type.Array(Type.String())),
  },
  Closed,
);
export type TimeState = Static<typeof TimeState>;
