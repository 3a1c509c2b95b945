import type { Clock, Unit } from "@tram/core";
import type { ForeignMessage } from "../foreign/foreign-device.ts";
import type { TopicRights } from "../foreign/foreign-devices.ts";

/** How long a device is left alone after it was asked. In milliseconds. */
const QUIET_MS = 10_000;
/** Devices that are remembered to have been asked. */
const REMEMBERED = 1_024;

/** Asks devices what they are: only where their account listens, and not more often than every ten seconds. */
export class Asker {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #rights: TopicRights;
  readonly #publish: (message: ForeignMessage) => void;
  readonly #asked = new Map<string, number>();

  constructor(parts: {
    readonly clock: Pick<Clock, "monotonic">;
    readonly rights: TopicRights;
    readonly publish: (message: ForeignMessage) => void;
  }) {
    this.#clock = parts.clock;
    this.#rights = parts.rights;
    this.#publish = parts.publish;
  }

  /** @param questions all of them to one device; the first one's topic tells which. */
  ask(owner: string, questions: readonly Pick<ForeignMessage, "payload" | "topic">[], unit: Unit): void {
    const [first] = questions;
    if (first === undefined || !questions.every(({ topic }) => this.#rights.maySubscribe(owner, topic)))
      return;
    const key = `${owner}\n${first.topic}`;
    const now = this.#clock.monotonic();
    if (now - (this.#asked.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#asked.delete(key);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size >= REMEMBERED && oldest !== undefined) this.#asked.delete(oldest);
    this.#asked.set(key, now);
    unit.after(() => {
      for (const { payload, topic } of questions) this.#publish({ topic, payload, qos: 0, retain: false });
    });
  }
}
