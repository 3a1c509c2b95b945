import { createHash } from "node:crypto";
import { type Clock, type Store, TokenBucket, type Transactions } from "@tram/core";
import { type EpochMs, type Json, type Ms, type RuleId, TraceView } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { Trace } from "@tram/rules";
import { Type } from "typebox";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { traceOfView, traceView } from "./trace-view.ts";

const TABLE = "rule-errors";
/** Characters of all of them as JSON, and how many one rule may have. */
const LIMITS = { characters: 262_144, perRule: 16, detail: 400, checks: 16 } as const;
/** An error that is new is written at once, as long as there are not many; what only counts waits. */
const AT_ONCE = { burst: 12, perSecond: 1 / 60 } as const;
const WRITE_MS: Ms = 600_000;
/** When the flash had enough for the day, only each so manyth time. */
const SPARED = 6;

const SavedPin = Type.Object({ rule: Type.String(), trace: TraceView });
let validator: ReturnType<typeof Compile<typeof SavedPin>> | undefined;

interface Pin {
  readonly rule: RuleId;
  /** Of the store. */
  readonly key: string;
  /** Of the latest: it tells most. */
  trace: Trace;
  count: number;
  readonly since: EpochMs;
  /** As JSON, when it was last written down. */
  characters: number;
  dirty: boolean;
}

export interface PinnedErrorsParts {
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly transactions: Pick<Transactions, "record">;
  readonly meter: Pick<FeatureMeter, "verdict">;
}

/**
 * What went wrong in rules, kept through restarts: each kind of error once, with how often and when it was seen last.
 * A rule that fails a thousand times a second is written once, and its count every ten minutes.
 */
export class PinnedErrors implements Disposable {
  readonly #parts: PinnedErrorsParts;
  /** By the rule and what makes an error the same. */
  readonly #pins = new Map<string, Pin>();
  readonly #atOnce: TokenBucket;
  /** Keys that the store has still. */
  readonly #gone = new Set<string>();
  #characters = 0;
  #timer: Disposable | undefined;
  #rounds = 0;

  constructor(parts: PinnedErrorsParts) {
    this.#parts = parts;
    this.#atOnce = new TokenBucket(AT_ONCE.perSecond, AT_ONCE.burst, parts.clock.monotonic());
  }

  /** Takes up what was kept. What cannot be read is passed over, and written over in time. @throws {StoreError} */
  async restore(store: Pick<Store, "entries">): Promise<void> {
    for (const [key, saved] of await store.entries(TABLE)) {
      validator ??= Compile(SavedPin);
      if (!validator.Check(saved)) continue;
      const trace = traceOfView(saved.trace);
      const { count = 1, since = trace.time } = trace;
      const characters = charactersOf(saved);
      this.#pins.set(nameOf(saved.rule, trace), {
        rule: saved.rule as RuleId,
        key,
        trace,
        count,
        since,
        dirty: false,
        characters,
      });
      this.#characters += characters;
    }
  }

  /** Notes an error. One that is known is counted. */
  note(rule: RuleId, trace: Trace): void {
    const name = nameOf(rule, trace);
    const known = this.#pins.get(name);
    if (known !== undefined) {
      known.trace = trace;
      known.count++;
      known.dirty = true;
      this.#later();
      return;
    }
    const pin = {
      rule,
      key: keyOf(rule, name),
      trace,
      count: 1,
      since: trace.time,
      dirty: true,
      characters: 0,
    };
    this.#pins.set(name, pin);
    this.#gone.delete(pin.key);
    this.#measure(pin);
    this.#bound(rule);
    if (this.#atOnce.take(1, this.#parts.clock.monotonic())) this.write();
    else this.#later();
  }

  /** The newest first. */
  of(rule: RuleId): readonly Trace[] {
    const own = [...this.#pins.values()].filter((pin) => pin.rule === rule).map(keptOf);
    return own.sort((a, b) => b.time - a.time);
  }

  /** Forgets the rules that are no more. */
  retain(keep: (rule: RuleId) => boolean): void {
    const gone = [...this.#pins.values()].filter(({ rule }) => !keep(rule));
    this.#drop(gone);
    if (gone.length > 0) this.#later();
  }

  /** Writes what is not written yet. */
  write(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const dirty = [...this.#pins.values()].filter((pin) => pin.dirty);
    const gone = [...this.#gone];
    this.#gone.clear();
    if (dirty.length + gone.length === 0) return;
    for (const pin of dirty) {
      pin.dirty = false;
      this.#measure(pin);
    }
    void this.#parts.transactions.record((unit) => {
      for (const key of gone) unit.delete(TABLE, key);
      for (const pin of dirty) unit.put(TABLE, pin.key, savedOf(pin));
    });
  }

  [Symbol.dispose](): void {
    this.write();
  }

  #later(): void {
    this.#timer ??= this.#parts.clock.after(WRITE_MS, () => {
      this.#timer = undefined;
      if (this.#parts.meter.verdict !== "ok" && ++this.#rounds % SPARED !== 0) this.#later();
      else this.write();
    });
  }

  #measure(pin: Pin): void {
    const characters = charactersOf(savedOf(pin));
    this.#characters += characters - pin.characters;
    pin.characters = characters;
  }

  /** The oldest of this rule go when it has many; the oldest of whoever has most when all have too much. */
  #bound(rule: RuleId): void {
    const own = [...this.#pins.values()].filter((pin) => pin.rule === rule);
    if (own.length > LIMITS.perRule) this.#drop([oldestOf(own)]);
    while (this.#characters > LIMITS.characters) {
      const groups = Map.groupBy(this.#pins.values(), (pin) => pin.rule);
      const [most = []] = [...groups.values()].sort((a, b) => b.length - a.length);
      if (most.length === 0) return;
      this.#drop([oldestOf(most)]);
    }
  }

  #drop(pins: readonly (Pin | undefined)[]): void {
    for (const [name, pin] of this.#pins) {
      if (!pins.includes(pin)) continue;
      this.#pins.delete(name);
      this.#gone.add(pin.key);
      this.#characters -= pin.characters;
    }
  }
}

function oldestOf(pins: readonly Pin[]): Pin | undefined {
  return pins.reduce<Pin | undefined>(
    (oldest, pin) => (oldest === undefined || pin.trace.time < oldest.trace.time ? pin : oldest),
    undefined,
  );
}

/** Errors that differ in numbers alone are one kind: how late, which value, which run. */
function nameOf(rule: string, { detail = "", outcome, trigger }: Trace): string {
  return `${rule} ${outcome} ${trigger} ${detail.slice(0, LIMITS.detail).replace(/\d+(?:\.\d+)?/g, "#")}`;
}

function keyOf(rule: RuleId, name: string): string {
  return `${rule} ${createHash("sha256").update(name).digest("base64url").slice(0, 12)}`;
}

function keptOf({ count, since, trace }: Pin): Trace {
  const { checks, count: _count, detail, seen: _seen, since: _since, ...rest } = trace;
  return {
    ...rest,
    ...(detail === undefined ? {} : { detail: detail.slice(0, LIMITS.detail) }),
    checks: checks.slice(0, LIMITS.checks).map((check) => ({ ...check, what: check.what.slice(0, 200) })),
    ...(count > 1 ? { count, since } : {}),
    pinned: true,
  };
}

function savedOf(pin: Pin): Json {
  return { rule: pin.rule, trace: traceView(keptOf(pin)) as unknown as Json };
}

function charactersOf(saved: unknown): number {
  return JSON.stringify(saved).length;
}
