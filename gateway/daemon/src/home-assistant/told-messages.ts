import type { DiscoveryMessage } from "./discovery-config.ts";

/** What one account may leave here. */
export const TOLD_LIMITS = {
  /** Discovery messages. */
  topics: 4_096,
  /** All that is kept of them. In characters; a device of Zigbee2MQTT takes 2 to 10 thousand. */
  characters: 4_194_304,
  /** Entities of one device, however many messages tell of it. */
  entities: 512,
} as const;
/** What an entity takes beside its text. */
const ENTITY_CHARACTERS = 256;

/** A device of an account. */
export interface Described {
  readonly owner: string;
  readonly identity: string;
}

export interface Told extends Described {
  readonly topic: string;
  readonly message: DiscoveryMessage;
  /** Of the payload: equal ones tell nothing new. */
  readonly digest: string;
}

/** The discovery messages that count, by topic. What an account may leave in memory is bounded. */
export class ToldMessages {
  readonly #told = new Map<string, Told & { readonly size: number }>();

  get(topic: string): Told | undefined {
    return this.#told.get(topic);
  }

  /**
   * @param topics how many messages of the account are known elsewhere.
   * @returns a sentence when there is no room, and nothing has changed.
   */
  put(told: Told, topics = 0): string | undefined {
    const { identity, message, owner, topic } = told;
    const own = message.entities.length;
    const size = JSON.stringify(told).length + ENTITY_CHARACTERS * (1 + own);
    const sum = { topics: topics + 1, characters: size, entities: own };
    for (const other of this.#told.values()) {
      if (other.owner !== owner || other.topic === topic) continue;
      sum.topics++;
      sum.characters += other.size;
      if (other.identity === identity) sum.entities += other.message.entities.length;
    }
    for (const what of ["topics", "characters", "entities"] as const) {
      if (sum[what] > TOLD_LIMITS[what]) return `more than ${TOLD_LIMITS[what]} ${what}`;
    }
    this.#told.set(topic, { ...told, size });
    return undefined;
  }

  delete(topic: string): void {
    this.#told.delete(topic);
  }

  /** All that is told of a device. */
  of(device: Described): readonly Told[] {
    return [...this.#told.values()].filter(
      ({ identity, owner }) => identity === device.identity && owner === device.owner,
    );
  }

  /** All that an account told. */
  by(owner: string): readonly Told[] {
    return [...this.#told.values()].filter((told) => told.owner === owner);
  }
}

export function deviceKey({ identity, owner }: Described): string {
  return `${owner}\n${identity}`;
}
