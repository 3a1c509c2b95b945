import type { Clock, Log, MqttClient, MqttMessage, Store, Unit } from "@tram/core";
import { HASS_PREFIX } from "@tram/protocol";
import { HassIn } from "../home-assistant/hass-in.ts";
import { HomieLegacyIn } from "../homie-legacy/homie-legacy-in.ts";
import type { House } from "../house.ts";
import { Asker } from "../shelly/asker.ts";
import { Gen1In } from "../shelly/gen1-in.ts";
import { Gen2In } from "../shelly/gen2-in.ts";
import { TasmotaIn } from "../tasmota/tasmota-in.ts";
import { DescribedDevices } from "./described-devices.ts";
import { DeviceNames, type DeviceNamesParts } from "./device-names.ts";
import type { ForeignMessage } from "./foreign-device.ts";
import { ForeignDevices, type TopicRights } from "./foreign-devices.ts";

export interface DialectsParts
  extends Pick<House, "bus" | "registry" | "transactions">,
    Pick<DeviceNamesParts, "gateway" | "isAccount"> {
  readonly clock: Clock;
  readonly log: Log;
  readonly rights: TopicRights;
  /** What the broker has retained where a filter says. */
  readonly retained: (filter: string) => readonly MqttMessage[];
  readonly publish: (message: ForeignMessage) => void;
  /** Whether what devices say to Home Assistant counts. */
  readonly hearsHass: boolean;
}

/** All ways but Homie 5 in which devices describe themselves, and the devices that they have described. */
export class Dialects implements Disposable {
  readonly devices: ForeignDevices;
  readonly #described: DescribedDevices;
  readonly #hass: HassIn;
  readonly #own: readonly { take(client: MqttClient, message: MqttMessage, unit: Unit): void }[];
  readonly #parts: DialectsParts;

  constructor(parts: DialectsParts) {
    this.#parts = parts;
    this.devices = new ForeignDevices({ ...parts, retained: (topic) => parts.retained(topic)[0] });
    const { devices: foreign } = this;
    const names = new DeviceNames(parts);
    this.#described = new DescribedDevices({
      ...parts,
      foreign,
      names,
      onOwn: (owner, unit) => this.#hass.reconsider(owner, unit),
    });
    this.#hass = new HassIn({ ...parts, foreign, names, prefix: HASS_PREFIX, own: this.#described });
    const shelly = { described: this.#described, asker: new Asker(parts) };
    this.#own = [
      new TasmotaIn(this.#described),
      new Gen1In(shelly),
      new Gen2In(shelly),
      new HomieLegacyIn(this.#described),
    ];
  }

  /** Loads what an earlier process knew of the devices. */
  async restore(store: Store): Promise<void> {
    await this.#hass.restore(store);
    await this.#described.restore(store);
    if (!this.#parts.hearsHass) await this.#parts.transactions.record((unit) => this.#hass.forgetAll(unit));
  }

  /** How devices described themselves to an earlier process, as the broker still has it. */
  async recall(): Promise<void> {
    if (!this.#parts.hearsHass) return;
    await this.#hass.recall(this.#parts.retained(`${HASS_PREFIX}/#`));
  }

  /** Reads what a device says it is; what it tells is read after that. */
  describe(client: MqttClient, message: MqttMessage, unit: Unit): void {
    this.devices.faults.contain(message, unit, () => {
      if (this.#parts.hearsHass) this.#hass.take(client, message, unit);
      for (const dialect of this.#own) dialect.take(client, message, unit);
    });
  }

  [Symbol.dispose](): void {
    this.#described[Symbol.dispose]();
    this.#hass[Symbol.dispose]();
    this.devices[Symbol.dispose]();
  }
}
