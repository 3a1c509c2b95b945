import { createHash } from "node:crypto";
import type { MqttMessage } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** An echo comes within a round trip; one that comes later than this was lost with its link. */
const PATIENCE_MS: Ms = 60_000;
const MOST_EXPECTED = 10_000;

/**
 * Recognises the gateway's own messages where the broker sends them back: MQTT 3.1.1 has no "no local". Each message
 * that was sent is expected once. Of two equal messages, ours and another's, it does not matter which one is taken for
 * the echo.
 */
export class Echoes {
  /** When each of the expected ones was sent, the oldest first. */
  readonly #expected = new Map<string, Ms[]>();
  #size = 0;

  /** A message went out. */
  sent(message: MqttMessage, now: Ms): void {
    if (this.#size >= MOST_EXPECTED) this.#dropOldest();
    const key = keyOf(message);
    const times = this.#expected.get(key);
    if (times === undefined) this.#expected.set(key, [now]);
    else times.push(now);
    this.#size++;
  }

  /** @returns whether a message that came in is one that went out. */
  isEcho(message: MqttMessage, now: Ms): boolean {
    const key = keyOf(message);
    const times = this.#expected.get(key) ?? [];
    while (times.length > 0) {
      const at = times.shift();
      this.#size--;
      if (times.length === 0) this.#expected.delete(key);
      if (at !== undefined && now - at < PATIENCE_MS) return true;
    }
    return false;
  }

  #dropOldest(): void {
    const [oldest] = this.#expected;
    if (oldest === undefined) return;
    this.#expected.delete(oldest[0]);
    this.#size -= oldest[1].length;
  }
}

function keyOf({ topic, payload }: MqttMessage): string {
  return `${topic}\n${createHash("sha1").update(payload).digest("base64")}`;
}
