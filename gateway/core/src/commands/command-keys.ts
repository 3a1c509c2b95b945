import { type Command, type CommandRequest, isJsonObject, type Json, jsonEqual } from "@tram/protocol";
import type { Store } from "../ports/store.ts";
import type { Unit } from "../unit.ts";

const TABLE = "command-keys";
/** So many requests of one origin are known again; its oldest are forgotten first. */
export const KEYS_KEPT = 256;
/** The same of all. */
const ALL_KEPT = 4_096;

/**
 * Knows a request again that is made twice: a client that did not hear the answer asks once more with the same key, and
 * a pump must not run twice for that. Survives restarts, in the same commit as the command itself.
 */
export class CommandKeys {
  /** By origin and key, in the order of the first use. */
  readonly #commands = new Map<string, Command>();
  readonly #counts = new Map<string, number>();

  async restore(store: Store): Promise<void> {
    const rows = [...(await store.entries(TABLE))].flatMap(([key, stored]) =>
      isCommand(stored) ? [[key, stored] as const] : [],
    );
    rows.sort(([, one], [, other]) => one.submittedAt - other.submittedAt);
    for (const [key, command] of rows) this.#remember(key, command);
  }

  find(request: CommandRequest): Command | undefined {
    return request.key === undefined ? undefined : this.#commands.get(keyOf(request, request.key));
  }

  /** Keeps what has become of a command that has a key. */
  keep(command: Command, unit: Unit): void {
    if (command.key === undefined) return;
    const key = keyOf(command, command.key);
    this.#remember(key, command);
    unit.put(TABLE, key, command as unknown as Json);
    // One that asks all the time must not make the gateway forget what another has asked.
    if ((this.#counts.get(command.origin) ?? 0) > KEYS_KEPT) {
      this.#forgetOldest(unit, (known) => known.origin === command.origin);
    } else if (this.#commands.size > ALL_KEPT) this.#forgetOldest(unit, () => true);
  }

  #remember(key: string, command: Command): void {
    if (!this.#commands.has(key)) this.#count(command.origin, 1);
    this.#commands.set(key, command);
  }

  #forgetOldest(unit: Unit, may: (command: Command) => boolean): void {
    for (const [key, command] of this.#commands) {
      if (!may(command)) continue;
      this.#commands.delete(key);
      this.#count(command.origin, -1);
      unit.delete(TABLE, key);
      return;
    }
  }

  #count(origin: string, change: 1 | -1): void {
    const count = (this.#counts.get(origin) ?? 0) + change;
    if (count > 0) this.#counts.set(origin, count);
    else this.#counts.delete(origin);
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
  const { id, key, origin, state, submittedAt } = stored;
  return (
    typeof id === "string" &&
    typeof key === "string" &&
    typeof origin === "string" &&
    typeof state === "string" &&
    typeof submittedAt === "number"
  );
}
