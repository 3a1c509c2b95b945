import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BackupError } from "./backup-error.ts";
import { type ContentVisitor, readContentOf } from "./content.ts";
import type { Manifest } from "./manifest.ts";
import { unseal } from "./sealed.ts";

/**
 * Reads a backup from its first byte to its last. What a visitor was told counts only once this has resolved.
 * @throws {BackupError}
 */
export async function readBackup(
  file: string,
  passphrase: string,
  visitor: ContentVisitor,
): Promise<Manifest> {
  try {
    let manifest: Manifest | undefined;
    await pipeline(
      Readable.from(unseal(sourceOf(file), passphrase), { objectMode: false }),
      createGunzip(),
      async (content: AsyncIterable<Buffer>) => {
        manifest = await readContentOf(content, visitor);
      },
    );
    if (manifest === undefined) throw new BackupError("damaged", "the backup is damaged: it is empty");
    return manifest;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // https://zlib.net/manual.html: Z_DATA_ERROR, Z_BUF_ERROR. What was sealed is authentic, but was never a backup.
    if (!/^Z_/.test(String(code))) throw error;
    throw new BackupError("damaged", "the backup is damaged: its content is not compressed as it should be", {
      cause: error,
    });
  }
}

/** @throws {BackupError} `place` when it cannot be read. */
async function* sourceOf(file: string): AsyncGenerator<Buffer> {
  try {
    for await (const part of createReadStream(file)) yield part as Buffer;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : `error ${code}`;
    throw new BackupError("place", `${file}: expected a backup, found ${found}`, { cause });
  }
}

/** What a backup is, and the small files that decide where it goes. */
export interface Inspected {
  readonly manifest: Manifest;
  /** Text of the configuration's files, by name of the entry. */
  readonly configs: ReadonlyMap<string, string>;
}

/** Checks every byte of a backup without writing any. @throws {BackupError} */
export async function inspectBackup(file: string, passphrase: string): Promise<Inspected> {
  const configs = new Map<string, string>();
  let parts: Uint8Array[] = [];
  const manifest = await readBackup(file, passphrase, {
    begin() {},
    piece: ({ name }, bytes) => {
      if (/^config\/[^/]+$/.test(name)) parts.push(bytes);
    },
    end: ({ name }) => {
      if (/^config\/[^/]+$/.test(name)) configs.set(name, Buffer.concat(parts).toString("utf8"));
      parts = [];
    },
  });
  return { manifest, configs };
}
