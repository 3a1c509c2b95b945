import type { MqttMessage } from "@tram/core";
import type { ThingId } from "@tram/protocol";
import { ofAccount } from "./per-account.ts";

/** Bounds on what is kept of an account's devices that have not described themselves yet; the others are of each device. */
export const EARLY_LIMITS = { devices: 256, messages: 512, bytes: 16_384 } as const;

interface Early {
  readonly messages: Map<string, MqttMessage>;
  bytes: number;
}

/**
 * What devices said before they described themselves: the latest of each topic counts once the description is there. Whoever
 * has too many devices pushes out what is his own.
 */
export class EarlyMessages {
  readonly #accounts = new Map<string, Map<ThingId, Early>>();

  keep(account: string, device: ThingId, message: MqttMessage): void {
    const early = earlyOf(
      ofAccount(this.#accounts, account, () => new Map<ThingId, Early>()),
      device,
    );
    const known = early.messages.get(message.topic);
    const bytes = early.bytes - (known?.payload.length ?? 0) + message.payload.length;
    if (bytes > EARLY_LIMITS.bytes) return;
    if (known === undefined && early.messages.size >= EARLY_LIMITS.messages) return;
    early.messages.set(message.topic, message);
    early.bytes = bytes;
  }

  /** Hands out what a device said, and forgets it. */
  take(device: ThingId): readonly MqttMessage[] {
    return [...this.#accounts.values()].flatMap((devices) => {
      const messages = [...(devices.get(device)?.messages.values() ?? [])];
      devices.delete(device);
      return messages;
    });
  }
}

function earlyOf(devices: Map<ThingId, Early>, device: ThingId): Early {
  const known = devices.get(device);
  if (known !== undefined) return known;
  if (devices.size >= EARLY_LIMITS.devices) {
    const [oldest] = devices.keys();
    if (oldest !== undefined) devices.delete(oldest);
  }
  const early: Early = { messages: new Map(), bytes: 0 };
  devices.set(device, early);
  return early;
}
