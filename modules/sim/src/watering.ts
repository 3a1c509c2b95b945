import type { ModuleClock } from "@tram/module-sdk";
import type { Ms } from "@tram/protocol";
import type { House } from "./house.ts";

/** The action of the valve, the event that ends it, and how long one may last. In seconds. */
export const WATERING = { action: "water", event: "watered", longestS: 600 } as const;

/**
 * Waters for a while: opens the valve, and closes it when the time is over. Whoever moves the valve in between ends the
 * watering with it.
 */
export class Watering {
  readonly #house: House;
  readonly #clock: ModuleClock;
  readonly #onEnd: (litres: number) => void;
  #since: Ms | undefined;
  #until: Ms = 0;
  #litres = 0;

  /** @param onEnd is told how much it was, in litres. */
  constructor(house: House, clock: ModuleClock, onEnd: (litres: number) => void) {
    this.#house = house;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Waters for so long from now on, also when it is watering already. @param seconds 1 to 600. */
  begin(seconds: number): void {
    this.#count();
    this.#since = this.#clock.monotonic();
    this.#until = this.#since + seconds * 1_000;
    this.#house.set("valveOpen", true);
  }

  /** Looks whether the time is over, or somebody closed the valve. */
  look(): void {
    if (this.#since === undefined) return;
    this.#count();
    if (this.#clock.monotonic() < this.#until && this.#house.controls.valveOpen) return;
    this.#house.set("valveOpen", false);
    this.#since = undefined;
    const litres = this.#litres;
    this.#litres = 0;
    this.#onEnd(Math.round(litres * 100) / 100);
  }

  #count(): void {
    if (this.#since === undefined) return;
    const now = this.#clock.monotonic();
    this.#litres += (this.#house.flow * (now - this.#since)) / 60_000;
    this.#since = now;
  }
}
