import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Json } from "@tram/protocol";

/** scrypt (RFC 7914) with N = 2^14, r = 8, p = 1: 16 MB and about 50 ms on a PC, half a second on a router. */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;

export interface PasswordHash {
  readonly salt: string;
  readonly hash: string;
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

export async function hashPassword(password: string): Promise<PasswordHash & { [key: string]: Json }> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return { salt: salt.toString("base64"), hash: hash.toString("base64"), n: COST.N, r: COST.r, p: COST.p };
}

/** Compares in constant time. */
export async function verifyPassword(password: string, stored: PasswordHash): Promise<boolean> {
  const { n, r, p } = stored;
  const expected = Buffer.from(stored.hash, "base64");
  const found = await derive(password, Buffer.from(stored.salt, "base64"), { N: n, r, p });
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC (RFC 8265 §4.2.2): the same password typed on another keyboard is the same password.
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
