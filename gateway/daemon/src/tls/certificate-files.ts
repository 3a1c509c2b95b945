import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files of the authority, in a folder that only the gateway reads. */
export class CertificateFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns undefined when there is no such file. @throws {Error} when it cannot be read. */
  read(name: string): string | undefined {
    const path = join(this.#folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  /** Writes whole or not at all; never readable by others. @throws {Error} when the disk does not take it. */
  write(name: string, text: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    chmodSync(this.#folder, 0o700);
    const path = join(this.#folder, name);
    const draft = `${path}.new`;
    rmSync(draft, { force: true });
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, path);
  }
}
