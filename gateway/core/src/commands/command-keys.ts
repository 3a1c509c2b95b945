import { type Command, type CommandRequest, isJsonObject, type Json, jsonEqual } from "@tram/protocol";
import type { Store } from "../ports/store.ts";
import type { Unit } from "../unit.ts";

const TABLE = "command-keys";
/** So many requests are known again; the oldest are forgotten first. */
export const KEYS_KEPT = 256;

/**
 * Knows a request again that is made twice: a client that did not hear the answer asks once more with the same key, and
 * a pump must not run twice for that. Survives restarts, in the same commit as the command itself.
 */
export class CommandKeys {
  /** By origin and key, in the order of the first use. */
  readonly #commands = new Map<string, Command>();

  async restore(store: Store): Promise<void> {
    const rows = [...(await store.entries(TABLE))].flatMap(([key, stored]) =>
      isCommand(stored) ? [[key, stored] as const] : [],
    );
    rows.sort(([, one], [, other]) => one.submittedAt - other.submittedAt);
    for (const [key, command] of rows) this.#commands.set(key, command);
  }

  find(request: CommandRequest): Command | undefined {
    return request.key === undefined ? undefined : this.#commands.get(keyOf(request, request.key));
  }

  /** Keeps what has become of a command that has a key. */
  keep(command: Command, unit: Unit): void {
    if (command.key === undefined) return;
    const key = keyOf(command, command.key);
    this.#commands.set(key, command);
    unit.put(TABLE, key, command as unknown as Json);
    if (this.#commands.size <= KEYS_KEPT) return;
    const [oldest] = this.#commands.keys();
    if (oldest === undefined) return;
    this.#commands.delete(oldest);
    unit.delete(TABLE, oldest);
  }
}

/** Whether two requests ask for the same. */
export function isSameRequest(one: CommandRequest, other: CommandRequest): boolean {
  return (
    one.thing === other.thing &&
    jsonEqual(one.target as unknown as Json, other.target as unknown as Json) &&
    jsonEqual(one.value, other.value)
  );
}

/** Keys are of one origin: nobody guesses those of another. */
function keyOf({ origin }: CommandRequest, key: string): string {
  return `${origin} ${key}`;
}

function isCommand(stored: unknown): stored is Command {
  if (!isJsonObject(stored)) return false;
  const { id, key, state, submittedAt } = stored;
  return (
    typeof id === "string" &&
    typeof key === "string" &&
    typeof state === "string" &&
    typeof submittedAt === "number"
  );
}
