import type { MqttMessage, Qos } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Copy } from "../session/one-copy.ts";
import { type Message, toMqttMessage } from "./message.ts";
import type { Receiver } from "./router.ts";

/** A listener in the process: nothing is encoded or kept for it. */
export class ListenerReceiver implements Receiver {
  readonly number = 0;
  readonly durable = false;
  readonly ready = true;
  readonly #listener: (message: MqttMessage) => void;
  readonly #now: () => Ms;

  constructor(listener: (message: MqttMessage) => void, now: () => Ms) {
    this.#listener = listener;
    this.#now = now;
  }

  prepare(): undefined {
    return undefined;
  }

  admit(): void {
    // Nothing is prepared for it.
  }

  withdraw(): void {
    // Nothing is prepared for it.
  }

  take(message: Message, { qos, retain }: Copy): void {
    const taken: MqttMessage = { ...toMqttMessage(message, this.#now()), qos: qos as Qos, retain };
    this.#listener(taken);
  }
}
