import { type Log, Transactions } from "@tram/core";
import type { RuleId } from "@tram/protocol";
import type { Trace } from "@tram/rules";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WriteVerdict } from "../write-meter/write-meter.ts";
import { PinnedErrors } from "./pinned-errors.ts";

const HEAT = "heat" as RuleId;
const QUIET: Log = Object.assign(Object.create(null), {
  debug() {},
  info() {},
  warn() {},
  error() {},
}) as Log;

function failure(time: number, detail: string, more: Partial<Trace> = {}): Trace {
  return { time, trigger: "t", outcome: "failed", detail, checks: [], ...more };
}

function room() {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const transactions = new Transactions(store, QUIET, () => undefined);
  let written = 0;
  const meter: { verdict: WriteVerdict } = { verdict: "ok" };
  const record: Transactions["record"] = async (work) => {
    written++;
    await transactions.record(work);
  };
  return {
    clock,
    store,
    meter,
    pins: new PinnedErrors({ clock, transactions: { record }, meter }),
    written: () => written,
    async again(): Promise<PinnedErrors> {
      await transactions.record(() => undefined);
      const next = new PinnedErrors({ clock, transactions, meter });
      await next.restore(store);
      return next;
    },
  };
}

describe("errors that are kept", () => {
  test("a rule that fails a thousand times a second is written once, and its count in time", async () => {
    const { again, clock, pins, written } = room();
    for (let time = 1; time <= 5_000; time++)
      pins.note(HEAT, failure(time, `found ${time}, expected a number`));
    expect(written()).toBe(1);
    expect((await again()).of(HEAT)).toEqual([{ ...failure(1, "found 1, expected a number"), pinned: true }]);
    await clock.advance(600_000);
    expect(written()).toBe(2);
    expect((await again()).of(HEAT)).toEqual([
      { ...failure(5_000, "found 5000, expected a number"), count: 5_000, since: 1, pinned: true },
    ]);
  });

  test("errors of ever another text are not written one by one either", async () => {
    const { clock, pins, written } = room();
    const word = (n: number) => [...String(n)].map((digit) => "abcdefghij"[Number(digit)]).join("");
    for (let n = 0; n < 10_000; n++) pins.note(HEAT, failure(n, word(n)));
    expect(written()).toBeLessThanOrEqual(12);
    expect(pins.of(HEAT)).toHaveLength(16);
    expect(pins.of(HEAT)[0]?.detail).toBe(word(9_999));
    await clock.advance(600_000);
    expect(written()).toBeLessThanOrEqual(13);
  });

  test("when the flash had enough for the day, counts are written once an hour", async () => {
    const { clock, meter, pins, written } = room();
    pins.note(HEAT, failure(1, "x"));
    meter.verdict = "batch-longer";
    pins.note(HEAT, failure(2, "x"));
    await clock.advance(5 * 600_000);
    expect(written()).toBe(1);
    await clock.advance(600_000);
    expect(written()).toBe(2);
  });

  test("what is kept of a deleted rule goes, and damage is passed over", async () => {
    const { again, pins, store } = room();
    pins.note(HEAT, failure(1, "x"));
    pins.note("light" as RuleId, failure(2, "y"));
    pins.retain((rule) => rule === HEAT);
    pins[Symbol.dispose]();
    const next = await again();
    expect(next.of("light" as RuleId)).toEqual([]);
    expect(next.of(HEAT)).toHaveLength(1);
    await store.commit(
      [{ op: "put", table: "rule-errors", key: "heat z", value: { rule: "heat", trace: { time: 1 } } }],
      "crash",
    );
    expect((await again()).of(HEAT)).toHaveLength(1);
  });

  test("whatever fails, what is kept has its bound, and a rule keeps its newest errors", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat(400), fc.string({ maxLength: 600 }), fc.array(fc.string(), { maxLength: 30 })),
        ),
        (errors) => {
          const { pins, store: _store } = room();
          let time = 0;
          for (const [rule, detail, checks] of errors) {
            for (let n = 0; n < 8; n++) {
              const long = checks.map((what) => ({ what: what.repeat(20), passed: false, seen: detail }));
              const text = `${detail}${"abcdefgh"[n]}`;
              pins.note(`r${rule}` as RuleId, failure(++time, text, { checks: long }));
            }
          }
          const rules = [...new Set(errors.map(([rule]) => `r${rule}` as RuleId))];
          const kept = rules.flatMap((rule) => pins.of(rule));
          expect(JSON.stringify(kept).length).toBeLessThanOrEqual(262_144 + 2 * rules.length);
          for (const rule of rules) expect(pins.of(rule).length).toBeLessThanOrEqual(16);
        },
      ),
      { numRuns: 50 },
    );
  });
});
