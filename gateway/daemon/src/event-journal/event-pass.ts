import type { EpochMs } from "@tram/protocol";
import type { BlockHeader } from "./block-layout.ts";
import type { HappeningKind, JournalEvent, Moment } from "./journal-event.ts";
import { KnownHouseFold } from "./known-house-fold.ts";

export interface EventQuery {
  /** The first and the last time, as it is known now, inclusive. */
  readonly from?: EpochMs | undefined;
  readonly to?: EpochMs | undefined;
  /** Ids of Things: only what is about them. What is about no Thing comes all the same. */
  readonly things?: ReadonlySet<string> | undefined;
  readonly kinds?: ReadonlySet<HappeningKind> | undefined;
  /** Also what the house knew where the answer begins, after each start and after each gap: a replay needs it. */
  readonly known?: boolean | undefined;
}

/** One way through the journal: what is wanted of it, in its order, with its gaps. */
export class EventPass {
  readonly #query: EventQuery;
  readonly #from: EpochMs;
  readonly #to: EpochMs;
  readonly #fold = new KnownHouseFold();
  #run: number | undefined;
  /** Number of the event that comes next in this run. */
  #next = 0;
  /** What is known must be told before the next event. */
  #owesKnown: boolean;
  /** Since the latest keyframe something was missing. */
  #holed = false;
  /** Number of the event after the latest keyframe, until that event. */
  #keyframeAt: number | undefined;
  /** The journal begins later than the answer should. */
  #beginsLate = false;

  constructor(query: EventQuery) {
    this.#query = query;
    this.#from = query.from ?? Number.NEGATIVE_INFINITY;
    this.#to = query.to ?? Number.POSITIVE_INFINITY;
    this.#owesKnown = query.known === true;
  }

  /** Tells from when on there is anything at all. */
  beginsAt(time: EpochMs): void {
    this.#beginsLate = this.#query.from !== undefined && time > this.#query.from;
  }

  /** It must see every event, wanted or not: it makes out what was known. */
  get needsAll(): boolean {
    return this.#owesKnown;
  }

  needsKeyframe({ run, firstSeq }: BlockHeader): boolean {
    if (this.#query.known !== true) return false;
    return run !== this.#run || firstSeq > this.#next || this.#holed || this.#owesKnown;
  }

  /** What follows does not continue what came before, and nothing is missing between. */
  skipChapter(): void {
    this.#run = undefined;
  }

  /** A block that has nothing of what is wanted. */
  skip({ run, firstSeq, nextSeq }: BlockHeader): void {
    if (run === this.#run && firstSeq > this.#next) this.#holed = true;
    this.#run = run;
    this.#next = nextSeq;
  }

  /** What was known at a point; one may have several blocks. */
  keyframe({ run, firstSeq }: BlockHeader, events: readonly JournalEvent[]): void {
    if (run !== this.#run || firstSeq !== this.#keyframeAt) this.#fold.clear();
    if (run !== this.#run) this.#next = firstSeq;
    this.#run = run;
    this.#keyframeAt = firstSeq;
    this.#holed = false;
    this.#owesKnown = true;
    for (const event of events) this.#fold.apply(event);
  }

  /** @returns what of a block is wanted, with what must be told between. */
  events({ run, firstSeq, nextSeq }: BlockHeader, events: readonly JournalEvent[]): readonly JournalEvent[] {
    const wanted: JournalEvent[] = [];
    const [first] = events;
    if (first === undefined) return wanted;
    const missing = run === this.#run ? firstSeq - this.#next : 0;
    if (missing > 0) this.#take({ ...momentOf(first), kind: "gap", what: { missing } }, wanted);
    this.#run = run;
    for (const event of events) this.#take(event, wanted);
    this.#next = nextSeq;
    return wanted;
  }

  #take(event: JournalEvent, wanted: JournalEvent[]): void {
    if (event.kind === "gap" && this.#keyframeAt === undefined) this.#holed = true;
    else if (event.kind !== "gap") this.#keyframeAt = undefined;
    if (event.time < this.#from || event.time > this.#to) {
      if (this.#owesKnown) this.#fold.apply(event);
      return;
    }
    if (this.#beginsLate) {
      this.#beginsLate = false;
      const gap = { ...momentOf(event), kind: "gap" as const, what: { missing: undefined } };
      if (this.#wants("gap")) wanted.push(gap);
    }
    // A start or a gap comes first: what was known after it follows.
    const startsAnew = event.kind === "start" || event.kind === "gap";
    if (!startsAnew) this.#tellKnown(event, wanted);
    if (this.#wants(event.kind) && this.#isAbout(event)) wanted.push(event);
    if (startsAnew) this.#tellKnown(event, wanted);
  }

  #tellKnown(event: JournalEvent, wanted: JournalEvent[]): void {
    if (!this.#owesKnown) return;
    this.#owesKnown = false;
    const { things, readings } = this.#fold.house();
    const moment = momentOf(event);
    const known: readonly JournalEvent[] = [
      ...things.map((what) => ({ ...moment, kind: "known-thing" as const, what })),
      ...readings.map((what) => ({ ...moment, kind: "known-reading" as const, what })),
    ];
    for (const each of known) if (this.#isAbout(each)) wanted.push(each);
  }

  #wants(kind: HappeningKind): boolean {
    return this.#query.kinds?.has(kind) !== false;
  }

  #isAbout(event: JournalEvent): boolean {
    const { things } = this.#query;
    if (things === undefined) return true;
    const thing = thingOf(event);
    return thing === undefined || things.has(thing);
  }
}

function momentOf({ seq, at, time }: Moment): Moment {
  return { seq, at, time };
}

/** Id of the Thing that an event is about. */
function thingOf(event: JournalEvent): string | undefined {
  switch (event.kind) {
    case "thing":
    case "known-thing":
      return event.what.thing.id;
    case "retired":
    case "availability":
      return event.what.id;
    case "reading":
    case "quality":
    case "repaired":
    case "known-reading":
    case "event":
    case "command":
      return event.what.thing;
    default:
      return undefined;
  }
}
