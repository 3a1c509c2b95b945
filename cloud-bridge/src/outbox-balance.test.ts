import { type MessageClass, StoreError, Unit } from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, it } from "vitest";
import type { Draft, Flight, Outbox, OutboxOptions } from "./outbox.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { openQueue } from "./testing/queue-bench.ts";

const ROUNDS = Number(process.env.BALANCE_ROUNDS ?? 40);
const STEPS = 400;
const MINUTE = 60_000;
const LIMITS: OutboxOptions["limits"] = {
  rows: 60,
  bytes: 6_000,
  parked: 10,
  classes: { telemetry: { rows: 30, ttlMs: 40 * MINUTE }, alarm: { ttlMs: 90 * MINUTE } },
};
const ROOMY: OutboxOptions["limits"] = { rows: 1e6, bytes: 1e9, parked: 1_000 };

/** A small generator, so that a failure can be repeated (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** How many messages one stands for. */
function weight(value: Json): number {
  return isJsonObject(value) && typeof value.count === "number" ? value.count : 1;
}

/** Messages that came in, and where each of them is. */
interface Books {
  kept: number;
  acknowledged: number;
  discarded: number;
}

/** One process in its life: everything that can be done with a queue, at random, over a store that fails now and then. */
async function live(random: () => number, more: Partial<OutboxOptions>) {
  const memory = new MemoryStore();
  const store = new GatedStore(memory);
  const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 5) });
  const { outbox } = await openQueue(store, { clock, window: 4, limits: LIMITS, ...more });
  const books: Books = { kept: 0, acknowledged: 0, discarded: 0 };
  const flights: Flight[] = [];
  const below = (most: number): number => Math.floor(random() * most);
  const say = (): void => {
    const unit = new Unit(store, (error) => {
      throw error;
    });
    for (let count = 1 + below(6); count > 0; count--) {
      const dice = random();
      const kind: MessageClass = dice < 0.15 ? "alarm" : dice < 0.3 ? "reply" : "telemetry";
      const thing = `t${below(4)}`;
      const draft: Draft = {
        class: kind,
        group: thing,
        thing,
        name: `n/p${below(2)}`,
        time: clock.now(),
        value: below(1_000),
        quality: "good",
      };
      outbox.enqueue(draft, unit);
      unit.after((kept) => {
        if (kept) books.kept++;
      });
    }
    void unit.commit().catch(() => undefined);
  };
  const settle = (flight: Flight): void => {
    const dice = random();
    if (dice < 0.6) {
      books.acknowledged += weight(flight.message.value);
      outbox.settle(flight, { outcome: "acknowledged" });
    } else if (dice < 0.8) outbox.settle(flight, { outcome: "retry", reason: "not now" });
    else outbox.settle(flight, { outcome: "rejected", reason: "never" });
  };
  const lookAfterParked = async (): Promise<void> => {
    const parked = await outbox.parked({ after: 0, limit: 100 });
    const one = parked[below(parked.length)];
    if (one === undefined) return;
    const again = random() < 0.5;
    const done = await (again ? outbox.sendAgain(one.seq) : outbox.discard(one.seq)).catch(() => false);
    if (done && !again) books.discarded += weight(one.message?.value ?? 0);
  };
  for (let step = 0; step < STEPS; step++) {
    const dice = random();
    if (dice < 0.4) say();
    else if (dice < 0.6) flights.push(...(await outbox.take(1 + below(8))));
    else if (dice < 0.8) {
      for (let count = below(6); count > 0; count--) {
        const [flight] = flights.splice(below(flights.length), 1);
        if (flight !== undefined) settle(flight);
      }
    } else if (dice < 0.84) outbox.resume();
    else if (dice < 0.86) outbox.connected();
    else if (dice < 0.91) await outbox.tend();
    else if (dice < 0.94) await clock.advance(below(30 * MINUTE));
    else if (dice < 0.95) clock.step((random() - 0.5) * 20 * 3_600_000);
    else if (dice < 0.98) await lookAfterParked();
    else memory.failWith(random() < 0.5 ? new StoreError("full", "no space left") : undefined);
  }
  memory.failWith(undefined);
  await outbox.tend();
  say();
  await outbox.flush();
  return { outbox, books, memory, flights };
}

/** Messages that lie in a log, and those that they stand for. */
async function lying(memory: MemoryStore, log: string): Promise<number> {
  const rows = await memory.rows(log, { after: 0, limit: 1_000_000 });
  return rows.reduce((sum, { value }) => {
    const row = (isJsonObject(value) && isJsonObject(value.row) ? value.row : value) as { v: Json };
    return sum + weight(row.v);
  }, 0);
}

function droppedOf(outbox: Outbox): number {
  const { drops } = outbox.counts();
  // What was not kept never came in.
  return Object.values(drops).reduce((sum, { "not-kept": _none, ...reasons }) => {
    return sum + Object.values(reasons).reduce((all, count) => all + count, 0);
  }, 0);
}

it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  "the books balance: what came is delivered, waits, is parked, was dropped and counted, or discarded (%i)",
  async (round) => {
    const { outbox, books, memory } = await live(seeded(round + 1), {});
    const { queued, parked } = outbox.counts();
    expect(await memory.extent("outbox-up")).toMatchObject({ count: queued });
    expect(await memory.extent("parked-up")).toMatchObject({ count: parked });
    expect(books.acknowledged + books.discarded + queued + parked + droppedOf(outbox)).toBe(books.kept);
  },
);

it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  "the books balance with what is summed up (%i)",
  async (round) => {
    const thinning = { afterMs: 10 * MINUTE, slotMs: 5 * MINUTE };
    const { outbox, books, memory } = await live(seeded(round + 1), { thinning, limits: ROOMY });
    const { queued, parked } = outbox.counts();
    expect(await memory.extent("outbox-up")).toMatchObject({ count: queued });
    expect(await memory.extent("parked-up")).toMatchObject({ count: parked });
    const waiting = (await lying(memory, "outbox-up")) + (await lying(memory, "parked-up"));
    expect(books.acknowledged + books.discarded + waiting).toBe(books.kept);
  },
);
