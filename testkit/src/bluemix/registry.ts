import type { Device } from "./topic-rules.ts";

/** How a gateway proves itself. */
export interface GatewayAccount {
  readonly device: Device;
  readonly token: string;
}

/** One organisation: its gateways, its device types and its devices. */
export class Registry {
  /** Whether a gateway may register devices by speaking for them. */
  autoRegister = true;
  readonly org: string;
  readonly #gateways = new Map<string, GatewayAccount>();
  readonly #types = new Set<string>();
  readonly #devices = new Set<string>();

  constructor(org: string) {
    this.org = org;
  }

  addGateway(device: Device, token: string): void {
    this.#gateways.set(keyOf(device), { device, token });
  }

  removeGateway(device: Device): void {
    this.#gateways.delete(keyOf(device));
  }

  gateway(device: Device): GatewayAccount | undefined {
    return this.#gateways.get(keyOf(device));
  }

  addType(type: string): void {
    this.#types.add(type);
  }

  hasType(type: string): boolean {
    return this.#types.has(type);
  }

  addDevice(device: Device): void {
    this.#types.add(device.type);
    this.#devices.add(keyOf(device));
  }

  removeDevice(device: Device): void {
    this.#devices.delete(keyOf(device));
  }

  hasDevice(device: Device): boolean {
    return this.#devices.has(keyOf(device));
  }

  /** Ids of the devices, `type/id`. */
  get devices(): readonly string[] {
    return [...this.#devices];
  }
}

/** What a device is called in maps; no name holds a slash. */
export function keyOf({ type, id }: Device): string {
  return `${type}/${id}`;
}
