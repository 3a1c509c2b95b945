import { type EpochMs, formatDuration, type Instant, type Ms } from "@tram/protocol";
import { isWallDue } from "../due.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { Stretch, TimeState } from "./time-state.ts";

/** A moment that passed longer ago, in a power cut or a step of the clock, is missed. */
const MAX_LATE_MS: Ms = 60_000;
/**
 * A clock that is set back by at most this much was a little wrong, as by a time zone: what has had its turn does not
 * get another. One that is set back further was altogether wrong, and what happened under it does not count.
 */
const MAX_BACK_MS: Ms = 24 * 3_600_000;
/** No clock that shows less is right: boards without a battery begin in 1970, 2000 or with the date of a file. */
const EARLIEST: EpochMs = Date.UTC(2024, 0);
const MAX_STRETCHES = 6;
/** As exact as the wall clock is compared. */
const PRECISION_MS: Ms = 1;
/** Missed moments are counted to here. */
const MAX_COUNT = 20;

export interface ClockPolicy {
  /** What is done about moments that passed more than a minute ago. Never more than one firing for all of them. */
  readonly onMissed: "skip" | "once" | { readonly catchUpMs: Ms };
  /** While the clock cannot be believed: wait until it can, take it as it is, or let pass what falls into that time. */
  readonly whenUntrusted: "hold" | "run" | "skip";
}

export interface ClockLook extends ClockPolicy {
  readonly schedule: Schedule;
  readonly now: Instant;
  /** Look again where the present lies: the gateway started, the clock was set, or its trust is another. */
  readonly replan: boolean;
}

export interface Verdict {
  readonly outcome: "fire" | "held" | "missed";
  /** For people. */
  readonly detail?: string;
}

/**
 * What a schedule does now.
 *
 * A planned moment that has come fires when it came at most 60 s ago; of several the last does. Older ones are missed:
 * `onMissed` judges them, by the clock as it is when they are seen. Missed is what lies between the latest moment that
 * the trigger has lived through and the present, so not what was before it existed, nor what only a wrong clock passed
 * over on its way: see {@link TimeState} and docs/adr/0036.
 * @returns the state to keep, the same object when nothing changed, and what is to be done or told.
 */
export function lookAtClock(
  saved: TimeState | undefined,
  look: ClockLook,
): { readonly state: TimeState; readonly verdict?: Verdict } {
  const { now, schedule } = look;
  // States of versions before are named by the text.
  const own = saved?.at === schedule.key || saved?.at === schedule.text ? saved : undefined;
  const isTrusted = now.trust !== "untrusted";
  if (!isTrusted && look.whenUntrusted !== "run") {
    if (own?.held === true) return { state: own };
    const verdict = { outcome: "held", detail: "the clock is not trusted" } as const;
    return { state: { ...own, at: schedule.key, held: true }, verdict };
  }
  const guessed = !isTrusted || now.wall < EARLIEST;
  const isDue = own?.planned !== undefined && isWallDue(own.planned, now);
  const isSettled = own?.lived !== undefined && own.held !== true && (own.guessed === true) === guessed;
  if (own !== undefined && isSettled && !isDue && !look.replan) return { state: own };

  const line = new TimeLine(schedule, livedAt(own?.lived ?? [], now.wall));
  const base = line.lastBefore(now.wall, { guessed });
  // A plan made under a wrong clock says nothing about what was missed where there is a better base.
  const trustsPlan = isDue && (own.guessed !== true || guessed || base === undefined);
  const first = trustsPlan ? own.planned : base === undefined ? undefined : line.next(base.to);
  if (first === undefined || !isWallDue(first, now)) {
    if (base === undefined) line.add({ from: now.wall, to: now.wall }, guessed);
    const planned = base === undefined ? line.next(now.wall) : first;
    return { state: settle(own, { at: schedule.key, planned, guessed, lived: line.lived }) };
  }
  const onMissed = trustsPlan && own.guessed === true ? "skip" : look.onMissed;
  return judge(line, {
    ...look,
    onMissed,
    guessed,
    first,
    base,
    skips: own?.held === true && look.whenUntrusted === "skip",
  });
}

interface Judgement extends ClockLook {
  readonly guessed: boolean;
  /** The first moment that has come and had no turn. */
  readonly first: EpochMs;
  readonly base: Stretch | undefined;
  /** What fell into the time since the gateway booted is let pass. */
  readonly skips: boolean;
}

function judge(line: TimeLine, look: Judgement): { state: TimeState; verdict: Verdict } {
  const { base, first, guessed, now, onMissed, schedule, skips } = look;
  const end = skips ? now.wall - now.monotonic : Math.max(now.wall, first);
  const last = first <= end ? line.latest(first, end) : undefined;
  const lateMs = last === undefined ? 0 : Math.max(0, now.wall - last);
  const isLate = lateMs > MAX_LATE_MS;
  const fires =
    last !== undefined &&
    (!isLate || onMissed === "once" || (typeof onMissed === "object" && lateMs <= onMissed.catchUpMs));
  const { length: count } = line.between(first, last ?? now.wall);
  const times = count <= 1 ? "" : count >= MAX_COUNT ? ` at least ${MAX_COUNT} times` : ` ${count} times`;
  let detail: string | undefined;
  if (last === undefined)
    detail = `${schedule.text} fell${times} into the time when the clock was not trusted`;
  else if (isLate)
    detail = `missed ${schedule.text}${times}${times && ", last"} by ${formatDuration(lateMs)}`;
  else if (count > 1) detail = `stands for ${schedule.text}${times}`;
  if (fires && last !== undefined) {
    const isNext =
      first === last &&
      base !== undefined &&
      (base.guessed === true) === guessed &&
      line.next(base.to) === last;
    // A firing that makes up for others, and what is let pass after it, are done with.
    line.add({ from: isNext ? base.from : last - 1, to: isLate || skips ? now.wall : last }, guessed);
  } else {
    // What was missed because the clock was set forward by mistake comes again when it is set right.
    line.add({ from: now.wall, to: now.wall }, guessed);
  }
  const planned = line.next(Math.max(now.wall, last ?? 0));
  const state = settle(undefined, { at: schedule.key, planned, guessed, lived: line.lived });
  return {
    state,
    verdict: { outcome: fires ? "fire" : "missed", ...(detail === undefined ? {} : { detail }) },
  };
}

/** The moments of a schedule that have not had their turn. */
class TimeLine {
  lived: readonly Stretch[];
  readonly #schedule: Schedule;

  constructor(schedule: Schedule, lived: readonly Stretch[]) {
    this.#schedule = schedule;
    this.lived = lived;
  }

  /** The stretch that the present lies in, or the last one before it. */
  lastBefore(at: EpochMs, { guessed }: { guessed: boolean }): Stretch | undefined {
    return this.lived.findLast((one) => one.from <= at && (guessed || one.guessed !== true));
  }

  /** The first moment after `after` that has had no turn. */
  next(after: EpochMs): EpochMs | undefined {
    let at = this.#schedule.next(after);
    for (;;) {
      const moment = at;
      const inside =
        moment === undefined ? undefined : this.lived.find(({ from, to }) => moment > from && moment <= to);
      if (inside === undefined) return at;
      at = this.#schedule.next(inside.to);
    }
  }

  /** The last moment until `end` that has had no turn. @param first one that has come. */
  latest(first: EpochMs, end: EpochMs): EpochMs {
    let last = first;
    // It is near the end, of most schedules.
    for (let backMs = MAX_LATE_MS; end - backMs > first; backMs *= 16) {
      const found = this.next(end - backMs);
      if (found === undefined || found > end) continue;
      last = found;
      break;
    }
    // Of an every-second schedule there may be millions: each round halves what is left.
    for (let high = end; high - last > PRECISION_MS; ) {
      const next = this.next(last);
      if (next === undefined || next > end) return last;
      last = next;
      const middle = next + (high - next) / 2;
      const later = this.next(middle);
      if (later === undefined || later > end) high = middle;
      else last = later;
    }
    return last;
  }

  /** The moments from `first` to `last`, cut to some. */
  between(first: EpochMs, last: EpochMs): EpochMs[] {
    const found: EpochMs[] = [];
    for (let at: EpochMs | undefined = first; at !== undefined && at <= last; at = this.next(at)) {
      found.push(at);
      if (found.length >= MAX_COUNT) break;
    }
    return found;
  }

  /** Adds a stretch, in the place of the one that it goes on from. */
  add({ from, to }: Stretch, guessed: boolean): void {
    // Those in which nothing had its turn only tell where the present lay.
    const others = this.lived.filter((one) => one.from !== from && (one.from < from || !isEmpty(one)));
    const added = { from, to, ...(guessed ? { guessed } : {}) };
    const lived = [...others, added].sort((a, b) => a.from - b.from);
    if (lived.length > MAX_STRETCHES) joinNearest(lived, added);
    this.lived = lived;
  }
}

function isEmpty({ from, to }: Stretch): boolean {
  return to === from;
}

/**
 * Too many steps: of the two that have the least between them the first is forgotten, if nothing had its turn in it.
 * Otherwise they become one, and what is between them has had its turn. The one just added stays in any case.
 */
function joinNearest(lived: Stretch[], added: Stretch): void {
  const gaps = lived
    .slice(1)
    .map(({ from }, index) =>
      lived[index] === added ? Number.POSITIVE_INFINITY : from - (lived[index]?.to ?? 0),
    );
  const at = gaps.indexOf(Math.min(...gaps));
  const [first, second] = lived.slice(at, at + 2);
  if (first === undefined || second === undefined) return;
  const guessed = first.guessed === true && second.guessed === true ? { guessed: true } : {};
  const joined = isEmpty(first)
    ? second
    : { from: first.from, to: Math.max(first.to, second.to), ...guessed };
  lived.splice(at, 2, joined);
}

/** What counts of the past, and of a future that was lived through before the clock was set back. */
function livedAt(lived: readonly Stretch[], now: EpochMs): Stretch[] {
  return lived.flatMap((one) => {
    if (one.to <= now + MAX_BACK_MS) return [one];
    return one.from <= now ? [{ ...one, to: now }] : [];
  });
}

interface Plan {
  readonly at: string;
  readonly planned: EpochMs | undefined;
  readonly guessed: boolean;
  readonly lived: readonly Stretch[];
}

function settle(saved: TimeState | undefined, { at, guessed, lived, planned }: Plan): TimeState {
  const isSame =
    saved?.at === at &&
    saved.held !== true &&
    saved.planned === planned &&
    (saved.guessed === true) === guessed &&
    saved.lived?.length === lived.length &&
    lived.every((one, index) => saved.lived?.[index] === one);
  if (isSame) return saved;
  return {
    at,
    ...(planned === undefined ? {} : { planned }),
    ...(guessed ? { guessed } : {}),
    lived: [...lived],
  };
}
