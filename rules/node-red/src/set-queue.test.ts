import fc from "fast-check";
import { expect, test } from "vitest";
import { type Attempt, type Outcome, SetQueue, type Wish } from "./set-queue.ts";
import { ManualTimers } from "./testing/manual-timers.ts";

interface Bench {
  readonly queue: SetQueue;
  readonly timers: ManualTimers;
  /** Attempts that wait for an answer. */
  readonly asked: { readonly wish: Wish; readonly answer: (attempt: Attempt) => Promise<void> }[];
  readonly outcomes: { readonly value: unknown; readonly outcome: Outcome }[];
  want(value: unknown, property?: string): void;
}

function bench(options: { most?: number; oldestMs?: number } = {}): Bench {
  const timers = new ManualTimers();
  const asked: Bench["asked"] = [];
  const outcomes: Bench["outcomes"] = [];
  const { most = 3, oldestMs = 60_000 } = options;
  const queue = new SetQueue({
    timers,
    most,
    oldestMs,
    random: () => 1,
    onChange: () => undefined,
    attempt: (wish) =>
      new Promise((resolve) => {
        const answer = async (attempt: Attempt): Promise<void> => {
          resolve(attempt);
          await new Promise(setImmediate);
        };
        asked.push({ wish, answer });
      }),
  });
  let count = 0;
  const want = (value: unknown, property = "fan/on"): void =>
    queue.push({ thing: "fan", property, value, key: `k${count++}` }, (outcome) =>
      outcomes.push({ value, outcome }),
    );
  return { queue, timers, asked, outcomes, want };
}

const AWAY: Attempt = { state: "away", code: "ECONNREFUSED", reason: "connection refused" };
const ACCEPTED: Attempt = { state: "accepted", id: "c1" };

test("values of one property go one after the other, those of others beside them", async () => {
  const { asked, outcomes, want } = bench();
  want(1);
  want(2);
  want(3, "fan/speed");
  expect(asked.map(({ wish }) => wish.value)).toEqual([1, 3]);
  await asked[0]?.answer(ACCEPTED);
  expect(asked.map(({ wish }) => wish.value)).toEqual([1, 3, 2]);
  await asked[2]?.answer({ state: "refused", code: "held", reason: "it is held" });
  expect(outcomes).toEqual([
    { value: 1, outcome: ACCEPTED },
    { value: 2, outcome: { state: "refused", code: "held", reason: "it is held" } },
  ]);
});

test("while the gateway is away the newest value waits, under the key that it had, until it is back", async () => {
  const { asked, outcomes, queue, timers, want } = bench();
  want(1);
  await asked[0]?.answer(AWAY);
  timers.advance(1_000);
  expect(asked.map(({ wish }) => wish.key)).toEqual(["k0", "k0"]);
  await asked[1]?.answer(AWAY);
  want(2);
  expect(outcomes).toMatchObject([{ value: 1, outcome: { state: "dropped", code: "superseded" } }]);
  queue.wake();
  expect(asked[2]?.wish).toMatchObject({ value: 2, key: "k1" });
  await asked[2]?.answer(ACCEPTED);
  expect(outcomes[1]).toEqual({ value: 2, outcome: ACCEPTED });
  expect([queue.waiting, timers.pending]).toEqual([0, 0]);
});

test("no more wait than may, the oldest goes first, and none waits too long", async () => {
  const { asked, outcomes, timers, want } = bench({ most: 2, oldestMs: 5_000 });
  want("a", "n/a");
  await asked[0]?.answer(AWAY);
  for (const each of ["b", "c"]) want(each, `n/${each}`);
  expect(outcomes).toMatchObject([{ value: "a", outcome: { code: "queue-full" } }]);
  for (let ms = 0; ms < 20_000; ms += 1_000) {
    timers.advance(1_000);
    await asked.at(-1)?.answer(AWAY);
  }
  expect(outcomes.slice(1).map(({ value, outcome }) => [value, "code" in outcome && outcome.code])).toEqual([
    ["b", "too-old"],
    ["c", "too-old"],
  ]);
  expect(outcomes[1]?.outcome).toMatchObject({ reason: "not accepted within 5 s: connection refused" });
});

test("when the flow is stopped everything has an end, and nothing is left behind", async () => {
  const { asked, outcomes, queue, timers, want } = bench();
  want(1);
  want(2);
  queue[Symbol.dispose]();
  want(3);
  expect(outcomes.map(({ outcome }) => "code" in outcome && outcome.code)).toEqual([
    "closed",
    "closed",
    "closed",
  ]);
  await asked[0]?.answer(ACCEPTED);
  expect(outcomes).toHaveLength(3);
  expect([queue.waiting, timers.pending]).toEqual([0, 0]);
});

test("whatever happens: each wish ends once, those of a property are never under way together, bounds hold", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("want" as const), property: fc.constantFrom("n/a", "n/b", "n/c") }),
    fc.record({ do: fc.constantFrom("accept" as const, "refuse" as const, "away" as const), at: fc.nat(8) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.nat(30_000) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { asked, outcomes, queue, timers, want } = bench({ most: 2, oldestMs: 20_000 });
      let wanted = 0;
      for (const each of steps) {
        if (each.do === "want") want(wanted++, each.property);
        else if (each.do === "wait") timers.advance(each.ms);
        else {
          const [chosen] = asked.splice(each.at % Math.max(1, asked.length), 1);
          const refused: Attempt = { state: "refused", code: "x", reason: "x" };
          await chosen?.answer({ accept: ACCEPTED, refuse: refused, away: AWAY }[each.do]);
        }
        const under = asked.map(({ wish }) => wish.property);
        expect(new Set(under).size).toBe(under.length);
        expect(queue.waiting).toBeLessThanOrEqual(2 + 3);
      }
      queue[Symbol.dispose]();
      expect(outcomes.map(({ value }) => value).sort()).toEqual(
        Array.from({ length: wanted }, (_, n) => n).sort(),
      );
      expect(timers.pending).toBe(0);
    }),
    { numRuns: 200 },
  );
});
