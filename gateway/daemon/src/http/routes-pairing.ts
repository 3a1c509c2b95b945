import {
  ClaimReply,
  ClaimRequest,
  NewPairing,
  PairingRequest,
  PairingView,
  parseThingId,
} from "@tram/protocol";
import { checkClaim } from "../mqtt/identity/claim-request.ts";
import type { Identity, WrongCode } from "../mqtt/identity/identity.ts";
import { PAIR } from "../mqtt/identity/pair-topics.ts";
import type { ClaimProblem } from "../mqtt/identity/pairing.ts";
import { problem, type Route } from "./route.ts";

/** How the reasons that a device is told over MQTT are said in HTTP. */
const STATUS: Readonly<Record<ClaimProblem["error"] | WrongCode["error"], number>> = {
  "bad-request": 400,
  "bad-id": 400,
  "csr-refused": 400,
  "wrong-code": 403,
  "other-device": 403,
  reserved: 409,
  taken: 409,
  "topics-taken": 409,
  busy: 409,
  "used-up": 409,
  "no-ca": 409,
  closed: 410,
  banned: 429,
  "too-many": 429,
  "not-stored": 503,
};

/**
 * Letting new devices in: the window, and the claim for devices that would rather speak HTTP.
 * @param place where devices reach the broker.
 */
export function pairingRoutes(
  identity: Identity,
  place: { readonly host: string; readonly port: number },
): readonly Route[] {
  const view = (): PairingView => {
    const state = identity.window.state();
    if (!state.open) return { open: false };
    const { expiresInMs, usesLeft, claimed } = state;
    return { open: true, expiresInS: Math.ceil(expiresInMs / 1_000), usesLeft, claimed: [...claimed] };
  };
  return [
    {
      method: "get",
      path: "/api/v1/pairing",
      operationId: "getPairing",
      summary: "Whether devices may claim a credential now",
      tag: "Access",
      scope: "admin",
      answer: { status: 200, description: "The window, without its code.", schema: PairingView },
      handle: () => ({ status: 200, body: view() }),
    },
    {
      method: "post",
      path: "/api/v1/pairing",
      operationId: "openPairing",
      summary: "Let devices claim credentials for some minutes; a code that was open before is void",
      tag: "Access",
      scope: "admin",
      body: PairingRequest,
      answer: { status: 201, description: "The window, with its code this once.", schema: NewPairing },
      problems: { 400: "An id that no device can have." },
      handle: (request) => {
        const { minutes = 5, uses = 1, id, replace } = request.body as unknown as PairingRequest;
        for (const [key, device] of Object.entries({ id, replace })) {
          if (device !== undefined && parseThingId(device) === undefined) {
            return problem(400, "bad-id", `${key}: expected 1 to 64 of a-z, 0-9 and -, found ${device}`);
          }
        }
        const by = request.principal?.name ?? "";
        const code = identity.window.open({ minutes, uses, by, id, replace });
        const uri = `mqtt://${PAIR}:${code}@${place.host}:${place.port}`;
        return { status: 201, body: { ...view(), code, uri, broker: place } };
      },
    },
    {
      method: "delete",
      path: "/api/v1/pairing",
      operationId: "closePairing",
      summary: "Let no more devices claim",
      tag: "Access",
      scope: "admin",
      answer: { status: 204, description: "Closed." },
      handle: (request) => {
        identity.window.close("closed", request.principal?.name ?? "");
        return { status: 204 };
      },
    },
    {
      method: "post",
      path: "/api/v1/pairing/claim",
      operationId: "claim",
      summary: "A device with the code claims its own credential",
      tag: "Access",
      scope: "open",
      fromElsewhere: true,
      body: ClaimRequest,
      answer: { status: 200, description: "The credential, this once.", schema: ClaimReply },
      problems: {
        400: "The claim or its certificate request is not acceptable.",
        403: "The code is wrong, or for another device.",
        409: "The id is taken, the code is used up, or there is no certificate authority.",
        410: "Pairing is closed.",
        429: "Too many wrong codes from this address.",
        503: "The store keeps nothing now.",
      },
      handle: async (request) => {
        const { code, ...rest } = request.body as unknown as ClaimRequest;
        const parsed = checkClaim(rest);
        if (!parsed.ok) return problem(400, "bad-request", parsed.problem);
        const reply = await identity.claimWithCode(code, parsed.claim, request.address);
        if (!("error" in reply)) return { status: 200, body: reply };
        const waitMs = "waitMs" in reply ? (reply.waitMs ?? 0) : 0;
        return {
          problem: {
            status: STATUS[reply.error],
            code: reply.error,
            detail: reply.detail,
            ...(waitMs > 0 ? { retryAfterS: Math.ceil(waitMs / 1_000) } : {}),
          },
        };
      },
    },
  ];
}
