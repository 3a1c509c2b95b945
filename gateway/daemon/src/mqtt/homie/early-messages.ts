import type { MqttMessage } from "@tram/core";
import type { ThingId } from "@tram/protocol";

/** Bounds on what is kept of devices that have not described themselves yet. */
export const EARLY_LIMITS = { devices: 64, messages: 512, bytes: 65_536 } as const;

interface Early {
  readonly messages: Map<string, MqttMessage>;
  bytes: number;
}

/** What devices said before they described themselves: the latest of each topic counts once the description is there. */
export class EarlyMessages {
  readonly #devices = new Map<ThingId, Early>();

  keep(device: ThingId, message: MqttMessage): void {
    const early = this.#of(device);
    const known = early.messages.get(message.topic);
    const bytes = early.bytes - (known?.payload.length ?? 0) + message.payload.length;
    if (bytes > EARLY_LIMITS.bytes) return;
    if (known === undefined && early.messages.size >= EARLY_LIMITS.messages) return;
    early.messages.set(message.topic, message);
    early.bytes = bytes;
  }

  /** Hands out what a device said, and forgets it. */
  take(device: ThingId): readonly MqttMessage[] {
    const messages = [...(this.#devices.get(device)?.messages.values() ?? [])];
    this.#devices.delete(device);
    return messages;
  }

  #of(device: ThingId): Early {
    const known = this.#devices.get(device);
    if (known !== undefined) return known;
    if (this.#devices.size >= EARLY_LIMITS.devices) {
      const [oldest] = this.#devices.keys();
      if (oldest !== undefined) this.#devices.delete(oldest);
    }
    const early: Early = { messages: new Map(), bytes: 0 };
    this.#devices.set(device, early);
    return early;
  }
}
