import { CSR_LIMIT, isJsonObject, type Json } from "@tram/protocol";

/** Largest claim: a signing request with a little around it. In bytes. */
export const CLAIM_LIMIT_BYTES = CSR_LIMIT + 1_024;

/** What a device says of itself when it claims a credential. */
export interface Claim {
  readonly id: string;
  /** What it is, in its own words: `esp8266-homie`. */
  readonly kind: string;
  /** PKCS #10 (RFC 2986) in PEM, when it also wants a client certificate. */
  readonly csr?: string | undefined;
}

export type ClaimParse =
  | { readonly ok: true; readonly claim: Claim }
  | { readonly ok: false; readonly problem: string };

const KIND = /^[A-Za-z0-9._-]{1,64}$/;
const CSR =
  /^-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/;

/** Reads the payload of a claim. */
export function parseClaim(payload: Uint8Array): ClaimParse {
  if (payload.length > CLAIM_LIMIT_BYTES) {
    return { ok: false, problem: `expected at most ${CLAIM_LIMIT_BYTES} bytes, found ${payload.length}` };
  }
  try {
    return checkClaim(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) as Json);
  } catch {
    return { ok: false, problem: 'expected JSON such as {"id":"lamp-1","kind":"esp8266-homie"}' };
  }
}

/** Checks a claim, member by member. Whether its id is free is another question. */
export function checkClaim(value: Json): ClaimParse {
  if (!isJsonObject(value)) return { ok: false, problem: "expected an object with id and kind" };
  const { id, kind, csr, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { ok: false, problem: `${unknown.slice(0, 40)}: unknown key` };
  if (typeof id !== "string") return { ok: false, problem: "id: expected a text" };
  if (typeof kind !== "string" || !KIND.test(kind)) {
    return { ok: false, problem: "kind: expected 1 to 64 of letters, digits, . _ and -" };
  }
  if (csr === undefined) return { ok: true, claim: { id, kind } };
  if (typeof csr !== "string" || csr.length > CSR_LIMIT || !CSR.test(csr)) {
    return {
      ok: false,
      problem: `csr: expected a certificate request in PEM of at most ${CSR_LIMIT} characters`,
    };
  }
  return { ok: true, claim: { id, kind, csr } };
}
