import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@tram/core";
import { replaceFile, whyNotWritten } from "../store/replace-file.ts";
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

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
