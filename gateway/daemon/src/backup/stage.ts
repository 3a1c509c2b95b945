import {
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "../store/database.ts";
import { syncFile } from "../store/disk.ts";
import { loadSqlDriver } from "../store/open-sql-driver.ts";
import { SCHEMA_VERSION } from "../store/schema.ts";
import { StoreOpenError } from "../store/store-open-error.ts";
import { BackupError } from "./backup-error.ts";
import type { Manifest } from "./manifest.ts";
import { readBackup } from "./read-backup.ts";

const RESERVE_BYTES = 1_048_576;

/** @throws {BackupError} `newer-schema` when a newer program made the backup. */
export function refuseNewerBackup({ schema, version }: Manifest): void {
  if (schema <= SCHEMA_VERSION) return;
  throw new BackupError(
    "newer-schema",
    `the backup is of version ${version} and has schema ${schema}, this program knows up to ${SCHEMA_VERSION}: use the newer program`,
  );
}

/**
 * Unpacks a backup into a folder of its own. When this has resolved, everything was checked and is on the medium; else
 * the folder is gone.
 * @param folder is emptied first. Its parent must be there; who owns that owns the files.
 * @throws {BackupError}
 */
export async function stageBackup(file: string, passphrase: string, folder: string): Promise<Manifest> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const owner = ownerOf(dirname(folder));
  const folders = new Set([folder]);
  let open: number | undefined;
  try {
    const manifest = await readBackup(file, passphrase, {
      begin: (found) => {
        refuseNewerBackup(found);
        checkRoom(folder, found);
      },
      piece: ({ name }, bytes) => {
        open ??= create(folder, name, folders);
        for (let at = 0; at < bytes.length; ) at += writeSync(open, bytes, at);
      },
      end: ({ name }) => {
        open ??= create(folder, name, folders);
        fsyncSync(open);
        closeSync(open);
        open = undefined;
      },
    });
    await checkDatabases(folder, manifest);
    if (owner !== undefined) {
      for (const { name } of manifest.entries) chownSync(join(folder, name), owner.uid, owner.gid);
    }
    for (const path of folders) {
      if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
      syncFile(path);
    }
    return manifest;
  } catch (error) {
    if (open !== undefined) closeSync(open);
    rmSync(folder, { recursive: true, force: true });
    throw placeError(error, folder);
  }
}

function create(root: string, name: string, folders: Set<string>): number {
  const path = join(root, name);
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) folders.add(folder);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, "wx", 0o600);
}

/** What is in there would be quarantined at the next start: better not to take it at all. */
async function checkDatabases(folder: string, { entries }: Manifest): Promise<void> {
  if (!entries.some(({ name }) => name === "data/tram.db")) {
    throw new BackupError("damaged", "the backup is damaged: there is no database in it");
  }
  const connect = await loadSqlDriver();
  const state = inspect(connect, join(folder, "data/tram.db"));
  if (typeof state === "string")
    throw new BackupError("damaged", `the backup is damaged: data/tram.db: ${state}`);
  state.close();
  if (!entries.some(({ name }) => name === "data/history.db")) return;
  const past = connect(join(folder, "data/history.db"), "read");
  const sound = past.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  past.close();
  if (sound === "ok") return;
  throw new BackupError("damaged", `the backup is damaged: data/history.db: ${String(sound)}`);
}

function checkRoom(folder: string, { entries }: Manifest): void {
  const needed = entries.reduce((sum, { bytes }) => sum + bytes, RESERVE_BYTES);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= needed) return;
  throw new BackupError(
    "room",
    `${dirname(folder)}: expected ${Math.ceil(needed / 1_048_576)} MB for the backup, found ${Math.floor((bavail * bsize) / 1_048_576)} MB free`,
  );
}

function placeError(error: unknown, folder: string): unknown {
  if (error instanceof StoreOpenError && error.code === "newer-schema") {
    return new BackupError("newer-schema", error.message, { cause: error });
  }
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof BackupError || syscall === undefined) return error;
  return new BackupError("place", `${folder}: ${code ?? message}: nothing was changed`, { cause: error });
}

/** Root restores for the gateway's own user; everybody else for themselves. */
function ownerOf(folder: string): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? statSync(folder) : undefined;
}
