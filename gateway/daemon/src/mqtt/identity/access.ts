import type { MqttClient } from "@tram/core";
import type { FixedAccounts } from "./fixed-accounts.ts";
import { type Neighbours, ownsHomieDevice } from "./homie-owner.ts";
import { isPairing, PAIR, PAIR_REPLY, PAIR_REQUEST } from "./pair-topics.ts";
import { type Identity, type Rights, rightsOf } from "./role-rights.ts";
import { parseSubscription, parseTopic } from "./topic-filter.ts";
import { covers } from "./topic-right.ts";

/** Somebody's rights, worked out when they are first needed. */
interface Known {
  readonly identity: Identity;
  readonly rights: Rights;
}

export interface AccessParts {
  readonly fixed: Pick<FixedAccounts, "get">;
  readonly credentials: { get(id: string): Identity | undefined };
  readonly registry: Neighbours["registry"];
  /** Id of the gateway, which is a Homie device too. */
  readonly gateway: string;
}

/** Who may read and write what. The access rights follow from the identity. */
export class Access {
  readonly #parts: AccessParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: AccessParts) {
    this.#parts = parts;
  }

  /** The account with this name: of the configuration first, or a credential that was granted. */
  identity(name: string): Identity | undefined {
    return this.#parts.fixed.get(name) ?? this.#parts.credentials.get(name);
  }

  mayPublish(client: Pick<MqttClient, "username">, topic: string): boolean {
    const levels = parseTopic(topic);
    if (levels === undefined || topic.startsWith("$")) return false;
    if (isPairing(levels)) return client.username === PAIR && topic === PAIR_REQUEST;
    const rights = this.#rightsOf(client.username);
    return rights !== undefined && covers(rights.write, levels);
  }

  maySubscribe(client: Pick<MqttClient, "username">, filter: string): boolean {
    if (client.username === PAIR) return filter === PAIR_REPLY;
    const levels = parseSubscription(filter);
    // A wider filter may include where devices pair: nothing is ever routed there.
    if (levels === undefined || isPairing(levels)) return false;
    const rights = this.#rightsOf(client.username);
    return rights !== undefined && covers(rights.read, levels);
  }

  #rightsOf(name: string): Rights | undefined {
    const identity = this.identity(name);
    const known = this.#known.get(name);
    if (identity === undefined) {
      this.#known.delete(name);
      return undefined;
    }
    if (known?.identity === identity) return known.rights;
    const { registry, gateway } = this.#parts;
    const isAccount = (id: string): boolean => id === gateway || this.identity(id) !== undefined;
    const neighbours: Neighbours = { registry, isAccount };
    const rights = rightsOf(identity, (device) => ownsHomieDevice(name, device, neighbours));
    this.#known.set(name, { identity, rights });
    return rights;
  }
}
