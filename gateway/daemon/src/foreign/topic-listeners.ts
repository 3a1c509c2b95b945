import type { MqttMessage, Unit } from "@tram/core";

/**
 * @param payload undefined where it is not UTF-8.
 * @param told the broker had it retained: it was said some time ago.
 */
export type Listener = (payload: string | undefined, unit: Unit, told: boolean) => void;

/** Properties and devices that one topic may tell of: each message of it is read for all of them. */
export const LISTENERS_OF_TOPIC = 1_024;

/** Who wants to hear which topic, without wildcards: asked for every message of the house. */
export class TopicListeners {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** @returns false when there are too many already. */
  add(topic: string, listener: Listener): boolean {
    const listeners = this.#listeners.get(topic) ?? new Set();
    if (listeners.size >= LISTENERS_OF_TOPIC) return false;
    this.#listeners.set(topic, listeners.add(listener));
    return true;
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
