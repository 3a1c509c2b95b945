import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { PRODUCT } from "@tram/protocol";
import { BackupError } from "../backup/backup-error.ts";
import type { Manifest } from "../backup/manifest.ts";
import { checkPassphrase } from "../backup/sealed-head.ts";
import { readOverrides } from "../config/overrides.ts";
import { answers } from "../runtime/answers.ts";
import { syncFile, syncFolderOf } from "../store/disk.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { findSocket } from "./find-socket.ts";
import { readPassphrase } from "./read-passphrase.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

/** `backup F`: takes a backup of the running gateway, and reads it once before it says that there is one. */
export const backup: CommandBody = (context) =>
  told(async () => {
    const { output, options, args } = context;
    const [file = ""] = args;
    const passphrase = await readPassphrase({ file: options["passphrase-file"], twice: true });
    checkPassphrase(passphrase);
    const client = await DaemonClient.of(context);
    const body = { passphrase, history: options["without-history"] !== true };
    const manifest = await output.progress("The backup is made", save(client, file, body));
    const { counts, createdAt, gateway, left } = manifest;
    const { size } = statSync(file);
    output.show({ file: resolve(file), bytes: size, gateway, createdAt, counts, left }, () => {
      output.line(`${output.style("bold", file)}  ${megabytes(size)}, ${inWords(manifest)}`);
      output.line(
        "It was read back and is whole. Without the passphrase nobody can open it, and nobody can help.",
      );
      for (const line of left) output.line(output.style("yellow", `Not in it: ${line}`));
    });
    return 0;
  });

async function save(
  client: DaemonClient,
  file: string,
  body: { readonly passphrase: string; readonly history: boolean },
): Promise<Manifest> {
  const draft = `${file}.new`;
  try {
    await client.download("/api/v1/backup", body, draft);
    const { inspectBackup } = await import("../backup/read-backup.ts");
    const { manifest } = await inspectBackup(draft, body.passphrase);
    syncFile(draft);
    renameSync(draft, file);
    syncFolderOf(resolve(file));
    return manifest;
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** `restore F`: puts a backup in the place of what is here. The gateway must stand still. */
export const restore: CommandBody = (context) =>
  told(async () => {
    const { output, options, args } = context;
    const [file] = args;
    if (options.resume === true) return resume(context, file);
    if (file === undefined) throw new UsageError(`expected \`${PRODUCT.name} restore FILE\`, found no file`);
    const { inspectBackup } = await import("../backup/read-backup.ts");
    const { refuseNewerBackup } = await import("../backup/stage.ts");
    const passphrase = await readPassphrase({ file: options["passphrase-file"], twice: false });
    const inspected = await output.progress("The backup is checked", inspectBackup(file, passphrase));
    const { manifest } = inspected;
    refuseNewerBackup(manifest);
    const { counts, createdAt, gateway } = manifest;
    if (options.check === true) {
      output.show(
        { file: resolve(file), sound: true, gateway, createdAt, counts, version: manifest.version },
        () => output.line(`${file}: sound, ${inWords(manifest)}`),
      );
      return 0;
    }
    const { restoreTarget } = await import("../backup/restore-target.ts");
    const target = restoreTarget(inspected, {
      config: typeof options.config === "string" ? options.config : undefined,
      keepConfig: options["keep-config"] === true,
      data: typeof options.data === "string" ? options.data : readOverrides(context.environment).data,
      overrides: readOverrides(context.environment),
    });
    const refuseRunning = async (): Promise<void> => {
      const socket = await findSocket({ ...context, options: { ...options, data: target.data } });
      if ((await answers(socket)) === "no") return;
      const hint = existsSync("/etc/init.d") ? `\`service ${PRODUCT.name} stop\`` : "stop it";
      throw new CommandFailed(
        `a gateway runs on ${target.data}: ${hint} first, and start it again afterwards`,
      );
    };
    await refuseRunning();
    const { putBack } = await import("../backup/put-back.ts");
    const done = await output.progress(
      "The backup is put back",
      putBack(file, passphrase, { target, beforeCommit: refuseRunning }),
    );
    output.show({ restored: true, file: resolve(file), gateway, createdAt, counts, ...done }, () => {
      output.line(`${output.style("bold", gateway.name)}  ${inWords(manifest)}`);
      output.line(`It is in ${done.data}. What was there before is in ${done.before}.`);
      for (const note of done.notes) output.line(output.style("yellow", note));
      output.line(`Start the gateway now: its devices and people come in as before.`);
    });
    return 0;
  });

async function resume(
  { output, options, environment }: CommandContext,
  file: string | undefined,
): Promise<number> {
  if (file !== undefined) throw new UsageError("--resume: expected no file with it, for it was read before");
  const data = typeof options.data === "string" ? options.data : readOverrides(environment).data;
  if (data === undefined) throw new UsageError("--resume: expected --data DIR with it");
  const { isRestorePending } = await import("../backup/restore-state.ts");
  const { resumeRestore } = await import("../backup/resume.ts");
  const pending = isRestorePending(data);
  if (pending) resumeRestore(data);
  output.show({ resumed: pending, data: resolve(data) }, () =>
    output.line(pending ? `The restore in ${data} has ended.` : `No restore is pending in ${data}.`),
  );
  return 0;
}

function inWords({ counts, createdAt, gateway }: Manifest): string {
  const { credentials = 0, ruleFiles = 0, things = 0, users = 0 } = counts;
  const when = `${createdAt.slice(0, 16).replace("T", " ")} UTC`;
  return `${gateway.id} of ${when}: ${things} Things, ${credentials} credentials, ${ruleFiles} rule files, ${users} users`;
}

function megabytes(bytes: number): string {
  return bytes < 1_048_576 ? `${Math.ceil(bytes / 1_024)} kB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

async function told(body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof BackupError && error.code === "passphrase") throw new UsageError(error.message);
    if (error instanceof BackupError) throw new CommandFailed(error.message);
    throw error;
  }
}
