import { type Clock, type Log, type Store, TokenBucket, type Transactions, type Unit } from "@tram/core";
import type { Json, Ms, RuleChangesView, RuleVersionView } from "@tram/protocol";
import {
  type LastGood,
  lastGoodIn,
  outlineOf,
  type PastText,
  type Program,
  type RuleChanges,
  type RuleOutline,
  type RuleSource,
  ruleChanges,
} from "@tram/rules";
import { iso } from "../http/views.ts";
import {
  hashOf,
  type Intent,
  intentRow,
  keyOf,
  type PackedVersion,
  pack,
  packedVersion,
  unpack,
  type Version,
  versionOf,
} from "./version-row.ts";
import { VersionShelf } from "./version-shelf.ts";

const TABLE = "rule-versions";
/** Texts that an edit is about to write, by file: whoever finds one on the disk after a crash knows whose it is. */
const INTENTS = "rule-intents";
/** A program that writes a rule file all the time: so many versions at once, then one each minute. */
const FILE_RATE = { perSecond: 1 / 60, burst: 30 } as const;
const RETRY_MS: Ms = 60_000;
/** Whoever changes files on the disk is nobody that the gateway knows. */
const ON_DISK = "file";

/** Who changes a rule file. */
export interface VersionAuthor {
  readonly by: string;
  readonly note?: string | undefined;
}

/**
 * What the rule files said before, who changed them and how: a table of the store, bounded. A version is one change of
 * one file, whoever made it; it is noted when the rules are read.
 */
export class RuleVersions implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: Store;
  readonly #transactions: Pick<Transactions, "record">;
  readonly #shelf = new VersionShelf();
  readonly #intents = new Map<string, Intent>();
  /** By file what was written and not looked at yet. */
  readonly #written = new Map<string, string>();
  /** By file the text that was noted last. */
  readonly #noted = new Map<string, string>();
  /** By file what the next change is compared with: the last text that could be read, packed until it is needed. */
  readonly #bases = new Map<string, RuleOutline | string>();
  readonly #bucket: TokenBucket;
  #rows: ReadonlyMap<number, PackedVersion> | undefined;
  #retry: Disposable | undefined;
  #next = 1;

  constructor(parts: { clock: Clock; log: Log; store: Store; transactions: Pick<Transactions, "record"> }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#store = parts.store;
    this.#transactions = parts.transactions;
    this.#bucket = new TokenBucket(FILE_RATE.perSecond, FILE_RATE.burst, parts.clock.monotonic());
  }

  /** Reads what was kept. `lastGood` must be asked next. */
  async restore(): Promise<void> {
    this.#rows = await this.#entries();
    for (const [version, row] of this.#rows) {
      this.#shelf.add(versionOf(version, row));
      this.#next = version + 1;
      if (row.gone === true) this.#bases.delete(row.file);
      else if (row.text !== undefined && row.broken === undefined) this.#bases.set(row.file, row.text);
    }
    const intents: ReadonlyMap<string, unknown> = await this.#store.entries(INTENTS);
    for (const [file, value] of intents) {
      if (intentRow.Check(value)) this.#intents.set(file, value);
    }
  }

  /** Files that were there when they were last looked at. */
  get files(): readonly string[] {
    return this.#shelf.latest().flatMap(({ file, gone }) => (gone === true ? [] : [file]));
  }

  /** What goes on of the files that are broken now, from what they were before. Once, after `restore`. */
  lastGood(sources: readonly RuleSource[]): LastGood {
    const good = new Map<string, ReturnType<typeof lastGoodIn>>();
    for (const { file, text, unreadable } of sources) {
      const latest = this.#shelf.latestOf(file);
      // An edit that was announced and never came onto the disk.
      if (unreadable === undefined && this.#intents.get(file)?.hash !== hashOf(text))
        this.#intents.delete(file);
      if (latest === undefined) continue;
      const same = unreadable === undefined && latest.hash === hashOf(text);
      if (same) this.#noted.set(file, text);
      if (same && latest.broken === undefined && latest.unsound === undefined) continue;
      good.set(file, lastGoodIn(this.#past(file)));
    }
    this.#rows = undefined;
    return good;
  }

  /** Whether this text of a file was not noted yet. */
  isNews(file: string, text: string): boolean {
    return this.#noted.get(file) !== text;
  }

  /**
   * Says who is about to write a text into a file, so that it is known however the gateway ends.
   * @returns once it is kept, or cannot be.
   */
  async announce(file: string, text: string, { by, note }: VersionAuthor): Promise<void> {
    const intent: Intent = { hash: hashOf(text), by, ...(note === undefined ? {} : { note }) };
    this.#intents.set(file, intent);
    this.#written.delete(file);
    await this.#transactions.record((unit) => {
      unit.put(INTENTS, file, intent);
      unit.require("power");
    });
  }

  /** What was announced is on the disk. It is a version, also when somebody writes over it before it is looked at. */
  wrote(file: string, text: string): void {
    // It may have been looked at already.
    if (this.#intents.get(file)?.hash === hashOf(text)) this.#written.set(file, text);
  }

  /** It was not written after all. */
  withdraw(file: string): void {
    this.#intents.delete(file);
    void this.#transactions.record((unit) => unit.delete(INTENTS, file));
  }

  /** Notes what changed since the last time. @param again is called when there was too much to note now. */
  note(unit: Unit, sources: readonly RuleSource[], program: Program, again: () => void): void {
    let late = false;
    for (const { file, text, unreadable } of sources) {
      if (unreadable !== undefined || !this.isNews(file, text)) continue;
      const hash = hashOf(text);
      const intent = this.#intents.get(file);
      if (intent !== undefined && intent.hash !== hash) this.#noteOverwritten(unit, file, intent, program);
      const latest = this.#shelf.latestOf(file);
      const own = intent?.hash === hash ? intent : undefined;
      if (latest?.hash !== hash) {
        if (own === undefined && latest !== undefined && !this.#bucket.take(1, this.#clock.monotonic())) {
          late = true;
          continue;
        }
        const { by, note } = own ?? { by: ON_DISK };
        const author = { by, ...(note === undefined ? {} : { note }) };
        this.#add(unit, { file, ...author, hash, ...this.#compared(file, text, program) });
      }
      this.#noted.set(file, text);
      if (own !== undefined) this.#settle(unit, file);
    }
    const there = new Set(sources.map(({ file }) => file));
    for (const file of this.files) {
      if (there.has(file)) continue;
      const removed = [...this.#base(file).keys()];
      this.#add(unit, {
        file,
        by: ON_DISK,
        hash: "",
        gone: true,
        changes: removed.length === 0 ? {} : { removed },
      });
      this.#noted.delete(file);
      this.#bases.delete(file);
    }
    for (const version of this.#shelf.trim(this.#inUse(program))) unit.delete(TABLE, keyOf(version));
    if (!late) return;
    this.#retry?.[Symbol.dispose]();
    this.#retry = this.#clock.after(RETRY_MS, again);
  }

  /** The newest first. */
  list(filter: {
    rule?: string | undefined;
    file?: string | undefined;
    before?: number | undefined;
    limit: number;
  }): readonly RuleVersionView[] {
    return this.#shelf.find(filter).map((version) => this.view(version));
  }

  get(version: number): Version | undefined {
    return this.#shelf.get(version);
  }

  view({ bytes: _bytes, hash: _hash, hasText, time, ...rest }: Version): RuleVersionView {
    const noText = !hasText && rest.gone !== true;
    const current = rest.gone !== true && this.#shelf.latestOf(rest.file)?.version === rest.version;
    return {
      ...rest,
      time: iso(time),
      ...(noText ? { noText: true as const } : {}),
      ...(current ? { current: true as const } : {}),
    };
  }

  /** The version before this one: of the rule, where one is named, else of its file. */
  before(version: Version, rule?: string): Version | undefined {
    const filter = rule === undefined ? { file: version.file } : { rule };
    return this.#shelf.find({ ...filter, before: version.version, limit: 1 })[0];
  }

  /** The version in which a rule last changed. */
  ofRule(id: string): number | undefined {
    return this.#shelf.ofRule(id);
  }

  /** The newest version of a file in which a rule could run. */
  lastSound(file: string, id: string): { readonly version: number; readonly time: string } | undefined {
    const found = this.#shelf.lastSound(file, id);
    return found === undefined ? undefined : { version: found.version, time: iso(found.time) };
  }

  /** What a file said in a version; empty where it was gone, `undefined` where nobody knows any more. */
  async text({ gone, version }: Pick<Version, "version" | "gone">): Promise<string | undefined> {
    if (gone === true) return "";
    const text = (await this.#entries()).get(version)?.text;
    return text === undefined ? undefined : unpack(text);
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
  }

  #noteOverwritten(unit: Unit, file: string, { hash, ...author }: Intent, program: Program): void {
    const text = this.#written.get(file);
    if (text === undefined) return;
    this.#add(unit, { file, ...author, hash, ...this.#compared(file, text, program) });
    this.#settle(unit, file);
  }

  #settle(unit: Unit, file: string): void {
    this.#written.delete(file);
    this.#intents.delete(file);
    unit.delete(INTENTS, file);
  }

  #compared(
    file: string,
    text: string,
    program: Program,
  ): Pick<PackedVersion, "changes" | "broken" | "unsound" | "text"> {
    const packed = pack(text);
    const kept = packed === undefined ? {} : { text: packed };
    const outline = outlineOf(text);
    const parsed = program.files.get(file);
    const problem = parsed?.text === text ? parsed.problems[0]?.problem : undefined;
    if (outline === undefined || problem !== undefined) {
      return { changes: {}, broken: (problem ?? "expected a list of rules").slice(0, 200), ...kept };
    }
    const unsound = unsoundIn(program, file);
    const changes = ruleChanges(this.#base(file), outline);
    this.#bases.set(file, outline);
    return { changes: stored(changes), ...(unsound.length === 0 ? {} : { unsound }), ...kept };
  }

  #base(file: string): RuleOutline {
    const base = this.#bases.get(file);
    if (base === undefined) return new Map();
    return typeof base === "string" ? (outlineOf(unpack(base) ?? "") ?? new Map()) : base;
  }

  #add(unit: Unit, row: Omit<PackedVersion, "time" | "clock">): void {
    const { now, trust } = { now: this.#clock.now(), trust: this.#clock.trust };
    const whole: PackedVersion = { ...row, time: now, clock: trust };
    const version = this.#next++;
    this.#shelf.add(versionOf(version, whole));
    unit.put(TABLE, keyOf(version), whole as Json);
    const { by, broken, file, changes } = whole;
    unit.after(() =>
      this.#log.info({ version, file, by, broken, changes: countsOf(changes) }, "rules changed"),
    );
  }

  /** Versions that rules go on with: they stay, however old they are. */
  #inUse(program: Program): ReadonlySet<number> {
    const used = [...program.rules.values()].flatMap(({ broken, file, id }) =>
      broken === undefined ? [] : (this.#shelf.lastSound(file, id)?.version ?? []),
    );
    return new Set(used);
  }

  *#past(file: string): Generator<PastText> {
    for (const { unsound = [], version } of this.#shelf.find({ file, limit: Number.POSITIVE_INFINITY })) {
      const packed = this.#rows?.get(version)?.text;
      const text = packed === undefined ? undefined : unpack(packed);
      if (text !== undefined) yield { text, unsound };
    }
  }

  async #entries(): Promise<ReadonlyMap<number, PackedVersion>> {
    const rows = new Map<number, PackedVersion>();
    const entries: ReadonlyMap<string, unknown> = await this.#store.entries(TABLE);
    for (const [key, value] of entries) {
      if (packedVersion.Check(value)) rows.set(Number(key), value);
      else this.#log.warn({ version: key }, "a version of the rules is malformed and left out");
    }
    return rows;
  }
}

function unsoundIn(program: Program, file: string): string[] {
  const kept = [...program.rules.values()].flatMap((rule) =>
    rule.file === file && rule.broken !== undefined ? [rule.id as string] : [],
  );
  const lost = program.broken.flatMap((rule) =>
    rule.file === file && rule.id !== undefined ? [rule.id] : [],
  );
  return [...new Set([...kept, ...lost])];
}

function stored(changes: RuleChanges): RuleChangesView {
  return Object.fromEntries(Object.entries(changes).map(([kind, ids]) => [kind, [...ids]]));
}

function countsOf(changes: RuleChangesView): Record<string, number> {
  return Object.fromEntries(Object.entries(changes).map(([kind, ids]) => [kind, ids.length]));
}
