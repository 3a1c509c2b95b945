import type { Json } from "@tram/protocol";

export type LogFields = Readonly<Record<string, Json | undefined>>;

/** Where a room tells what happened: the object first, a constant text second, edges only, never a secret. */
export interface Log {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
}
