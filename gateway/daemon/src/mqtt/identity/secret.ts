import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** 32 letters that nobody mixes up (no 0 and o, no 1 and l): five bits each, typed without shift. */
const SECRET_LETTERS = "23456789abcdefghijkmnpqrstuvwxyz";
const SECRET_BYTES = 20;

/** Letters of a code that is read aloud: no 0/O, 1/I/L. */
const CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const CODE_GROUPS = { count: 3, length: 3 } as const;

/** A device's secret: 160 random bits in 32 letters, which is also what the password field of a Tasmota holds. */
export function newSecret(): string {
  let bits = 0n;
  for (const byte of randomBytes(SECRET_BYTES)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: (SECRET_BYTES * 8) / 5 }, (_, index) => {
    const letter = Number((bits >> BigInt(index * 5)) & 31n);
    return SECRET_LETTERS[letter];
  }).join("");
}

/** A claim code such as `7KQ-M2R-X9D`: 44 bits. It is good for minutes and few guesses. */
export function newClaimCode(): string {
  const group = (): string =>
    Array.from({ length: CODE_GROUPS.length }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]).join("");
  return Array.from({ length: CODE_GROUPS.count }, group).join("-");
}

/** A code as people and devices write it: in any case, with or without dashes and spaces. */
export function plainCode(text: string): string {
  return text.replace(/[\s-]/g, "").toUpperCase();
}

/** SHA-256, hexadecimal. Enough for what is random: nobody can try 2^160 of them. */
export function digestOf(secret: string | Uint8Array): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Compares a secret with a digest, in a time that does not depend on either. */
export function fits(secret: string | Uint8Array, digest: string): boolean {
  const found = Buffer.from(digestOf(secret));
  const expected = Buffer.from(digest);
  return found.length === expected.length && timingSafeEqual(found, expected);
}
