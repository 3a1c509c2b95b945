import type { MqttMessage, Registry } from "@tram/core";
import { parseHomieTopic, type ThingId } from "@tram/protocol";
import { isOurs } from "../homie-in.ts";

/**
 * Recognises what the gateway itself has left on the broker: its root device and the Things of its modules, of this life
 * or an earlier one. It comes back as retained messages, and must not become Things of a client.
 */
export class OwnTopics {
  readonly #registry: Pick<Registry, "get">;
  readonly #root: ThingId;
  /** Children of an earlier life, which nobody has announced in this one yet. */
  readonly #orphans = new Set<ThingId>();

  constructor(registry: Pick<Registry, "get">, root: ThingId) {
    this.#registry = registry;
    this.#root = root;
  }

  /** Commands are never ours: somebody else gives them. */
  isOwn({ topic, payload }: MqttMessage): boolean {
    const parsed = parseHomieTopic(topic);
    if (parsed === undefined || parsed.kind === "broadcast" || parsed.kind === "set") return false;
    const { device } = parsed;
    if (device === this.#root || this.#orphans.has(device)) return true;
    const known = this.#registry.get(device);
    if (known !== undefined && isOurs(known)) return true;
    if (parsed.kind !== "attribute" || parsed.attribute !== "description") return false;
    if (!isChildOf(payload, this.#root)) return false;
    this.#orphans.add(device);
    return true;
  }
}

/** Homie 5.0 "Device description": a child names its parent, and the root device above it where that is another. */
function isChildOf(payload: Uint8Array, root: ThingId): boolean {
  try {
    const described = JSON.parse(Buffer.from(payload).toString("utf8")) as Record<string, unknown> | null;
    return described?.root === root || described?.parent === root;
  } catch {
    return false; // No description: whoever reads it next says so.
  }
}
