import { createHash, hkdfSync, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { BackupError } from "./backup-error.ts";

/**
 * The head of a sealed file: magic (8 bytes), version, log2 N, r, p (1 each), salt (16), key check (16), and 8 bytes of
 * the SHA-256 of everything before. Like that of PNG, the magic does not survive a transfer as text, nor one that keeps
 * seven bits.
 */
const MAGIC = Buffer.from([0x89, 0x54, 0x42, 0x4b, 0x0d, 0x0a, 0x1a, 0x0a]);
const VERSION = 1;
const SALT_BYTES = 16;
const CHECK_BYTES = 16;
const DIGEST_BYTES = 8;
const SALT_AT = MAGIC.length + 4;
const CHECK_AT = SALT_AT + SALT_BYTES;
const DIGEST_AT = CHECK_AT + CHECK_BYTES;
export const HEAD_BYTES = DIGEST_AT + DIGEST_BYTES;

const KEY_BYTES = 32;

/**
 * scrypt (RFC 7914) with 32 MiB and three rounds: what OWASP's Password Storage Cheat Sheet puts beside N = 2^17, r = 8,
 * p = 1, for machines with less memory. A third of a second on a PC, some seconds on a router.
 */
const COST = { log2N: 15, r: 8, p: 3 } as const;
/** A file may ask for no more than this: whoever made it wants to be read on a router. */
const MOST = { memoryBytes: 67_108_864, p: 16 } as const;

/** Characters of a passphrase: the file lies about where nobody counts guesses. */
export const PASSPHRASE = { least: 12, most: 1_024 } as const;

interface Cost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** @throws {BackupError} `passphrase` when it is not fit to protect a new backup; it is not in the message. */
export function checkPassphrase(passphrase: string): void {
  const { length } = [...passphrase];
  const { least, most } = PASSPHRASE;
  if (length >= least && length <= most) return;
  throw new BackupError("passphrase", `passphrase: expected ${least} to ${most} characters, found ${length}`);
}

/** Makes the head of a new file, and the key of its content. */
export async function newHead(passphrase: string): Promise<{ readonly head: Buffer; readonly key: Buffer }> {
  const { log2N, r, p } = COST;
  const start = Buffer.concat([MAGIC, Buffer.from([VERSION, log2N, r, p]), randomBytes(SALT_BYTES)]);
  const { key, check } = await keysOf(passphrase, start, COST);
  const body = Buffer.concat([start, check]);
  return { head: Buffer.concat([body, digestOf(body)]), key };
}

/**
 * The key of a file's content.
 * @param head the file's first `HEAD_BYTES` bytes, or fewer where it has fewer.
 * @throws {BackupError} `not-a-backup`, `newer-format`, `damaged` or `wrong-passphrase`.
 */
export async function openHead(head: Buffer, passphrase: string): Promise<Buffer> {
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new BackupError("not-a-backup", "expected a backup, found another kind of file");
  }
  const version = head[MAGIC.length] ?? VERSION;
  if (version > VERSION) {
    throw new BackupError(
      "newer-format",
      `the backup has format ${version}, this program knows up to ${VERSION}: use the newer program`,
    );
  }
  const body = head.subarray(0, DIGEST_AT);
  const whole = head.length >= HEAD_BYTES && digestOf(body).equals(head.subarray(DIGEST_AT, HEAD_BYTES));
  if (!whole) throw new BackupError("damaged", "the backup is damaged: its head is not as it was written");
  const [log2N = 0, r = 0, p = 0] = head.subarray(MAGIC.length + 1, SALT_AT);
  const memoryBytes = 128 * 2 ** log2N * r;
  if (log2N < 1 || r < 1 || p < 1 || p > MOST.p || memoryBytes > MOST.memoryBytes) {
    throw new BackupError("damaged", "the backup asks for more memory than any that this program made");
  }
  const { key, check } = await keysOf(passphrase, head.subarray(0, CHECK_AT), { log2N, r, p });
  if (timingSafeEqual(check, head.subarray(CHECK_AT, DIGEST_AT))) return key;
  throw new BackupError("wrong-passphrase", "that is not the passphrase of this backup");
}

/** Two keys that tell nothing of each other (HKDF, RFC 5869), bound to everything that the head says before them. */
async function keysOf(
  passphrase: string,
  start: Buffer,
  cost: Cost,
): Promise<{ readonly key: Buffer; readonly check: Buffer }> {
  const master = await stretch(passphrase, start.subarray(SALT_AT), cost);
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync("sha256", master, start, purpose, bytes));
  return { key: derive("content", KEY_BYTES), check: derive("check", CHECK_BYTES) };
}

function stretch(passphrase: string, salt: Buffer, { log2N, r, p }: Cost): Promise<Buffer> {
  const cost = { N: 2 ** log2N, r, p, maxmem: 2 * MOST.memoryBytes };
  return new Promise((resolve, reject) => {
    // NFKC: the same passphrase typed on another keyboard is the same passphrase.
    scrypt(passphrase.normalize("NFKC"), salt, KEY_BYTES, cost, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function digestOf(body: Buffer): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, DIGEST_BYTES);
}
