import { createCipheriv, createDecipheriv } from "node:crypto";
import { BackupError } from "./backup-error.ts";
import { regroup } from "./regroup.ts";
import { HEAD_BYTES, newHead, openHead } from "./sealed-head.ts";

/**
 * Content between two tags. In bytes. STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and
 * its Nonce-Reuse Misuse-Resistance", CRYPTO 2015, https://eprint.iacr.org/2015/189) with AES-256-GCM: each chunk is
 * sealed with its number and with whether it is the last, so that none can be changed, moved, repeated or left off. As
 * in age (https://age-encryption.org/v1, "Payload"), the nonce is 11 bytes of counter and one of that mark, under a key
 * that no other file has.
 */
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;
const NONCE_BYTES = 12;

/** Encrypts a stream, in memory that does not grow with it. */
export async function* seal(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  passphrase: string,
): AsyncGenerator<Buffer> {
  const { head, key } = await newHead(passphrase);
  yield head;
  let number = 0;
  for await (const { bytes, last } of regroup(source, () => CHUNK_BYTES)) {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number++, last));
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * Decrypts what `seal` made. What it yields is authentic, but only its end says that it was all of it.
 * @throws {BackupError} `not-a-backup`, `newer-format`, `wrong-passphrase` or `damaged`.
 */
export async function* unseal(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  passphrase: string,
): AsyncGenerator<Buffer> {
  let key: Buffer | undefined;
  let number = 0;
  for await (const { bytes, last } of regroup(source, (piece) => (piece === 0 ? HEAD_BYTES : SEALED_BYTES))) {
    if (key === undefined) {
      key = await openHead(bytes, passphrase);
      continue;
    }
    const content = open(key, bytes, number, last);
    if (content === undefined) throw damage(key, bytes, number, last);
    number++;
    yield content;
  }
  if (number === 0) throw new BackupError("damaged", "the backup is damaged: it ends behind its head");
}

function damage(key: Buffer, bytes: Buffer, number: number, last: boolean): BackupError {
  // Sound, but not meant to be the last one.
  if (last && open(key, bytes, number, false) !== undefined) {
    return new BackupError("damaged", "the backup is damaged: its end is missing");
  }
  const at = HEAD_BYTES + number * SEALED_BYTES;
  const what = last ? "cut off, or changed," : "changed";
  return new BackupError("damaged", `the backup is damaged: it was ${what} behind byte ${at}`);
}

function open(key: Buffer, sealed: Buffer, number: number, last: boolean): Buffer | undefined {
  const end = sealed.length - TAG_BYTES;
  // Only an empty content has an empty chunk.
  if (end < 0 || (end === 0 && number > 0)) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(number, last), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(end));
  const content = decipher.update(sealed.subarray(0, end));
  try {
    return Buffer.concat([content, decipher.final()]);
  } catch {
    return undefined; // The one thing that it throws for: the tag is not that of the content.
  }
}

function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(number, NONCE_BYTES - 7, 6);
  nonce[NONCE_BYTES - 1] = last ? 1 : 0;
  return nonce;
}
