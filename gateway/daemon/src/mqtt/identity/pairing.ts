import { X509Certificate } from "node:crypto";
import { type Broker, type Log, type MqttClient, type MqttMessage, StoreError } from "@tram/core";
import { type ClaimReply, PRODUCT } from "@tram/protocol";
import type { RepeatFilter } from "../../audit/repeat-filter.ts";
import { type Claim, parseClaim } from "./claim-request.ts";
import type { Grants } from "./grants.ts";
import { PAIR, PAIR_REPLY } from "./pair-topics.ts";
import type { PairingWindow } from "./pairing-window.ts";

/**
 * Signs the certificate request of a device.
 * @returns certificate and authority in PEM; undefined while there is no authority.
 * @throws {Error} when the request is not acceptable; its message is for people.
 */
export type SignCsr = (
  csrPem: string,
  deviceId: string,
) => Promise<{ certificate: string; ca: string }> | undefined;

/** Why a claim came to nothing: a stable word for programs, and a sentence. */
export interface ClaimProblem {
  readonly error:
    | "bad-request"
    | "bad-id"
    | "reserved"
    | "taken"
    | "topics-taken"
    | "busy"
    | "closed"
    | "used-up"
    | "other-device"
    | "no-ca"
    | "csr-refused"
    | "not-stored"
    | "too-many";
  readonly detail: string;
}

/** So many claims one connection may send. */
const CLAIMS_EACH = 10;

export const CLOSED = `pairing is closed: open it with \`${PRODUCT.name} pair\``;

const REFUSALS: Readonly<Record<"closed" | "used-up" | "other-device", string>> = {
  closed: CLOSED,
  "used-up": "this code has been used",
  "other-device": "this code is for another device",
};

export interface PairingParts {
  readonly window: PairingWindow;
  readonly grants: Grants;
  readonly broker: () => Pick<Broker, "send" | "disconnect">;
  readonly refusals: RepeatFilter;
  /** Absent while the gateway has no certificate authority. */
  readonly signCsr: SignCsr | undefined;
  readonly log: Log;
}

/**
 * Gives a device that has the code its own credential, once. The same for both ways in: over MQTT the answer goes to the
 * connection that asked and is never routed, over HTTP it is the body.
 */
export class Pairing {
  readonly #parts: PairingParts;
  readonly #claims = new WeakMap<MqttClient, number>();

  constructor(parts: PairingParts) {
    this.#parts = parts;
  }

  /** Takes a claim over MQTT, and answers it. Never rejects: the device is told what is wrong. */
  async take(client: MqttClient, message: MqttMessage): Promise<void> {
    const { broker, grants, window, log } = this.#parts;
    const count = (this.#claims.get(client) ?? 0) + 1;
    this.#claims.set(client, count);
    const parsed = parseClaim(message.payload);
    const reply =
      count > CLAIMS_EACH
        ? problem("too-many", "connect anew")
        : parsed.ok
          ? await this.claim(parsed.claim, client.address)
          : problem("bad-request", parsed.problem);
    const payload = Buffer.from(JSON.stringify(reply));
    if (broker().send(client, { topic: PAIR_REPLY, payload, qos: 0, retain: false })) return;
    if ("error" in reply) return;
    // Nobody has its secret: the connection went while it was made, or the claim was the will of a dead one.
    window.unclaimed(reply.id);
    try {
      await grants.revoke(reply.id, "gateway", "credential-withdrawn");
    } catch (error) {
      log.warn(
        { id: reply.id, reason: String(error) },
        "a credential that nobody got could not be taken back",
      );
    }
  }

  /** Gives the credential, or tells why not. The code was checked before. */
  async claim(claim: Claim, address: string): Promise<ClaimReply | ClaimProblem> {
    const reply = await this.#claim(claim, address);
    if ("error" in reply) this.#note(claim, address, reply);
    return reply;
  }

  async #claim(claim: Claim, address: string): Promise<ClaimReply | ClaimProblem> {
    const { window, grants, signCsr } = this.#parts;
    const { id, kind, csr } = claim;
    const refusal = window.refusal(id, address);
    if (refusal !== undefined) return problem(refusal, REFUSALS[refusal]);
    const replace = window.mayReplace(id, address);
    const refused = grants.refusal(id, { replace });
    if (refused !== undefined) return problem(refused.code, refused.problem);
    const signing = csr === undefined ? undefined : signCsr?.(csr, id);
    if (csr !== undefined && signing === undefined) {
      return problem("no-ca", `no certificate authority: ${PRODUCT.name} ca init`);
    }
    // Counted before the waiting begins, so that claims at the same time do not share one use.
    window.claimed(id, address);
    try {
      const signed = await signing;
      const certificate =
        signed === undefined ? undefined : new X509Certificate(signed.certificate).serialNumber;
      const spec = { id, kind, role: "device", createdBy: PAIR, certificate } as const;
      const granted = await grants.grant(spec, { replace, address });
      if (granted.ok) return { id, username: id, password: granted.secret, ...signed };
      window.unclaimed(id);
      return problem(granted.code, granted.problem);
    } catch (error) {
      window.unclaimed(id);
      if (error instanceof StoreError)
        return problem("not-stored", `the store keeps nothing now (${error.code})`);
      return problem("csr-refused", `csr: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #note({ id, kind }: Claim, address: string, { error }: ClaimProblem): void {
    const entry = {
      action: "claim-refused",
      subject: id,
      by: PAIR,
      address,
      detail: `${kind}: ${error}`,
    } as const;
    this.#parts.refusals.note(`${address}\n${id}\n${error}`, entry);
  }
}

function problem(error: ClaimProblem["error"], detail: string): ClaimProblem {
  return { error, detail };
}
