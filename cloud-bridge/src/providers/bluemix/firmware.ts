import type { CloudAnswer, CloudFirmware } from "@tram/core";
import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";

/** "Firmware actions": `mgmt.firmware.state`. */
const STATE = { idle: 0, downloading: 1, downloaded: 2 } as const;
/** `mgmt.firmware.updateStatus`; those in use here. */
const STATUS = {
  success: 0,
  inProgress: 1,
  connectionLost: 3,
  verificationFailed: 4,
  unsupported: 5,
  invalidUri: 6,
} as const;

/** What the cloud sees of it. */
export interface FirmwareStatus {
  readonly state: number;
  readonly updateStatus: number;
}

/** What a request of the device management is answered. */
export interface Response {
  readonly rc: number;
  readonly message?: string;
}

/** What a step of the cloud leads to: an answer, or a question to the house first. */
export type FirmwareStep = { readonly response: Response } | { readonly ask: CloudFirmware };

const MAX_URL = 4_096;
const MAX_VERSION = 200;
const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * The firmware of the gateway, as the cloud leads it: details, download, update. The house is asked once for both steps,
 * under one id: the download begins the work and the update asks for its end, so that neither is done twice.
 */
export class Firmware {
  #image: CloudFirmware | undefined;
  #step: "download" | "update" | undefined;
  #status: FirmwareStatus = { state: STATE.idle, updateStatus: STATUS.success };

  get status(): FirmwareStatus {
    return this.#status;
  }

  /**
   * `device/update` of `mgmt.firmware`.
   * @param name of the request: the same one makes the same image.
   */
  describe(value: Json | undefined, name: string): Response {
    if (this.#status.state === STATE.downloading) return bad("an image is being downloaded");
    const { version, uri, verifier } = isJsonObject(value) ? value : ({} as JsonObject);
    if (typeof version !== "string" || version === "" || version.length > MAX_VERSION) {
      return bad(`version: expected a text of at most ${MAX_VERSION} characters`);
    }
    if (typeof uri !== "string" || !isSafeUrl(uri))
      return bad("uri: expected an address that begins with https://");
    const sum = verifier === undefined || verifier === null || verifier === "" ? undefined : verifier;
    if (sum !== undefined && !(typeof sum === "string" && SHA256.test(sum))) {
      return bad("verifier: expected the SHA-256 of the image, in hex");
    }
    const id = `firmware:${name}`;
    this.#image = {
      kind: "firmware",
      id,
      version,
      url: uri,
      ...(sum === undefined ? {} : { sha256: sum.toLowerCase() }),
      context: { via: "firmware", id },
    };
    this.#status = { state: STATE.idle, updateStatus: STATUS.success };
    return { rc: 204 };
  }

  /** `mgmt/initiate/firmware/download` and `…/update`. */
  initiate(step: "download" | "update"): FirmwareStep {
    const { state } = this.#status;
    if (this.#image === undefined) return { response: bad("the cloud has not said which image") };
    if (this.#step !== undefined) return { response: bad("the step before has not ended") };
    if (step === "download" && state !== STATE.idle) return { response: bad("it is downloaded already") };
    if (step === "update" && state !== STATE.downloaded) return { response: bad("nothing is downloaded") };
    this.#step = step;
    return { ask: this.#image };
  }

  /** The house has answered to what `initiate` asked. */
  answered(answer: CloudAnswer): Response {
    const step = this.#step;
    if (answer.outcome === "refused") {
      this.#step = undefined;
      return { rc: RCS.get(answer.code) ?? 500, message: answer.reason };
    }
    if (answer.outcome === "done") this.#finish(true);
    else if (step === "download") this.#status = { state: STATE.downloading, updateStatus: STATUS.success };
    else this.#status = { state: STATE.downloaded, updateStatus: STATUS.inProgress };
    return { rc: 202 };
  }

  /**
   * What the house was asked for has ended.
   * @returns whether it is this image, and there is something new to see.
   */
  ended(context: Json | undefined, result: Json): boolean {
    if (!isFirmwareContext(context) || context.id !== this.#image?.id || this.#step === undefined)
      return false;
    const { code, state } = isJsonObject(result) ? result : ({} as JsonObject);
    this.#finish(state === "done" || state === "confirmed" || state === "sent", code);
    return true;
  }

  #finish(succeeded: boolean, code?: Json): void {
    const step = this.#step;
    this.#step = undefined;
    if (succeeded) {
      const state = step === "download" ? STATE.downloaded : STATE.idle;
      this.#status = { state, updateStatus: STATUS.success };
      if (step === "update") this.#image = undefined;
      return;
    }
    const known = typeof code === "string" ? FAILURES.get(code) : undefined;
    const usual = step === "download" ? STATUS.connectionLost : STATUS.unsupported;
    this.#status = { state: STATE.idle, updateStatus: known ?? usual };
  }
}

/** Response codes of the device management: 501 not implemented, 400 bad request, 500 whatever else. */
const RCS: ReadonlyMap<string, number> = new Map([
  ["not-available", 501],
  ["malformed", 400],
]);
/** By the code of what has failed in the house. */
const FAILURES: ReadonlyMap<string, number> = new Map([
  ["malformed", STATUS.invalidUri],
  ["mismatch", STATUS.verificationFailed],
]);

function bad(message: string): Response {
  return { rc: 400, message };
}

function isSafeUrl(text: string): boolean {
  return text.length <= MAX_URL && text.startsWith("https://") && URL.canParse(text);
}

function isFirmwareContext(context: unknown): context is { readonly via: "firmware"; readonly id: string } {
  return isJsonObject(context) && context.via === "firmware" && typeof context.id === "string";
}
