import type { Store, Unit } from "@tram/core";
import { type Command, type CommandId, isJsonObject, type Json } from "@tram/protocol";

const TABLE = "cloud-requests";

/**
 * What the answers to commands of clouds need, from the moment in which a command is accepted until its end is queued:
 * kept in the unit of the one and let go in the unit of the other, so that no crash leaves an answer without its place.
 */
export class RequestContexts {
  readonly #contexts = new Map<CommandId, Json>();

  async restore(store: Store): Promise<void> {
    for (const [id, stored] of await store.entries(TABLE)) {
      if (isJsonObject(stored)) this.#contexts.set(id as CommandId, (stored.context ?? null) as Json);
    }
  }

  get size(): number {
    return this.#contexts.size;
  }

  /** Of the first request, where one is made twice. */
  keep({ id }: Command, context: Json | undefined, unit: Unit): void {
    if (context === undefined || this.#contexts.has(id)) return;
    this.#contexts.set(id, context);
    unit.put(TABLE, id, { context });
  }

  /** @returns what a command that has ended was asked with; null where that was nothing. */
  take({ id }: Command, unit: Unit): Json {
    const context = this.#contexts.get(id);
    if (context === undefined) return null;
    this.#contexts.delete(id);
    unit.delete(TABLE, id);
    return context;
  }
}
