/**
 * How many messages may be in flight after a refusal that did not say which message it was about. mqtt.js cannot read
 * a PUBACK whose reason code is not in MQTT 5.0 §3.4.2.1 (mosquitto's 0x95 for a message that is too large) and gives
 * up the connection. With one message in flight at a time, the next such refusal names its message; afterwards the
 * window opens again.
 */
export class CarefulWindow {
  readonly #trust: number;
  #left = 0;

  /** @param trust messages that must go well, one by one, before many fly again. */
  constructor(trust: number) {
    this.#trust = trust;
  }

  /** Something was refused, and it is not known what. */
  begin(): void {
    this.#left = this.#trust;
  }

  /** A message was answered. */
  passed(): void {
    if (this.#left > 0) this.#left--;
  }

  /** Messages that may be in flight where otherwise `usual` may. */
  limit(usual: number): number {
    return this.#left > 0 ? 1 : usual;
  }
}
