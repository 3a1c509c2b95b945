import type { Version } from "./version-row.ts";

/** Versions that are kept of one file. */
export const MOST_OF_A_FILE = 50;
/** What all of them may take, in bytes; the oldest go first. */
export const MOST_BYTES = 1_048_576;
/** Versions of all files. */
const MOST_VERSIONS = 2_000;

/** The versions in memory, without their texts, and which of them go when there are too many. */
export class VersionShelf {
  /** The oldest first. */
  readonly #versions = new Map<number, Version>();
  readonly #latest = new Map<string, Version>();
  readonly #counts = new Map<string, number>();
  /** By rule the version in which it last changed. */
  readonly #rules = new Map<string, number>();
  #bytes = 0;

  add(version: Version): void {
    this.#versions.set(version.version, version);
    this.#latest.set(version.file, version);
    this.#count(version, 1);
    for (const ids of Object.values(version.changes)) {
      for (const id of ids) this.#rules.set(id, version.version);
    }
  }

  get(version: number): Version | undefined {
    return this.#versions.get(version);
  }

  latest(): readonly Version[] {
    return [...this.#latest.values()];
  }

  latestOf(file: string): Version | undefined {
    return this.#latest.get(file);
  }

  ofRule(id: string): number | undefined {
    return this.#rules.get(id);
  }

  /** The newest version of a file that had this rule, fit to run. */
  lastSound(file: string, id: string): Version | undefined {
    for (const version of byRecency([...this.#versions.values()])) {
      if (version.file !== file || version.broken !== undefined || version.gone === true) continue;
      if (version.unsound?.includes(id) !== true) return version;
    }
    return undefined;
  }

  /** The newest first. */
  find({
    before = Number.POSITIVE_INFINITY,
    file,
    limit,
    rule,
  }: {
    readonly rule?: string | undefined;
    readonly file?: string | undefined;
    readonly before?: number | undefined;
    readonly limit: number;
  }): readonly Version[] {
    const found: Version[] = [];
    for (const version of byRecency([...this.#versions.values()])) {
      if (found.length >= limit) break;
      if (version.version >= before || (file !== undefined && version.file !== file)) continue;
      if (rule === undefined || touches(version, rule)) found.push(version);
    }
    return found;
  }

  /**
   * Lets go of the oldest until the rest fits. What a file says now stays, and so does what is in use.
   * @returns the numbers of those that go.
   */
  trim(inUse: ReadonlySet<number>): readonly number[] {
    const gone: number[] = [];
    for (const version of [...this.#versions.values()]) {
      const tooMany = (this.#counts.get(version.file) ?? 0) > MOST_OF_A_FILE;
      const full = this.#bytes > MOST_BYTES || this.#versions.size > MOST_VERSIONS;
      if (!tooMany && !full) continue;
      const current = version.gone !== true && this.#latest.get(version.file) === version;
      if (current || inUse.has(version.version)) continue;
      this.#remove(version);
      gone.push(version.version);
    }
    return gone;
  }

  #remove(version: Version): void {
    this.#versions.delete(version.version);
    this.#count(version, -1);
    if (this.#latest.get(version.file) === version) this.#latest.delete(version.file);
    for (const ids of Object.values(version.changes)) {
      for (const id of ids) if (this.#rules.get(id) === version.version) this.#rules.delete(id);
    }
  }

  #count({ bytes, file }: Version, by: 1 | -1): void {
    this.#bytes += by * bytes;
    const count = (this.#counts.get(file) ?? 0) + by;
    if (count === 0) this.#counts.delete(file);
    else this.#counts.set(file, count);
  }
}

/** The newest first, of versions that are in their order either way. */
function byRecency(versions: readonly Version[]): readonly Version[] {
  return [...versions].sort((a, b) => b.version - a.version);
}

function touches({ changes }: Version, rule: string): boolean {
  return Object.values(changes).some((ids) => ids.includes(rule));
}
