import { mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Log } from "@tram/core";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";
import { CHANGED, type Edited, refuse } from "./edit-refusal.ts";

/** The rule files as texts that are read and replaced. */
export class RuleFolder {
  readonly #path: string;
  readonly #log: Log;
  readonly #meter: Pick<FeatureMeter, "wrote"> | undefined;

  constructor(path: string, parts: { log: Log; meter?: Pick<FeatureMeter, "wrote"> | undefined }) {
    this.#path = path;
    this.#log = parts.log;
    this.#meter = parts.meter;
  }

  async read(file: string): Promise<Edited<string>> {
    try {
      return { ok: true, value: await readFile(join(this.#path, file), "utf8") };
    } catch (error) {
      const code = codeOf(error);
      const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
      return refuse({ code: "unknown-file", detail: `${file}: ${why}.` });
    }
  }

  /**
   * Writes beside the file, then takes its place: whatever happens, a whole file is there. What somebody else wrote
   * meanwhile is not overwritten.
   * @param old what it said when the new text was made; `undefined` where there was no file.
   */
  async replace(file: string, old: string | undefined, text: string): Promise<Edited<undefined>> {
    let draft: string | undefined;
    try {
      await mkdir(this.#path, { recursive: true });
      const target = await realTarget(join(this.#path, file));
      // A name with a dot in front is never read as a rule file.
      draft = join(dirname(target), `.${basename(target)}.new`);
      const handle = await open(draft, "w", await modeOf(target));
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      this.#meter?.wrote(wholeFileBytes(Buffer.byteLength(text)));
      const now = await this.read(file);
      if ((now.ok ? now.value : undefined) !== old) {
        await rm(draft, { force: true });
        return CHANGED;
      }
      await rename(draft, target);
      await syncFolder(dirname(target));
      return { ok: true, value: undefined };
    } catch (error) {
      // What cannot be written cannot be removed either.
      if (draft !== undefined) await rm(draft, { force: true }).catch(() => undefined);
      this.#log.warn({ file, code: codeOf(error) }, "a rule file could not be written");
      return refuse({
        code: "not-writable",
        detail: `${file}: ${inWords(codeOf(error))}. Nothing was changed.`,
      });
    }
  }
}

/** A rule file may be a link: then the file that it names is written, and the link stays. */
async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path; // Not there yet.
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o644; // Not there yet.
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "the rules folder is on a read-only file system",
  EACCES: "the gateway may not write into the rules folder",
  EPERM: "the gateway may not write into the rules folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

function inWords(code: string): string {
  return WORDS[code] ?? `it could not be written (${code})`;
}
