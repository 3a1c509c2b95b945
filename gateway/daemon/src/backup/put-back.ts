import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "../config/config-error.ts";
import { loadConfig } from "../config/load.ts";
import { commitRestore, finishRestore } from "./apply.ts";
import { BackupError } from "./backup-error.ts";
import { isRestorePending, stagingOf } from "./restore-state.ts";
import type { RestoreTarget } from "./restore-target.ts";
import { stageBackup } from "./stage.ts";

export interface PutBack {
  readonly data: string;
  readonly rulesDir: string;
  /** What was there before. */
  readonly before: string;
  /** What of the configuration does not fit this machine, one line each. */
  readonly notes: readonly string[];
}

/**
 * Puts a backup in the place of what is there. It is unpacked beside that and checked first; then there is no way back.
 * @param options.beforeCommit a last look; whoever throws there stops it with nothing changed.
 * @throws {BackupError} with nothing changed; or when it must be ended later (`place`), and the message tells how.
 */
export async function putBack(
  file: string,
  passphrase: string,
  options: { readonly target: RestoreTarget; readonly beforeCommit: () => Promise<void> },
): Promise<PutBack> {
  const { beforeCommit, target } = options;
  const { data, outside, rulesDir } = target;
  makeFolder(data);
  for (const folder of [...outside.map(({ to }) => dirname(to)), rulesDir]) refuseUnwritable(folder);
  if (isRestorePending(data)) {
    throw new BackupError(
      "place",
      `${data}: a restore was cut short here: end it with --resume --data ${data}`,
    );
  }
  const staging = stagingOf(data);
  const { createdAt, gateway } = await stageBackup(file, passphrase, staging);
  const aside = nameAside(data);
  try {
    await beforeCommit();
    const note = `the backup of ${gateway.id} of ${createdAt}; what was there before is in ${aside}`;
    commitRestore(data, { aside, outside: [...outside], rulesDir, note });
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
  try {
    finishRestore(data);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BackupError(
      "place",
      `${message}: mend that, then end the restore with --resume --data ${data}`,
      { cause },
    );
  }
  return { data, rulesDir, before: join(data, aside), notes: notesOf(target.config) };
}

function makeFolder(data: string): void {
  try {
    makeFolders(data, 0o700);
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new BackupError(
      "place",
      `data: expected a folder that can be made, found ${code}: ${data}. --data names another, --keep-config leaves this machine's configuration as it is`,
      { cause },
    );
  }
}

/** Found out before anything is decided: what cannot be written then would leave the house between two states. */
function refuseUnwritable(folder: string): void {
  try {
    makeFolders(folder, 0o755);
    // Rights alone do not tell: root has all of them, also on what cannot be written.
    const probe = join(folder, `.restore-${process.pid}`);
    writeFileSync(probe, "", { flag: "wx" });
    rmSync(probe);
  } catch (cause) {
    throw new BackupError(
      "place",
      `${folder}: expected a folder that can be written, found ${(cause as NodeJS.ErrnoException).code}. --config names another place, --keep-config leaves this machine's configuration as it is`,
      { cause },
    );
  }
}

/** One by one: `recursive` of Node never ends where a folder says that it is not there when something is made in it (/proc). */
function makeFolders(path: string, mode: number): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path), mode);
  mkdirSync(path, { mode });
}

function nameAside(data: string): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  for (let number = 1; ; number++) {
    const name = `before-restore-${stamp}${number === 1 ? "" : `-${number}`}`;
    if (!existsSync(join(data, name))) return name;
  }
}

/** What the configuration names and this machine does not have. */
function notesOf(config: string | undefined): readonly string[] {
  if (config === undefined || !existsSync(config)) return [];
  try {
    loadConfig(config, {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}
