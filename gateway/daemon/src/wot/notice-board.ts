import type { EpochMs, Json, ThingId } from "@tram/protocol";

/** What a notice is about: a property that changed, an event of a Thing, or the list of Things itself. */
export type Subject = "property" | "event" | "directory";

/** Something that those who watch are told. */
export interface Notice {
  /** Counts up by one over all notices of this process. */
  readonly seq: number;
  readonly subject: Subject;
  readonly thing: ThingId;
  /** Key of the property, name of the event, or `thing_created` and its like. */
  readonly name: string;
  readonly data: Json;
  readonly time: EpochMs;
}

/** What somebody watches: all of a subject, all of it at one Thing, or one name. */
export interface Watch {
  readonly subject: Subject;
  readonly thing?: ThingId | undefined;
  readonly name?: string | undefined;
}

/**
 * How many notices of each subject are kept for those who come back, and how much their data may be together, in
 * characters. A torrent of values does not wash events away.
 */
export const KEPT = { property: 1_024, event: 256, directory: 256, characters: 1_048_576 } as const;

interface Kept {
  readonly notice: Notice;
  readonly characters: number;
}

/** The latest notices of one subject. */
class Memory {
  readonly #kept: Kept[] = [];
  readonly #most: number;
  #characters = 0;
  /** Number of the latest notice that was let go. */
  gone = 0;

  constructor(most: number) {
    this.#most = most;
  }

  *[Symbol.iterator](): IterableIterator<Notice> {
    for (const { notice } of this.#kept) yield notice;
  }

  add(notice: Notice): void {
    const characters = sizeOf(notice.data);
    this.#kept.push({ notice, characters });
    this.#characters += characters;
    // Twice as many before the half is let go: a shift for each would move all of them.
    if (this.#kept.length >= 2 * this.#most) this.#letGo(this.#most);
    while (this.#characters > KEPT.characters && this.#kept.length > 0) this.#letGo(1);
  }

  #letGo(count: number): void {
    for (const { characters, notice } of this.#kept.splice(0, count)) {
      this.#characters -= characters;
      this.gone = notice.seq;
    }
  }
}

/** Numbers and truth values are all alike. */
function sizeOf(data: Json): number {
  if (typeof data === "string") return data.length;
  return typeof data === "object" && data !== null ? JSON.stringify(data).length : 8;
}

type Listener = (notice: Notice) => void;

/** Brings notices to those who watch, and remembers the latest for those who lost their connection. */
export class NoticeBoard {
  readonly #watchers = new Map<string, Set<Listener>>();
  readonly #memory: Readonly<Record<Subject, Memory>> = {
    property: new Memory(KEPT.property),
    event: new Memory(KEPT.event),
    directory: new Memory(KEPT.directory),
  };
  #watched = false;
  #seq = 0;

  /** Number of the latest notice. */
  get seq(): number {
    return this.#seq;
  }

  /** Nobody has ever watched: there is nothing to say, and to nobody. */
  get idle(): boolean {
    return !this.#watched;
  }

  publish(notice: Omit<Notice, "seq">): void {
    if (!this.#watched) return;
    const numbered = { ...notice, seq: ++this.#seq };
    this.#memory[notice.subject].add(numbered);
    for (const key of keysOf(notice)) for (const tell of this.#watchers.get(key) ?? []) tell(numbered);
  }

  watch(watch: Watch, tell: Listener): Disposable {
    this.#watched = true;
    const key = keyOf(watch);
    const listeners = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, listeners);
    // A function of its own each time: the same listener may watch twice.
    const own: Listener = (notice) => tell(notice);
    listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own);
        if (listeners.size === 0 && this.#watchers.get(key) === listeners) this.#watchers.delete(key);
      },
    };
  }

  /**
   * The notices after one.
   * @param seq its number; 0 for all that are kept.
   * @returns `complete: false` when some between were let go, perhaps of others.
   */
  since(watch: Watch, seq: number): { readonly notices: readonly Notice[]; readonly complete: boolean } {
    const memory = this.#memory[watch.subject];
    const key = keyOf(watch);
    const notices = [...memory].filter((notice) => notice.seq > seq && keysOf(notice).includes(key));
    return { notices, complete: seq >= memory.gone };
  }
}

function keyOf({ subject, thing = "" as ThingId, name = "" }: Watch): string {
  return `${subject} ${thing} ${name}`;
}

/** Whose watchers hear of a notice. The directory is one, not one for each Thing. */
function keysOf({ subject, thing, name }: Omit<Notice, "seq">): readonly string[] {
  if (subject === "directory") return [keyOf({ subject }), keyOf({ subject, name })];
  return [keyOf({ subject, thing }), keyOf({ subject, thing, name })];
}
