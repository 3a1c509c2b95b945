import { Type } from "typebox";

/** Unknown keys are errors. */
export const Closed = { additionalProperties: false } as const;

export const Port = (fallback: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description }));

export const Host = (fallback: string, description: string) =>
  Type.Optional(Type.String({ minLength: 1, default: fallback, description }));
