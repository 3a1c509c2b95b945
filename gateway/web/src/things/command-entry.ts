import type { CommandView } from "@tram/protocol";

/**
 * The latest command of a property, from the click on.
 * - `asking`: the request is on its way to the gateway;
 * - `taken`: the gateway accepted it and the live socket has not named it yet;
 * - `followed`: the live socket tells how it fares;
 * - `refused`: the gateway did not take it, or nothing was heard of it.
 */
export type CommandEntry =
  | {
      readonly phase: "asking" | "taken";
      readonly ticket: number;
      readonly value: unknown;
      /** The command that this one follows, whose late news must not be taken for this one's. */
      readonly after?: string | undefined;
    }
  | { readonly phase: "followed"; readonly command: CommandView }
  | {
      readonly phase: "refused";
      readonly ticket: number;
      readonly value: unknown;
      readonly code: string;
      readonly reason?: string | undefined;
      readonly after?: string | undefined;
    };

/** Where commands of a property are kept. */
export function commandTarget(thing: string, property: string): string {
  return `${thing}/${property}`;
}

const RANK: Readonly<Record<CommandView["state"], number>> = {
  accepted: 0,
  sent: 1,
  confirmed: 2,
  refused: 2,
  failed: 2,
  expired: 2,
};

/** True once nothing more will be heard: a command that nobody confirms ends at `sent`. */
export function hasEnded(command: CommandView): boolean {
  return RANK[command.state] === 2 || command.endedAt !== undefined;
}

/** What the entry becomes when the live socket tells about a command of the same property. */
export function observeCommand(current: CommandEntry | undefined, command: CommandView): CommandEntry {
  const followed: CommandEntry = { phase: "followed", command };
  if (current === undefined) return followed;
  if (current.phase !== "followed") {
    // Ours is on its way: a rule's command, or the one before, is not the news we wait for.
    return command.origin.startsWith("api:") && command.id !== current.after ? followed : current;
  }
  const known = current.command;
  if (known.id === command.id) {
    return hasEnded(known) || RANK[command.state] < RANK[known.state] ? current : followed;
  }
  return command.submittedAt >= known.submittedAt ? followed : current;
}

/** What a person should see of it. */
export type CommandProgress =
  | { readonly kind: "pending"; readonly value: unknown; readonly by?: string }
  /** Its device sleeps, or is away. */
  | { readonly kind: "waiting"; readonly value: unknown }
  | { readonly kind: "sent"; readonly value: unknown; readonly at: string }
  | { readonly kind: "confirmed" }
  | {
      readonly kind: "failed";
      readonly value: unknown;
      readonly code: string;
      readonly reason?: string | undefined;
    };

export function progressOf(entry: CommandEntry): CommandProgress {
  if (entry.phase === "refused") {
    return { kind: "failed", value: entry.value, code: entry.code, reason: entry.reason };
  }
  if (entry.phase !== "followed") return { kind: "pending", value: entry.value };
  const { command } = entry;
  switch (command.state) {
    case "confirmed":
      return { kind: "confirmed" };
    case "refused":
    case "failed":
    case "expired":
      return {
        kind: "failed",
        value: command.value,
        code: command.code ?? command.state,
        reason: command.reason,
      };
    default:
      if (hasEnded(command)) {
        return { kind: "sent", value: command.value, at: command.sentAt ?? command.submittedAt };
      }
      if (command.waiting === true) return { kind: "waiting", value: command.value };
      return {
        kind: "pending",
        value: command.value,
        ...(command.origin.startsWith("api:") ? {} : { by: command.origin }),
      };
  }
}
