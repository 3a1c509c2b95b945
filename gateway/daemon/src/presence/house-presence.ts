import type { Presence } from "@tram/core";
import type { Origin } from "@tram/protocol";

/** Whether a cloud, or a rule, is there. */
export interface Rooms {
  /** @returns undefined where there is no such cloud. */
  cloud(id: string): boolean | undefined;
  rule(id: string): boolean;
}

/**
 * Who of those that give commands is there: clients of the broker while they are connected, clouds while their link is
 * up, rules while they are active. People and the gateway itself are always there.
 */
export class HousePresence implements Presence {
  readonly #clients = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #seesClients = true;
  #rooms: Rooms = { cloud: () => undefined, rule: () => true };

  /** Called once the rules and the bridges are there. */
  connect(rooms: Rooms, options: { readonly seesClients: boolean }): void {
    this.#rooms = rooms;
    this.#seesClients = options.seesClients;
  }

  isPresent(origin: Origin): boolean {
    const [kind, ...rest] = origin.split(":");
    const name = rest.join(":");
    if (kind === "mqtt") return !this.#seesClients || (this.#clients.get(name) ?? 0) > 0;
    if (kind === "rule") return this.#rooms.rule(name);
    if (kind === "cloud") return this.#rooms.cloud(name) ?? true;
    return true;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** A client of this account has come; an account may have several. */
  connected(account: string): void {
    const count = this.#clients.get(account) ?? 0;
    this.#clients.set(account, count + 1);
    if (count === 0) this.changed();
  }

  disconnected(account: string): void {
    const count = (this.#clients.get(account) ?? 0) - 1;
    if (count > 0) this.#clients.set(account, count);
    else if (this.#clients.delete(account)) this.changed();
  }

  /** Somebody else came or went: a cloud, a rule. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
