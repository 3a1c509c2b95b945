import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "@tram/core";
import { syncFolderOf } from "../store/disk.ts";
import { failureOf } from "../store/store-failure.ts";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";

/** Files of the authority, in a folder that only the gateway reads. */
export class CertificateFiles {
  readonly #folder: string;
  readonly #meter: Pick<FeatureMeter, "wrote"> | undefined;

  /** @param meter counts what is written. */
  constructor(folder: string, meter?: Pick<FeatureMeter, "wrote">) {
    this.#folder = folder;
    this.#meter = meter;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** @returns undefined when there is no such file. @throws {Error} when it cannot be read. */
  read(name: string): string | undefined {
    const path = this.path(name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  /**
   * Writes whole or not at all, never readable by others. It survives a power cut once this has returned.
   * @throws {StoreError} when the disk does not take it.
   */
  write(name: string, text: string): void {
    const path = this.path(name);
    const draft = `${path}.new`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      chmodSync(this.#folder, 0o700);
      rmSync(draft, { force: true });
      writeFileSync(draft, text, { mode: 0o600, flush: true });
      this.#meter?.wrote(wholeFileBytes(Buffer.byteLength(text)));
      renameSync(draft, path);
      syncFolderOf(path);
    } catch (cause) {
      const { code, message } = failureOf(cause);
      throw new StoreError(code, message, { cause });
    }
  }
}
