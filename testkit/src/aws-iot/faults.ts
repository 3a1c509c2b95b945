import type { Ms } from "@tram/protocol";

/** What becomes of a CONNECT. */
export type ConnectFault =
  | "none"
  /** The door shuts before TLS. */
  | "hang-up"
  /** CONNACK 3: server unavailable (MQTT 3.1.1 §3.2.2.3). */
  | "unavailable"
  /** Nobody answers, and the line stays. */
  | "silent";

/** What the network and the cloud do wrong when a test tells them to; all is well at first. */
export class Faults {
  /** What becomes of connections that are asked for. */
  connects: ConnectFault = "none";
  /** How long a PUBACK takes. */
  pubackDelayMs: Ms = 0;
  #lostPubacks = 0;

  /** The next PUBACKs are lost: the message is taken, and its sender does not hear of it. */
  losePubacks(count: number): void {
    this.#lostPubacks = count;
  }

  /** Whether this one is lost. */
  losesPuback(): boolean {
    if (this.#lostPubacks <= 0) return false;
    this.#lostPubacks--;
    return true;
  }
}
