import type { MqttMessage } from "@tram/core";
import type { ThingId } from "@tram/protocol";

/** Bounds on what is kept of devices that have not described themselves yet: of each device, and of all of an account. */
export const EARLY_LIMITS = { devices: 256, messages: 512, bytes: 65_536, accountBytes: 4_194_304 } as const;

interface Early {
  readonly messages: Map<string, MqttMessage>;
  bytes: number;
}

interface Account {
  readonly devices: Map<ThingId, Early>;
  bytes: number;
}

/**
 * What devices said before they described themselves: the latest of each topic counts once the description is there. Whoever
 * says too much pushes out what is his own.
 */
export class EarlyMessages {
  readonly #accounts = new Map<string, Account>();

  keep(name: string, device: ThingId, message: MqttMessage): void {
    const account = this.#accountOf(name);
    const early = earlyOf(account, device);
    const known = early.messages.get(message.topic);
    const growth = message.payload.length - (known?.payload.length ?? 0);
    if (early.bytes + growth > EARLY_LIMITS.bytes) return;
    if (known === undefined && early.messages.size >= EARLY_LIMITS.messages) return;
    early.messages.set(message.topic, message);
    early.bytes += growth;
    account.bytes += growth;
    for (const oldest of account.devices.keys()) {
      if (account.bytes <= EARLY_LIMITS.accountBytes) break;
      forget(account, oldest);
    }
  }

  /** Hands out what a device said, and forgets it. */
  take(device: ThingId): readonly MqttMessage[] {
    return [...this.#accounts.values()].flatMap((account) => forget(account, device));
  }

  #accountOf(name: string): Account {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { devices: new Map(), bytes: 0 };
      this.#accounts.set(name, account);
    }
    return account;
  }
}

function earlyOf(account: Account, device: ThingId): Early {
  let early = account.devices.get(device);
  if (early === undefined) {
    if (account.devices.size >= EARLY_LIMITS.devices) {
      const [oldest] = account.devices.keys();
      if (oldest !== undefined) forget(account, oldest);
    }
    early = { messages: new Map(), bytes: 0 };
    account.devices.set(device, early);
  }
  return early;
}

function forget(account: Account, device: ThingId): readonly MqttMessage[] {
  const early = account.devices.get(device);
  if (early === undefined) return [];
  account.devices.delete(device);
  account.bytes -= early.bytes;
  return [...early.messages.values()];
}
