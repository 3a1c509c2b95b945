import {
  type Cause,
  type Command,
  type CommandRequest,
  type Instant,
  isJsonObject,
  type Json,
  type Ms,
} from "@tram/protocol";

/** How long a command waits for a sleeping device, unless it says otherwise: one that wakes each half an hour misses none. */
export const SLEEPER_TTL_MS: Ms = 60 * 60_000;

/** A command whose end is not known yet. */
export interface Pending {
  command: Command;
  /** What the command is kept with, for the decision after a restart. */
  readonly since: Instant;
  readonly confirmMs: Ms;
  readonly reports: boolean;
  readonly resumed: boolean;
  sending: boolean;
  /** The latest other value seen since sending. */
  other?: Json;
  deadline?: Disposable;
}

/** As it is kept in the store. */
export interface StoredCommand {
  readonly command: Command;
  readonly since: Instant;
}

export function isStoredCommand(stored: unknown): stored is StoredCommand {
  if (!isJsonObject(stored) || !isJsonObject(stored.command) || !isJsonObject(stored.since)) return false;
  const { id, thing, target } = stored.command;
  return typeof id === "string" && typeof thing === "string" && isJsonObject(target);
}

/** How long a command may wait for its device, from submission. In milliseconds. */
export function ttlOf({ ttlMs }: CommandRequest): Ms {
  return ttlMs ?? SLEEPER_TTL_MS;
}

export function withoutWaiting(command: Command): Command {
  const { waiting: _waiting, ...rest } = command;
  return rest;
}

export function causeOf(command: Command): Cause {
  return { commandId: command.id, depth: command.depth };
}

/** `thing/node/name` of a write; `undefined` for an action. */
export function propertyOf(command: CommandRequest): string | undefined {
  return "property" in command.target ? `${command.thing}/${command.target.property}` : undefined;
}
