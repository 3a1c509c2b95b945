import { type BigIntStats, type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Clock, Log } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { RuleSource } from "@tram/rules";

/** An editor writes a file in several steps; the folder is read when it has been quiet for this long. */
const QUIET_MS: Ms = 200;
/** A folder that is never quiet is read all the same. */
const LONGEST_QUIET_MS: Ms = 10_000;
/**
 * What the watcher does not see is looked for: links to files elsewhere, network file systems, a folder that was
 * replaced by another of its name, a system without watches to give.
 */
const LOOK_MS: Ms = 30_000;
/** Some editors remove a file and write it anew; one that is back by then was never gone. */
const GONE_MS: Ms = 2_000;
const MAX_FILES = 1_000;
/** More than any rule file may have. In bytes. */
const LARGEST = 1_048_576;

/** The folder of rule files: `*.yaml` and `*.yml`, without their tests. */
export class RuleFiles implements Disposable {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: () => void;
  #watcher: FSWatcher | undefined;
  /** The folder that is watched: another may take its name. */
  #watched = "";
  #ticking: Disposable | undefined;
  #quiet: Disposable | undefined;
  /** When it became unquiet, on the monotonic clock. */
  #unquietSince: Ms | undefined;
  #later: Disposable | undefined;
  /** The files as they were when they were read, and as they were at the last look. */
  #taken = "";
  #seen = "";
  #trouble: string | undefined;
  /** Files beyond the most that are read. */
  #unread = 0;
  readonly #texts = new Map<string, string>();
  /** Files that are not there any more: when that was seen, on the monotonic clock. */
  readonly #missing = new Map<string, Ms>();

  constructor(folder: string, parts: { clock: Clock; log: Log; onChange: () => void }) {
    this.#folder = folder;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onChange = parts.onChange;
  }

  /**
   * Reads all rule files in the order of their names.
   * @param known files that were there. When the folder cannot be read they are told as unreadable, not as gone: an
   * unmounted disk must not end the rules.
   */
  read(known: readonly string[] = []): readonly RuleSource[] {
    const found = this.#scan();
    this.#taken = found.state;
    if (found.code !== undefined)
      return known.map((file) => ({
        file,
        text: "",
        unreadable: `the rules folder cannot be read (${found.code})`,
      }));
    const files = found.names.map((name) => this.#readOne(name));
    const late = known.filter((file) => !found.names.includes(file)).flatMap((file) => this.#maybeGone(file));
    for (const { file } of files) this.#missing.delete(file);
    for (const file of this.#texts.keys()) if (!known.includes(file)) this.#texts.delete(file);
    for (const { file, text, unreadable } of files) if (unreadable === undefined) this.#texts.set(file, text);
    return [...files, ...late].sort((a, b) => (a.file < b.file ? -1 : 1));
  }

  /** Starts to watch the folder, also one that is not there yet. */
  watch(): void {
    this.#ticking ??= this.#clock.every(LOOK_MS, () => this.#look());
    this.#rewatch();
  }

  [Symbol.dispose](): void {
    this.#ticking?.[Symbol.dispose]();
    this.#quiet?.[Symbol.dispose]();
    this.#later?.[Symbol.dispose]();
    this.#watcher?.close();
  }

  #rewatch(): void {
    let place: string;
    try {
      place = identity(statSync(this.#folder, { bigint: true }));
    } catch {
      this.#unwatch();
      return;
    }
    if (place === this.#watched) return;
    this.#unwatch();
    this.#watched = place; // Where the system does not watch it is not asked again.
    try {
      const watcher = watch(this.#folder, () => this.#stir());
      watcher.on("error", (error) => this.#notWatched(error.message));
      this.#watcher = watcher;
    } catch (error) {
      this.#notWatched(codeOf(error));
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = "";
  }

  #notWatched(reason: string): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#log.warn({ folder: this.#folder, reason }, "rules folder not watched: it is looked at every 30 s");
  }

  /** Something happens in the folder. */
  #stir(): void {
    const now = this.#clock.monotonic();
    this.#unquietSince ??= now;
    if (now - this.#unquietSince > LONGEST_QUIET_MS) return; // The timer that runs is the last one.
    this.#quiet?.[Symbol.dispose]();
    this.#quiet = this.#clock.after(QUIET_MS, () => {
      this.#quiet = undefined;
      this.#unquietSince = undefined;
      this.#rewatch();
      if (this.#scan().state !== this.#taken) this.#onChange();
    });
  }

  /** Nobody told of a change: a file that is another at the next look too may still be growing. */
  #look(): void {
    this.#rewatch();
    const { state } = this.#scan();
    const still = state === this.#seen;
    this.#seen = state;
    if (state === this.#taken) return;
    if (still) this.#onChange();
    else {
      this.#later?.[Symbol.dispose]();
      this.#later = this.#clock.after(QUIET_MS, () => this.#look());
    }
  }

  /** The rule files by name, and a text that is another when one of them was written, replaced, or is gone. */
  #scan(): { readonly names: readonly string[]; readonly state: string; readonly code?: string } {
    let all: string[];
    try {
      all = readdirSync(this.#folder);
    } catch (error) {
      const code = codeOf(error);
      if (this.#trouble !== code) this.#log.info({ folder: this.#folder, code }, "no rules folder");
      this.#trouble = code;
      return { names: [], state: code, code };
    }
    this.#trouble = undefined;
    const names: string[] = [];
    let state = "";
    const every = all.filter(isRuleFile).sort();
    const candidates = every.slice(0, MAX_FILES);
    const unread = every.length - candidates.length;
    if (unread !== this.#unread && unread > 0) {
      this.#log.warn(
        { folder: this.#folder, unread },
        `more than ${MAX_FILES} rule files: the last are not read`,
      );
    }
    this.#unread = unread;
    for (const name of candidates) {
      try {
        const found = statSync(join(this.#folder, name), { bigint: true });
        if (!found.isFile()) continue;
        state += `${name} ${identity(found)} ${found.size} ${found.mtimeNs} ${found.ctimeNs}\n`;
      } catch (error) {
        state += `${name} ${codeOf(error)}\n`;
      }
      names.push(name);
    }
    return { names, state };
  }

  /** A file that was there a moment ago and is not. */
  #maybeGone(file: string): RuleSource[] {
    const text = this.#texts.get(file);
    if (text === undefined) return []; // Gone since before the start.
    const now = this.#clock.monotonic();
    const since = this.#missing.get(file) ?? now;
    if (now - since >= GONE_MS) {
      this.#missing.delete(file);
      return [];
    }
    this.#missing.set(file, since);
    this.#later?.[Symbol.dispose]();
    this.#later = this.#clock.after(GONE_MS, this.#onChange);
    return [{ file, text }];
  }

  #readOne(file: string): RuleSource {
    const path = join(this.#folder, file);
    try {
      if (statSync(path).size > LARGEST)
        return { file, text: "", unreadable: "the file is larger than 1 MiB" };
      return { file, text: readFileSync(path, "utf8") };
    } catch (error) {
      this.#log.warn({ file, code: codeOf(error) }, "rule file not readable");
      return { file, text: "", unreadable: `the file cannot be read (${codeOf(error)})` };
    }
  }
}

/** Whether it is called like a file of rules, and not like their tests. */
export function isRuleFile(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith(".");
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
