import type { MqttMessage, Unit } from "@tram/core";
import type { EpochMs, ThingId } from "@tram/protocol";
import type { Faults } from "./faults.ts";

/**
 * @param payload undefined where it is not UTF-8.
 * @param told the broker had it retained: it was said some time ago.
 * @param time when it was said, where that is not now.
 */
export type Listener = (payload: string | undefined, unit: Unit, told: boolean, time?: EpochMs) => void;

/** Properties and devices that one topic may tell of: each message of it is read for all of them. */
export const LISTENERS_OF_TOPIC = 1_024;

/** Who wants to hear which topic, without wildcards: asked for every message of the house. */
export class TopicListeners {
  readonly #faults: Faults;
  /** Each with the Thing that it hears for. */
  readonly #listeners = new Map<string, Map<Listener, ThingId | undefined>>();

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** @returns false when there are too many already. */
  add(topic: string, listener: Listener, thing?: ThingId): boolean {
    const listeners = this.#listeners.get(topic) ?? new Map<Listener, ThingId | undefined>();
    if (listeners.size >= LISTENERS_OF_TOPIC) return false;
    this.#listeners.set(topic, listeners.set(listener, thing));
    return true;
  }

  delete(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(topic);
  }

  /**
   * One that throws hurts no other: what those before it have learned stays in the unit.
   * @returns false when nobody wants to hear it.
   */
  take(message: Pick<MqttMessage, "payload" | "topic">, unit: Unit, time?: EpochMs): boolean {
    const { topic } = message;
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) return false;
    const text = textOf(message);
    for (const [listener, thing] of [...listeners]) {
      this.#faults.contain({ topic, thing }, unit, () => listener(text, unit, false, time));
    }
    return true;
  }

  topics(): IterableIterator<string> {
    return this.#listeners.keys();
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
