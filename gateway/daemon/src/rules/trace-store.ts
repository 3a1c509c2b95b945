import { isJsonObject, type Json, type RuleId, type TraceResult } from "@tram/protocol";
import type { Look, Trace } from "@tram/rules";
import { costOf, DIARY_BYTES } from "./trace-cost.ts";

/** What the traces of all rules may take of the memory, in bytes, as {@link costOf} reckons. */
const MAX_BYTES = 1_048_576;
/** Room is made for more than one line at a time: dropping lines costs a look at all rules. */
const FREED = 0.9;
/** Characters of a line's text, and of a value in it. */
const MAX_TEXT = 400;
const MAX_CHECKS = 64;

/** A line as it is kept: what stands for several, or whose outcome is to come, is changed in place. */
type Line = { -readonly [Key in keyof Trace]: Trace[Key] };

interface Diary {
  /** The oldest first. */
  lines: Line[];
  bytes: number;
  /** Lines that an equal evaluation is counted in, by what makes it equal. */
  readonly open: Map<string, Line>;
  /** Lines whose outcome is to come, by the effect. */
  readonly effects: Map<string, Line>;
  /** From then on nothing is missing; 0 while nothing was dropped. */
  completeFrom: number;
}

/**
 * The diaries of all rules, in memory that is bounded for all of them together. Room is shared fairly: as long as a
 * rule takes no more than its share it loses nothing, however much the others write; what others do not need is there
 * for those who do.
 */
export class TraceStore {
  readonly #maxBytes: number;
  readonly #diaries = new Map<RuleId, Diary>();
  #bytes = 0;

  constructor({ maxBytes = MAX_BYTES }: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes;
  }

  /** What is taken now, as it is reckoned. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes a line; one that says what the line before said is counted there. */
  add(rule: RuleId, trace: Trace): void {
    const diary = this.#diary(rule);
    const repeats = trace.runId === undefined && trace.effect === undefined && trace.checks.length === 0;
    const key = `${trace.outcome} ${trace.trigger} ${trace.detail ?? ""}`;
    if (repeats && count(diary.open.get(key), trace)) return;
    // What comes after something else is told after it.
    diary.open.clear();
    const line = bounded(trace);
    if (repeats) diary.open.set(key, line);
    if (line.effect !== undefined && line.result === undefined) diary.effects.set(line.effect, line);
    this.#append(diary, line);
  }

  /** Notes that a trigger was looked at and did not fire. Looks that say the same are one line. */
  look(rule: RuleId, key: string, { seen, time, traced, trigger, verdict }: Look): void {
    if (traced === true) return;
    const diary = this.#diary(rule);
    const name = `${key} ${verdict}`;
    const line = diary.open.get(name);
    if (line === undefined) {
      const made = bounded({
        time,
        trigger,
        ...(seen === undefined ? {} : { seen }),
        outcome: "rejected",
        detail: verdict,
        checks: [],
      });
      diary.open.set(name, made);
      this.#append(diary, made);
      return;
    }
    count(line, { time });
    if (seen === undefined) return;
    if (typeof seen === "number" && typeof line.seen === "number") line.seen = seen;
    else this.#change(diary, line, { seen: boundedValue(seen) });
  }

  /**
   * Tells how what an action wanted has ended; its line says so from then on.
   * @returns the line; `undefined` when that is not kept any more.
   */
  outcome(rule: RuleId, effect: string, result: TraceResult): Trace | undefined {
    const diary = this.#diaries.get(rule);
    const line = diary?.effects.get(effect);
    if (diary === undefined || line === undefined) return undefined;
    diary.effects.delete(effect);
    const detail = result.detail === undefined ? {} : { detail: cut(result.detail) };
    this.#change(diary, line, { result: { ...result, ...detail } });
    return line;
  }

  /** The newest first. */
  read(rule: RuleId, most = Number.POSITIVE_INFINITY): readonly Trace[] {
    const { lines } = this.#diaries.get(rule) ?? { lines: [] };
    const newest = [...lines].reverse();
    // A line that counts is as new as the last that it counted.
    return newest.sort((a, b) => b.time - a.time).slice(0, most);
  }

  /** The newest line that is no rejection. */
  last(rule: RuleId): Trace | undefined {
    return this.#diaries.get(rule)?.lines.findLast(({ outcome }) => outcome !== "rejected");
  }

  /** Since when nothing is missing of a rule; 0 when nothing was dropped since the start. */
  completeFrom(rule: RuleId): number {
    return this.#diaries.get(rule)?.completeFrom ?? 0;
  }

  /** Forgets the rules that are no more. */
  retain(keep: (rule: RuleId) => boolean): void {
    for (const [rule, { bytes }] of this.#diaries) {
      if (keep(rule)) continue;
      this.#bytes -= bytes;
      this.#diaries.delete(rule);
    }
  }

  #diary(rule: RuleId): Diary {
    let diary = this.#diaries.get(rule);
    if (diary === undefined) {
      diary = { lines: [], bytes: DIARY_BYTES, open: new Map(), effects: new Map(), completeFrom: 0 };
      this.#diaries.set(rule, diary);
      this.#bytes += DIARY_BYTES;
    }
    return diary;
  }

  #append(diary: Diary, line: Line): void {
    diary.lines.push(line);
    this.#grow(diary, costOf(line));
  }

  #change(diary: Diary, line: Line, change: Pick<Partial<Line>, "result" | "seen">): void {
    const before = costOf(line);
    Object.assign(line, change);
    this.#grow(diary, costOf(line) - before);
  }

  #grow(diary: Diary, bytes: number): void {
    diary.bytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }

  /** Those who have more than everybody may have lose their oldest lines. */
  #makeRoom(): void {
    const diaries = [...this.#diaries.values()];
    const share = fairShare(
      diaries.map(({ bytes }) => bytes),
      this.#maxBytes * FREED,
    );
    for (const diary of diaries) if (diary.bytes > share) this.#shrink(diary, share);
  }

  #shrink(diary: Diary, most: number): void {
    let dropped = 0;
    let freed = 0;
    for (const line of diary.lines) {
      if (diary.bytes - freed <= most) break;
      freed += costOf(line);
      dropped++;
      diary.completeFrom = Math.max(diary.completeFrom, line.time);
      if (line.effect !== undefined) diary.effects.delete(line.effect);
    }
    const gone = new Set(diary.lines.splice(0, dropped));
    for (const [key, line] of diary.open) if (gone.has(line)) diary.open.delete(key);
    diary.bytes -= freed;
    this.#bytes -= freed;
  }
}

/** How much everybody may have, so that all together have no more than `total`: who has less gives to who has more. */
export function fairShare(sizes: readonly number[], total: number): number {
  const sorted = [...sizes].sort((a, b) => a - b);
  let left = total;
  for (const [index, size] of sorted.entries()) {
    const share = left / (sorted.length - index);
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

/** Counts an equal evaluation in a line. @returns false when there is none. */
function count(line: Line | undefined, { time }: { readonly time: number }): boolean {
  if (line === undefined) return false;
  line.since ??= line.time;
  line.count = (line.count ?? 1) + 1;
  line.time = time;
  return true;
}

/** A copy that is not larger than a line may be. */
function bounded(trace: Trace): Line {
  const { checks, detail, seen } = trace;
  return {
    ...trace,
    ...(detail === undefined ? {} : { detail: cut(detail) }),
    ...(seen === undefined ? {} : { seen: boundedValue(seen) }),
    checks: checks
      .slice(0, MAX_CHECKS)
      .map((check) => ({ what: cut(check.what), passed: check.passed, seen: boundedValue(check.seen) })),
  };
}

function boundedValue(value: unknown): Json {
  const json = value as Json;
  return isLarge(json) ? cut(typeof json === "string" ? json : JSON.stringify(json)) : json;
}

function isLarge(value: Json): boolean {
  if (typeof value === "string") return value.length > MAX_TEXT;
  return (isJsonObject(value) || Array.isArray(value)) && JSON.stringify(value).length > MAX_TEXT;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
