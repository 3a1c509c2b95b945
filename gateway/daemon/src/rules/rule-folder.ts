import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@tram/core";
import { replaceFile, whyNotWritten } from "../store/replace-file.ts";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";
import { CHANGED, type Edited, type Refused, refuse } from "./edit-refusal.ts";
import { isRuleFile } from "./rule-files.ts";

/** All rule files that somebody from afar may make: each start reads them, and so does each new Thing. */
const MOST_BYTES = 1_048_576;
/** What a small file has on a disk all the same. */
const BLOCK_BYTES = 4_096;

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

  /** Why a file must not become so long. It may always become shorter. */
  async tooMuch(file: string, text: string): Promise<Refused | undefined> {
    const sizes = await this.#sizes();
    const bytes = sizeOf(Buffer.byteLength(text));
    const old = sizes.get(file) ?? 0;
    const all = [...sizes.values()].reduce((sum, size) => sum + size, bytes - old);
    if (bytes <= old || all <= MOST_BYTES) return undefined;
    const detail = `${file}: the rule files would have ${all} bytes in all, expected at most ${MOST_BYTES}.`;
    return refuse({ code: "not-writable", detail });
  }

  /** Of the rule files that are there; a folder that cannot be read has none, and is told of by who writes. */
  async #sizes(): Promise<ReadonlyMap<string, number>> {
    const names = await readdir(this.#path).catch(() => []);
    const sizes = new Map<string, number>();
    for (const name of names.filter(isRuleFile)) {
      const found = await stat(join(this.#path, name)).catch(() => undefined);
      if (found?.isFile()) sizes.set(name, sizeOf(found.size));
    }
    return sizes;
  }

  /**
   * Writes beside the file, then takes its place: whatever happens, a whole file is there. What somebody else wrote
   * meanwhile is not overwritten.
   * @param old what it said when the new text was made; `undefined` where there was no file.
   */
  async replace(file: string, old: string | undefined, text: string): Promise<Edited<undefined>> {
    try {
      await mkdir(this.#path, { recursive: true });
      const unchanged = async (): Promise<boolean> => {
        const now = await this.read(file);
        return (now.ok ? now.value : undefined) === old;
      };
      if (!(await replaceFile(join(this.#path, file), text, { mode: 0o644, unchanged }))) return CHANGED;
      this.#meter?.wrote(wholeFileBytes(Buffer.byteLength(text)));
      return { ok: true, value: undefined };
    } catch (error) {
      const code = codeOf(error);
      this.#log.warn({ file, code }, "a rule file could not be written");
      return refuse({
        code: "not-writable",
        detail: `${file}: ${whyNotWritten(code)}. Nothing was changed.`,
      });
    }
  }
}

function sizeOf(bytes: number): number {
  return Math.max(BLOCK_BYTES, bytes);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
