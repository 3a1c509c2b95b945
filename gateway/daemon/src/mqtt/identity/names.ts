import type { Registry } from "@tram/core";
import { parseThingId, type TopicRights } from "@tram/protocol";
import { foreignSource } from "../../foreign/foreign-devices.ts";
import type { Credentials } from "./credentials.ts";
import { overlap } from "./device-kinds.ts";
import type { FixedAccounts } from "./fixed-accounts.ts";
import { ANONYMOUS, PAIR } from "./pair-topics.ts";

export type NameProblem = {
  readonly code: "bad-id" | "reserved" | "taken" | "topics-taken";
  readonly problem: string;
};

export interface NamesParts {
  readonly fixed: FixedAccounts;
  readonly credentials: Credentials;
  readonly registry: Pick<Registry, "get" | "speaker">;
  /** Id of the gateway: the root device of its Things. */
  readonly gateway: string;
}

/** Which names are free for a new credential: a name is also an id of a Thing and a part of topics. */
export class Names {
  readonly #parts: NamesParts;

  constructor(parts: NamesParts) {
    this.#parts = parts;
  }

  /** @param replace the id may be that of an earlier credential, or of a Thing that came over MQTT. */
  problem(id: string, options: { readonly replace: boolean }): NameProblem | undefined {
    const { fixed, credentials, registry, gateway } = this.#parts;
    if (id === PAIR || id === ANONYMOUS || id === gateway) {
      return { code: "reserved", problem: `the name ${id} is reserved` };
    }
    const thing = parseThingId(id);
    if (thing === undefined) {
      const found = JSON.stringify(id.slice(0, 80));
      return {
        code: "bad-id",
        problem: `id: expected 1 to 64 of a-z, 0-9 and -, not at the edges, found ${found}`,
      };
    }
    if (fixed.get(id) !== undefined) {
      return { code: "taken", problem: `${id} is an account of the configuration (mqtt.clients)` };
    }
    const source = registry.speaker(thing) ?? registry.get(thing)?.source;
    // What the account of this name describes in a dialect does not keep it from being let in again.
    const isOwn = source === foreignSource(id);
    if (source !== undefined && !source.startsWith("mqtt:") && !isOwn) {
      return { code: "taken", problem: `${id} is a Thing of ${source.replace(":", " ")}` };
    }
    if (options.replace) return undefined;
    if (credentials.get(id) !== undefined) {
      return { code: "taken", problem: `${id} has a credential; revoke it, or allow to replace ${id}` };
    }
    if (source !== undefined) {
      return { code: "taken", problem: `there is a Thing ${id} (${source}) already; allow to replace ${id}` };
    }
    return undefined;
  }

  /** Whether topics that were asked for are another device's. */
  topicsProblem(id: string, topics: TopicRights): NameProblem | undefined {
    const { fixed, credentials } = this.#parts;
    for (const other of [...fixed.all(), ...credentials.all()]) {
      if (other.id === id || other.role !== "device" || other.topics === undefined) continue;
      if (!overlap(topics, other.topics)) continue;
      return { code: "topics-taken", problem: `topics: some of them are those of ${other.id}` };
    }
    return undefined;
  }
}
