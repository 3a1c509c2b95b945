import type { MqttMessage, Unit } from "@tram/core";

/**
 * @param payload undefined where it is not UTF-8.
 * @param told the broker had it retained: it was said some time ago.
 */
export type Listener = (payload: string | undefined, unit: Unit, told: boolean) => void;

/** Who wants to hear which topic, without wildcards: asked for every message of the house. */
export class TopicListeners {
  readonly #listeners = new Map<string, Set<Listener>>();

  add(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
  }

  delete(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(topic);
  }

  take(message: MqttMessage, unit: Unit): void {
    const listeners = this.#listeners.get(message.topic);
    if (listeners === undefined) return;
    const text = textOf(message);
    for (const listener of [...listeners]) listener(text, unit, false);
  }

  /** Topics that somebody wants to hear. */
  get size(): number {
    return this.#listeners.size;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @returns undefined when it is not UTF-8. */
export function textOf({ payload }: Pick<MqttMessage, "payload">): string | undefined {
  try {
    return utf8.decode(payload);
  } catch {
    return undefined;
  }
}
