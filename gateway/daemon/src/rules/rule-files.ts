import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Clock, Log } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { RuleSource } from "@tram/rules";

/** An editor writes a file in several steps; the folder is read when it has been quiet for this long. */
const QUIET_MS: Ms = 200;
const MAX_FILES = 1_000;

/** The folder of rule files: `*.yaml` and `*.yml`, without their tests. */
export class RuleFiles implements Disposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: () => void;
  #watcher: FSWatcher | undefined;
  #quiet: Disposable | undefined;

  constructor(folder: string, parts: { clock: Clock; log: Log; onChange: () => void }) {
    this.#folder = folder;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onChange = parts.onChange;
  }

  /** Reads all rule files in the order of their names. A file that cannot be read is a source that cannot be parsed. */
  read(): readonly RuleSource[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch (error) {
      this.#log.info({ folder: this.#folder, code: codeOf(error) }, "no rules folder");
      return [];
    }
    return names
      .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith("."))
      .sort()
      .slice(0, MAX_FILES)
      .flatMap((name) => this.#readOne(name));
  }

  /**
   * Starts to watch the folder, unless it does already. Where the system cannot, or the folder is not there, changes
   * wait for the next start, and the log says so.
   */
  watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#folder, () => {
        this.#quiet?.[Symbol.dispose]();
        this.#quiet = this.#clock.after(QUIET_MS, this.#onChange);
      });
      this.#watcher.on("error", (error) =>
        this.#log.warn({ reason: error.message }, "rules folder not watched"),
      );
    } catch (error) {
      this.#log.info({ folder: this.#folder, code: codeOf(error) }, "rules folder not watched");
    }
  }

  [Symbol.dispose](): void {
    this.#quiet?.[Symbol.dispose]();
    this.#watcher?.close();
  }

  #readOne(name: string): RuleSource[] {
    const path = join(this.#folder, name);
    try {
      if (!statSync(path).isFile()) return [];
      return [{ file: name, text: readFileSync(path, "utf8") }];
    } catch (error) {
      this.#log.warn({ file: name, code: codeOf(error) }, "rule file not readable");
      return [{ file: name, text: `%unreadable (${codeOf(error)})` }];
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
