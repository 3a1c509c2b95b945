import type { Broker, MqttClient } from "@tram/core";
import { PAIR } from "./pair-topics.ts";

/** So many client ids are remembered, those of connected clients aside. */
const REMEMBERED = 10_000;

interface Owner {
  readonly username: string;
  connections: number;
}

/**
 * Whose a client id is. MQTT lets whoever comes with the id of a session take it over, with what waits in it: among
 * clients of one account that is a reconnection, among others it would be a theft.
 */
export class SessionOwners {
  readonly #broker: () => Pick<Broker, "sessions" | "disconnect">;
  #owners: Map<string, Owner> | undefined;

  constructor(broker: () => Pick<Broker, "sessions" | "disconnect">) {
    this.#broker = broker;
  }

  /**
   * Whether an account may use a client id. Not while another account has a session under it, be it connected or away.
   * Who pairs has nothing to lose: a device comes back with the same id as soon as it has its credential.
   */
  admits(clientId: string, account: string): boolean {
    const owner = this.#known().get(clientId);
    if (clientId === "" || owner === undefined || owner.username === account) return true;
    const held = this.#broker()
      .sessions()
      .some(({ id, username }) => id === clientId && username !== account && username !== PAIR);
    if (held) return false;
    // What is left of it, if anything, is not for the next one.
    this.#broker().disconnect({ clientId }, { reason: "not-authorized", forget: true });
    return true;
  }

  connected({ id, username }: MqttClient): void {
    const owners = this.#known();
    const owner = owners.get(id);
    owners.delete(id);
    owners.set(id, { username, connections: owner?.username === username ? owner.connections + 1 : 1 });
    if (owners.size <= REMEMBERED) return;
    for (const [oldest, { connections }] of owners) {
      if (connections > 0) continue;
      owners.delete(oldest);
      return;
    }
  }

  disconnected({ id, username }: MqttClient): void {
    const owner = this.#known().get(id);
    if (owner?.username === username && owner.connections > 0) owner.connections--;
  }

  /** Begins with the sessions that the engine has kept over a restart. */
  #known(): Map<string, Owner> {
    this.#owners ??= new Map(
      this.#broker()
        .sessions()
        .map(({ id, username, connection }) => [
          id,
          { username, connections: connection === undefined ? 0 : 1 },
        ]),
    );
    return this.#owners;
  }
}
