import { type Clock, type CloudDesk, TokenBucket } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, type Ms, PRODUCT } from "@tram/protocol";
import type { MqttOutgoing } from "../mqtt-connection.ts";
import { parseObject } from "./commands.ts";
import { Firmware, type Response } from "./firmware.ts";
import { ANSWERS_PER_S, SHORTEST_LIFETIME_S } from "./limits.ts";
import type { BluemixTopics } from "./topics.ts";

export interface ManagementParts {
  readonly topics: BluemixTopics;
  /** Id of the gateway in the house. */
  readonly gateway: string;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  /** Makes the id of a request. */
  readonly newId: () => string;
}

/** What management needs of a connection. */
export interface ManagementLine {
  /** QoS 1. Never rejects. */
  readonly send: (outgoing: MqttOutgoing) => Promise<unknown>;
  readonly desk: CloudDesk;
}

/** How long the cloud keeps us for managed without another word: four hours, a night's outage is seen there. */
const LIFETIME_S = 4 * SHORTEST_LIFETIME_S;
const RENEW_AFTER_MS: Ms = (LIFETIME_S * 1_000 * 3) / 4;
const ANSWER_WITHIN_MS: Ms = 30_000;
const FIRST_PAUSE_MS: Ms = 30_000;
const LONGEST_PAUSE_MS: Ms = 15 * 60_000;
const REQUEST_ID = /^[\x20-\x7e]{1,200}$/;
const FIRMWARE = "mgmt.firmware";
const MOST_FIELDS = 32;

/**
 * The gateway as a managed device ("Device management protocol"): says that it is there and for how long, says so again
 * before that is over, and answers everything that the cloud asks, also what it does not know.
 */
export class Management {
  readonly firmware = new Firmware();
  readonly #parts: ManagementParts;
  readonly #answers: TokenBucket;
  #line: ManagementLine | undefined;
  #asked: string | undefined;
  #failures = 0;
  #timer: Disposable | undefined;
  #observed = false;
  #problem: string | undefined;

  constructor(parts: ManagementParts) {
    this.#parts = parts;
    this.#answers = new TokenBucket(ANSWERS_PER_S, 5 * ANSWERS_PER_S, parts.clock.monotonic());
  }

  connected(line: ManagementLine): void {
    this.#line = line;
    this.#failures = 0;
    // An observation is the cloud's, of one connection; it asks again before the next step.
    this.#observed = false;
    this.#manage();
  }

  lost(): void {
    this.#line = undefined;
    this.#asked = undefined;
    this.#later(undefined);
  }

  /** An answer to a request of ours. */
  hearResponse(payload: Uint8Array): void {
    const { reqId, rc, message } = parseObject(payload) ?? {};
    if (reqId === undefined || reqId !== this.#asked) return;
    this.#asked = undefined;
    if (rc === 200) {
      this.#failures = 0;
      this.#problem = undefined;
      this.#later(RENEW_AFTER_MS);
      return;
    }
    const said = typeof message === "string" ? `: ${message.replace(/\p{C}/gu, " ").slice(0, 200)}` : "";
    this.#again(`IBM does not manage this gateway (${typeof rc === "number" ? rc : "no code"})${said}`);
  }

  /**
   * A request of the cloud.
   * @returns when it was answered.
   */
  async hearRequest(what: string, payload: Uint8Array): Promise<void> {
    const line = this.#line;
    if (line === undefined) return;
    const said = parseObject(payload);
    const reqId = said?.reqId;
    const named = typeof reqId === "string" && REQUEST_ID.test(reqId);
    if (said === undefined || (reqId !== undefined && !named)) {
      line.desk.turnedAway?.({
        where: what.slice(0, 200),
        code: "malformed",
        reason: "expected an object of JSON with a reqId of visible characters",
      });
      return;
    }
    const { status } = this.firmware;
    const response = await this.#answer(what, { said, reqId: named ? reqId : "", line });
    // "If a response is not required, the field is not used."
    if (named && this.#answers.take(1, this.#parts.clock.monotonic())) {
      await line.send(this.#outgoing("response", { ...response, reqId }));
    }
    await this.#notify(status);
  }

  /** What the house was asked for on behalf of the cloud has ended. */
  async ended(context: Json | undefined, result: Json): Promise<void> {
    const { status } = this.firmware;
    if (this.firmware.ended(context, result)) await this.#notify(status);
  }

  async #answer(
    what: string,
    {
      said,
      reqId,
      line,
    }: { readonly said: JsonObject; readonly reqId: string; readonly line: ManagementLine },
  ): Promise<Response & { readonly d?: Json }> {
    const fields = fieldsOf(said);
    switch (what) {
      case "device/update":
        return this.#update(fields, reqId);
      case "observe": {
        const unknown = fields.filter(({ field }) => field !== FIRMWARE);
        if (fields.length === 0) return { rc: 400, message: "expected d.fields" };
        if (unknown.length > 0) return unknownFields(unknown);
        this.#observed = true;
        return { rc: 200, d: { fields: [{ field: FIRMWARE, value: { ...this.firmware.status } }] } };
      }
      case "cancel":
        if (fields.some(({ field }) => field === FIRMWARE)) this.#observed = false;
        return { rc: 200 };
      case "mgmt/initiate/device/reboot":
        return { rc: 501, message: "a gateway is not restarted from the cloud: the house depends on it" };
      case "mgmt/initiate/device/factory_reset":
        return { rc: 501, message: "a gateway is not reset from the cloud" };
      case "mgmt/initiate/firmware/download":
        return await this.#firmware("download", line.desk);
      case "mgmt/initiate/firmware/update":
        return await this.#firmware("update", line.desk);
      default:
        return { rc: 501, message: "this gateway does not know the request" };
    }
  }

  #update(fields: readonly Field[], reqId: string): Response & { readonly d?: Json } {
    if (fields.length === 0) return { rc: 400, message: "expected d.fields" };
    const unknown = fields.filter(({ field }) => field !== FIRMWARE);
    if (unknown.length > 0) return unknownFields(unknown);
    return this.firmware.describe(fields[0]?.value, reqId === "" ? this.#parts.newId() : shortened(reqId));
  }

  async #firmware(step: "download" | "update", desk: CloudDesk): Promise<Response> {
    const begun = this.firmware.initiate(step);
    return "response" in begun ? begun.response : this.firmware.answered(await desk.ask(begun.ask));
  }

  /** "All fields under mgmt.firmware must be set at the same time." @param before what was seen of it before. */
  async #notify(before: { readonly state: number; readonly updateStatus: number }): Promise<void> {
    const { status } = this.firmware;
    const same = status.state === before.state && status.updateStatus === before.updateStatus;
    if (same || !this.#observed) return;
    const d = { fields: [{ field: FIRMWARE, value: { ...status } }] };
    await this.#line?.send(this.#outgoing("notify", { d, reqId: this.#parts.newId() }));
  }

  #manage(): void {
    const reqId = this.#parts.newId();
    this.#asked = reqId;
    const d = {
      lifetime: LIFETIME_S,
      supports: { deviceActions: false, firmwareActions: true },
      deviceInfo: { serialNumber: this.#parts.gateway, model: PRODUCT.title, fwVersion: PRODUCT.version },
    };
    void this.#line?.send(this.#outgoing("mgmt/manage", { d, reqId }));
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.clock.after(ANSWER_WITHIN_MS, () => {
      this.#asked = undefined;
      this.#again("IBM does not answer that it manages this gateway");
    });
  }

  /** Events go on meanwhile. */
  #again(problem: string): void {
    if (problem !== this.#problem) {
      this.#line?.desk.turnedAway?.({ where: "device management", code: "malformed", reason: problem });
    }
    this.#problem = problem;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    this.#later(pause);
  }

  #later(delay: Ms | undefined): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer =
      delay === undefined || this.#line === undefined
        ? undefined
        : this.#parts.clock.after(delay, () => this.#manage());
  }

  #outgoing(what: "mgmt/manage" | "response" | "notify", body: Json): MqttOutgoing {
    return { topic: this.#parts.topics.management(what), payload: JSON.stringify(body) };
  }
}

interface Field {
  readonly field: string;
  readonly value?: Json;
}

function fieldsOf({ d }: JsonObject): readonly Field[] {
  const fields = isJsonObject(d) && Array.isArray(d.fields) ? (d.fields as readonly Json[]) : [];
  return fields.slice(0, MOST_FIELDS).flatMap((each) => {
    if (!isJsonObject(each) || typeof each.field !== "string") return [];
    const { field, value } = each;
    return [{ field: field.slice(0, 100), ...(value === undefined ? {} : { value }) }];
  });
}

/** "If any field value could not be retrieved, rc should be set to 404, and fields should name each." */
function unknownFields(fields: readonly Field[]): Response & { readonly d: Json } {
  return {
    rc: 404,
    message: `this gateway has only ${FIRMWARE}`,
    d: { fields: fields.map(({ field }) => field) },
  };
}

/** Ids of requests of the house have at most 100 characters, without spaces. */
function shortened(reqId: string): string {
  return reqId.replace(/[^\x21-\x7e]/g, "-").slice(0, 80);
}
