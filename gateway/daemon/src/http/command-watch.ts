import type { Bus, Clock, Commands } from "@tram/core";
import type { Command, CommandId, Ms } from "@tram/protocol";

/** The longest that a request may wait for the end of a command. In milliseconds. */
export const MAX_WAIT_MS: Ms = 60_000;

/** Tells the end of commands to those who wait for it. */
export class CommandWatch implements Disposable {
  readonly #clock: Clock;
  readonly #commands: Commands;
  readonly #waiting = new Map<CommandId, Set<(command: Command | undefined) => void>>();
  readonly #subscription: Disposable;

  constructor(parts: { clock: Clock; commands: Commands; bus: Bus }) {
    this.#clock = parts.clock;
    this.#commands = parts.commands;
    this.#subscription = parts.bus.on("command", (command, unit) => {
      if (!isEnded(command)) return;
      unit.after(() => {
        for (const tell of this.#waiting.get(command.id) ?? []) tell(command);
      });
    });
  }

  /** Resolves when the command has ended, or with `undefined` after `waitMs`. */
  ended(id: CommandId, waitMs: Ms): Promise<Command | undefined> {
    const now = this.#commands.get(id);
    if (now !== undefined && isEnded(now)) return Promise.resolve(now);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting);
      const finish = (command: Command | undefined): void => {
        deadline[Symbol.dispose]();
        waiting.delete(finish);
        if (waiting.size === 0) this.#waiting.delete(id);
        resolve(command);
      };
      const deadline = this.#clock.after(waitMs, () => finish(undefined));
      waiting.add(finish);
    });
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const waiting of [...this.#waiting.values()]) for (const finish of [...waiting]) finish(undefined);
  }
}

/** `endedAt` is set on every final state, `sent` included where the property does not report. */
function isEnded(command: Command): boolean {
  return command.endedAt !== undefined;
}
