import { randomUUID } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { CloudClock } from "../aws-iot/cloud-clock.ts";
import type { Report } from "./incident.ts";
import type { BluemixLimits } from "./limits.ts";
import { keyOf } from "./registry.ts";
import type { Device } from "./topic-rules.ts";

/** A device that has asked to be managed. */
export interface ManagedDevice {
  readonly lifetimeS: number;
  readonly deviceActions: boolean;
  readonly firmwareActions: boolean;
  readonly deviceInfo: JsonObject;
  /** How often it has asked. */
  readonly requests: number;
}

/** What a device answers. */
export interface ManagementResponse {
  readonly rc: number;
  readonly message?: string;
  readonly d?: Json;
}

interface Managed extends ManagedDevice {
  readonly dormancy: Disposable | undefined;
}

interface DeviceManagementParts {
  readonly limits: Pick<BluemixLimits, "shortestLifetimeS">;
  readonly clock: CloudClock;
  readonly report: Report;
  readonly publish: (topic: string, body: Json) => void;
}

/** The Device Management service: who is managed, what it is asked, and what it answers. */
export class DeviceManagement {
  /** What the next manage requests are answered, where that is not 200. */
  manageRc: number | "silence" | undefined;
  readonly #parts: DeviceManagementParts;
  readonly #managed = new Map<string, Managed>();
  readonly #requests = new Map<
    string,
    { readonly key: string; readonly settle: (answer: ManagementResponse) => void }
  >();
  readonly #observed = new Set<string>();
  readonly #firmware = new Map<string, JsonObject>();

  constructor(parts: DeviceManagementParts) {
    this.#parts = parts;
  }

  managed(device: Device): ManagedDevice | undefined {
    return this.#managed.get(keyOf(device));
  }

  /** `mgmt.firmware` of a device, as it has told last. */
  firmware(device: Device): JsonObject | undefined {
    return this.#firmware.get(keyOf(device));
  }

  /**
   * Asks a device.
   * @param what `mgmt/initiate/device/reboot`.
   * @throws {Error} when the device is not managed.
   */
  request(device: Device, what: string, d?: Json): Promise<ManagementResponse> {
    if (!this.#managed.has(keyOf(device))) throw new Error(`${keyOf(device)} is not managed`);
    const reqId = randomUUID();
    const { promise, resolve } = Promise.withResolvers<ManagementResponse>();
    this.#requests.set(reqId, { key: keyOf(device), settle: resolve });
    this.#parts.publish(topicOf(device, what), { ...(d === undefined ? {} : { d }), reqId });
    return promise;
  }

  /**
   * Offers an image: details, observation, download; ends with the first answer that is not the one that goes on.
   * @throws {Error} when the device does not do firmware.
   */
  async download(device: Device, image: JsonObject): Promise<ManagementResponse> {
    if (this.managed(device)?.firmwareActions !== true) throw new Error("the device has no firmware actions");
    const value = { ...image, state: 0, updateStatus: 0, updatedDateTime: "" };
    const updated = await this.request(device, "device/update", { fields: [{ field: FIRMWARE, value }] });
    if (updated.rc !== 204) return updated;
    return await this.#observedStep(device, "mgmt/initiate/firmware/download");
  }

  /** Asks the device to install what it has downloaded. */
  async update(device: Device): Promise<ManagementResponse> {
    return await this.#observedStep(device, "mgmt/initiate/firmware/update");
  }

  /** What a device says. */
  take(device: Device, what: string, payload: Buffer): void {
    const said = parse(payload);
    if (said === undefined) {
      this.#report("management-form", device);
      return;
    }
    if (what === "response") this.#response(device, said);
    else if (what === "mgmt/manage") this.#manage(device, said);
    else if (what === "mgmt/unmanage") {
      this.#forget(keyOf(device));
      this.#respond(device, said, 200);
    } else if (what === "notify") this.#notify(device, said);
    else this.#respond(device, said, 200);
  }

  async #observedStep(device: Device, step: string): Promise<ManagementResponse> {
    const observed = await this.request(device, "observe", { fields: [{ field: FIRMWARE }] });
    if (observed.rc !== 200) return observed;
    this.#observed.add(keyOf(device));
    return await this.request(device, step);
  }

  #manage(device: Device, said: JsonObject): void {
    const key = keyOf(device);
    const before = this.#managed.get(key);
    if (this.manageRc === "silence") return;
    if (this.manageRc !== undefined) {
      this.#respond(device, said, this.manageRc);
      return;
    }
    const {
      lifetime = 0,
      supports = {},
      deviceInfo = {},
    } = isJsonObject(said.d) ? said.d : ({} as JsonObject);
    const { clock, limits, report } = this.#parts;
    const isLifetime =
      typeof lifetime === "number" && (lifetime === 0 || lifetime >= limits.shortestLifetimeS);
    if (!isLifetime || !isJsonObject(supports) || !isJsonObject(deviceInfo)) {
      this.#report("management-form", device);
      this.#respond(device, said, 400);
      return;
    }
    this.#forget(key);
    const dormancy =
      lifetime === 0
        ? undefined
        : clock.after(lifetime * 1_000, () => {
            this.#managed.delete(key);
            report("lifetime-over", { topic: key });
          });
    this.#managed.set(key, {
      lifetimeS: lifetime,
      deviceActions: supports.deviceActions === true,
      firmwareActions: supports.firmwareActions === true,
      deviceInfo,
      requests: (before?.requests ?? 0) + 1,
      dormancy,
    });
    this.#respond(device, said, 200);
  }

  #response(device: Device, said: JsonObject): void {
    const { reqId, rc, message, d } = said;
    const request = typeof reqId === "string" ? this.#requests.get(reqId) : undefined;
    if (typeof reqId !== "string" || request?.key !== keyOf(device)) {
      this.#report("response-unknown", device);
      return;
    }
    this.#requests.delete(reqId);
    if (!Number.isInteger(rc) || !(message === undefined || typeof message === "string")) {
      this.#report("response-form", device);
      return;
    }
    request.settle({
      rc: rc as number,
      ...(message === undefined ? {} : { message }),
      ...(d === undefined ? {} : { d }),
    });
  }

  #notify(device: Device, said: JsonObject): void {
    const key = keyOf(device);
    const fields =
      isJsonObject(said.d) && Array.isArray(said.d.fields) ? (said.d.fields as readonly Json[]) : [];
    for (const each of fields) {
      if (!isJsonObject(each) || each.field !== FIRMWARE || !isJsonObject(each.value)) {
        this.#report("management-form", device);
      } else if (!this.#observed.has(key)) this.#report("notify-unobserved", device);
      else this.#firmware.set(key, { ...this.#firmware.get(key), ...each.value });
    }
    this.#respond(device, said, 200);
    const { state } = this.#firmware.get(key) ?? {};
    // "After the notification with state 2 a request cancels the observation."
    if (state !== 1 && this.#observed.delete(key) && this.#managed.has(key)) {
      void this.request(device, "cancel", { fields: [{ field: FIRMWARE }] });
    }
  }

  #respond(device: Device, { reqId }: JsonObject, rc: number): void {
    if (reqId !== undefined) this.#parts.publish(topicOf(device, "response"), { rc, reqId });
  }

  #forget(key: string): void {
    this.#managed.get(key)?.dormancy?.[Symbol.dispose]();
    this.#managed.delete(key);
  }

  #report(code: Parameters<Report>[0], device: Device): void {
    this.#parts.report(code, { topic: keyOf(device) });
  }
}

const FIRMWARE = "mgmt.firmware";

function topicOf({ type, id }: Device, what: string): string {
  return `iotdm-1/type/${type}/id/${id}/${what}`;
}

function parse(payload: Buffer): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(payload.toString("utf8"));
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
