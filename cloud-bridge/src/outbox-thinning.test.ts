import { type CloudMessage, StoreError } from "@tram/core";
import { isJsonObject } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Draft, Flight, Outbox } from "./outbox.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { ACKNOWLEDGED, draftOf, drainAll, keep, openQueue, RETRY } from "./testing/queue-bench.ts";

const MINUTE = 60_000;
const SLOT = 15 * MINUTE;
const thinning = { afterMs: 60 * MINUTE, slotMs: SLOT };
/** The beginning of a slot. */
const START = Math.ceil(Date.UTC(2026, 0, 5, 6) / SLOT) * SLOT;

function clockAtSlot(): VirtualClock {
  return new VirtualClock({ wall: START });
}

/** So many steps that everything which is due has been looked at. */
async function tendAll(outbox: Outbox, steps = 20): Promise<void> {
  for (let step = 0; step < steps; step++) await outbox.tend();
}

describe("thinning", () => {
  it("leaves one message of a property and slot, with the least, greatest, mean, last and their count", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock });
    for (const value of [5, 1, 9, 2]) {
      await keep(store, outbox, draftOf("a", value, { time: clock.now() }));
      await clock.advance(MINUTE);
    }
    await clock.advance(SLOT - 4 * MINUTE + thinning.afterMs - 1);
    await outbox.tend();
    expect(outbox.counts().queued).toBe(4);
    await clock.advance(1);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 1, dropped: 0 });
    expect(await store.extent("outbox-up")).toMatchObject({ count: 1 });
    const commit = store.commits.at(-1)?.operations ?? [];
    expect(commit.map((each) => [each.op, "seq" in each && each.seq])).toEqual([
      ["append", 4],
      ["remove", 1],
      ["remove", 2],
      ["remove", 3],
    ]);
    const [flight] = await drainAll(outbox);
    expect(flight?.message).toMatchObject({
      class: "telemetry",
      thing: "a",
      name: "a/b",
      time: START + 3 * MINUTE,
      value: { min: 1, max: 9, mean: 4.25, count: 4, last: 2 },
      quality: "good",
      thinned: { from: START },
    });
  });

  it("never touches alarms, replies, what is no number or not good, and what was taken at no known time", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock });
    const kinds: Partial<Draft>[] = [
      { class: "alarm" },
      { class: "reply" },
      { value: "on" },
      { value: { min: 1, max: 1, mean: 1, count: 1, last: 1 } },
      { quality: "stale" },
      { taken: { bootId: "boot-0", monotonic: 1 } },
    ];
    for (const kind of kinds) {
      await keep(
        store,
        outbox,
        draftOf("a", 1, { time: START, ...kind }),
        draftOf("a", 2, { time: START, ...kind }),
      );
    }
    await clock.advance(2 * thinning.afterMs);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(2 * kinds.length);
  });

  it("does not take what was queued at no known time for old", async () => {
    const store = new MemoryStore();
    const clock = new VirtualClock({ wall: START, trust: "untrusted" });
    const { outbox } = await openQueue(store, { thinning, clock });
    // Of a device with a clock of its own, so that their times are known.
    for (const value of [1, 2]) await keep(store, outbox, draftOf("a", value, { time: START + value }));
    clock.step(0, "synced");
    await tendAll(outbox);
    await clock.advance(thinning.afterMs - 1);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(2);
    await clock.advance(SLOT + 1);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(1);
  });

  it("goes on when the clock was far ahead for a while", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock });
    const year = 365 * 86_400_000;
    clock.step(year);
    await outbox.tend();
    clock.step(-year);
    for (const value of [1, 2]) await keep(store, outbox, draftOf("a", value, { time: START + value }));
    await clock.advance(thinning.afterMs + SLOT);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(1);
  });

  it("keeps the slots, the properties and the Things apart, and the order", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock, window: 10 });
    for (let minute = 0; minute < 30; minute++) {
      const time = clock.now();
      await keep(
        store,
        outbox,
        draftOf("a", minute, { time, name: "n/x" }),
        draftOf("a", -minute, { time, name: "n/y" }),
      );
      await keep(store, outbox, draftOf("b", minute, { time, name: "n/x" }));
      await clock.advance(MINUTE);
    }
    await keep(store, outbox, draftOf("a", 99, { time: clock.now(), name: "n/x" }));
    await clock.advance(thinning.afterMs);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(7);
    const messages = (await drainAll(outbox)).map(({ message }) => message);
    const of = (thing: string, name: string) =>
      messages.filter((each) => each.thing === thing && each.name === name).map(({ value }) => value);
    expect(of("a", "n/x")).toEqual([
      { min: 0, max: 14, mean: 7, count: 15, last: 14 },
      { min: 15, max: 29, mean: 22, count: 15, last: 29 },
      99,
    ]);
    expect(of("a", "n/y")[1]).toEqual({ min: -29, max: -15, mean: -22, count: 15, last: -29 });
    expect(of("b", "n/x")).toHaveLength(2);
  });

  it("sums up over many pages, in bounded steps, and once more after a restart in the middle", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock });
    const things = Array.from({ length: 40 }, (_, index) => `t${index}`);
    for (let second = 0; second < 300; second++) {
      await keep(store, outbox, ...things.map((thing) => draftOf(thing, second, { time: clock.now() })));
      await clock.advance(1_000);
    }
    await clock.advance(SLOT + thinning.afterMs);
    let reads = 0;
    const rows = store.rows.bind(store);
    store.rows = (log, options) => {
      reads++;
      expect(options.limit).toBeLessThanOrEqual(1_000);
      return rows(log, options);
    };
    await outbox.tend();
    expect(reads).toBe(1);
    await tendAll(outbox, 12);
    const { queued } = outbox.counts();
    expect(queued).toBeLessThan(12_000);
    expect(queued).toBeGreaterThan(40);
    const { outbox: again } = await openQueue(store, { thinning, clock });
    await tendAll(again, 60);
    expect(again.counts().queued).toBe(40);
    for (const { message } of await drainAll(again)) {
      expect(message.value).toEqual({ min: 0, max: 299, mean: 149.5, count: 300, last: 299 });
    }
  });

  it("leaves alone what is in flight and what was sent before: a message that was sent does not change", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock, window: 2 });
    const ids = await keep(
      store,
      outbox,
      ...[1, 2, 3, 4].map((value) => draftOf("a", value, { time: START })),
    );
    const flights = await outbox.take(2);
    await clock.advance(2 * thinning.afterMs);
    await tendAll(outbox);
    expect(outbox.counts().queued).toBe(3);
    for (const flight of flights) outbox.settle(flight, RETRY);
    outbox.resume();
    await tendAll(outbox);
    const sent = (await drainAll(outbox)).map(({ message }) => message);
    expect(sent.map(({ id }) => id).slice(0, 2)).toEqual(ids.slice(0, 2));
    expect(sent.map(({ value }) => value)).toEqual([1, 2, { min: 3, max: 4, mean: 3.5, count: 2, last: 4 }]);
    // What is summed up is another message: the cloud may have parts of it.
    expect(ids).not.toContain(sent[2]?.id);
  });

  it("leaves alone what came back from the line before it was old enough", async () => {
    const [store, clock] = [new MemoryStore(), clockAtSlot()];
    const { outbox } = await openQueue(store, { thinning, clock, window: 2 });
    await keep(store, outbox, ...[1, 2, 3, 4].map((value) => draftOf("a", value, { time: START })));
    for (const flight of await outbox.take(2)) outbox.settle(flight, RETRY);
    outbox.resume();
    await clock.advance(2 * thinning.afterMs);
    await tendAll(outbox);
    expect((await drainAll(outbox)).map(({ message }) => message.value)).toEqual([
      1,
      2,
      { min: 3, max: 4, mean: 3.5, count: 2, last: 4 },
    ]);
  });

  it("changes nothing when the store fails, and does it the next time", async () => {
    const memory = new MemoryStore();
    const store = new GatedStore(memory);
    const clock = clockAtSlot();
    const { outbox } = await openQueue(store, { thinning, clock, window: 10 });
    await keep(store, outbox, ...[1, 2, 3].map((value) => draftOf("a", value, { time: START })));
    await clock.advance(2 * thinning.afterMs);
    store.holding = true;
    const tending = outbox.tend();
    await clock.advance(0);
    // What is being replaced cannot leave.
    expect(await outbox.take(10)).toEqual([]);
    store.holding = false;
    await store.release(0, false);
    await tending;
    expect(outbox.counts().queued).toBe(3);
    memory.failWith(new StoreError("full", "no space left"));
    await outbox.tend();
    memory.failWith(undefined);
    await tendAll(outbox, 2);
    expect(outbox.counts().queued).toBe(1);
    expect(await drainAll(outbox)).toHaveLength(1);
  });
});

/** What was said, and what the cloud got: nothing may be missing from that. */
interface Said {
  readonly lane: string;
  readonly value: number;
  readonly time: number;
}

/** Whether the cloud was told of it, by itself or in a sum. */
function covers(message: CloudMessage, said: Said): boolean {
  if (`${message.thing} ${message.name}` !== said.lane) return false;
  const { value, thinned, time } = message;
  if (typeof value === "number") return value === said.value;
  if (!isJsonObject(value) || thinned === undefined) return false;
  const inside = thinned.from <= said.time && said.time <= time;
  return inside && Number(value.min) <= said.value && said.value <= Number(value.max);
}

const countOf = ({ value }: CloudMessage): number => (isJsonObject(value) ? Number(value.count) : 1);

type Step =
  | { readonly do: "say"; readonly thing: string; readonly name: string }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "tend" | "take" | "acknowledge" | "cut" | "crash" }
  | { readonly do: "tend-and-fail" | "tend-and-crash" };

const steps = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant("say" as const),
        thing: fc.constantFrom("a", "b"),
        name: fc.constantFrom("n/x", "n/y"),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("tend" as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom<Exclude<Step["do"], "say" | "pass">>(
          "take",
          "acknowledge",
          "cut",
          "crash",
          "tend-and-fail",
          "tend-and-crash",
        ),
      }),
    },
  ),
  { maxLength: 120 },
);

describe("thinning against a list, through cuts, crashes and failing commits", () => {
  it("tells the cloud of every reading, by itself or in a sum, once where nothing crashed, in order", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(1, 3), async (all, window) => {
        const memory = new MemoryStore();
        let store = new GatedStore(memory);
        const clock = clockAtSlot();
        const reopen = async () => {
          store = new GatedStore(memory);
          return (await openQueue(store, { thinning, clock, window })).outbox;
        };
        let outbox = await reopen();
        let flights: Flight[] = [];
        let crashes = 0;
        const said: Said[] = [];
        const got: CloudMessage[] = [];
        for (const step of all) {
          if (step.do === "say") {
            const { thing, name } = step;
            said.push({ lane: `${thing} ${name}`, value: said.length, time: clock.now() });
            await keep(store, outbox, draftOf(thing, said.length - 1, { name, time: clock.now() }));
          } else if (step.do === "pass") await clock.advance(step.minutes * MINUTE);
          else if (step.do === "tend") await outbox.tend();
          else if (step.do === "take") flights.push(...(await outbox.take(4)));
          else if (step.do === "cut") {
            for (const flight of flights.splice(0)) outbox.settle(flight, RETRY);
            outbox.resume();
          } else if (step.do === "acknowledge") {
            for (const flight of flights.splice(0)) {
              got.push(flight.message);
              outbox.settle(flight, ACKNOWLEDGED);
            }
            await outbox.flush();
          } else if (step.do === "crash") {
            crashes++;
            flights = [];
            outbox = await reopen();
          } else {
            store.holding = true;
            const tending = outbox.tend();
            await clock.advance(0);
            store.holding = false;
            if (step.do === "tend-and-fail") {
              await store.release(0, false);
              await tending;
            } else {
              crashes++;
              flights = [];
              outbox = await reopen();
            }
          }
        }
        for (const flight of flights) outbox.settle(flight, RETRY);
        outbox.resume();
        expect(await memory.extent("outbox-up")).toMatchObject({ count: outbox.counts().queued });
        for (const { message } of await drainAll(outbox)) got.push(message);
        expect(said.filter((each) => !got.some((message) => covers(message, each)))).toEqual([]);
        const ids = new Set(got.map(({ id }) => id));
        expect(ids.size).toBe(got.length);
        if (crashes > 0) return;
        expect(got.reduce((sum, message) => sum + countOf(message), 0)).toBe(said.length);
        for (const lane of new Set(said.map((each) => each.lane))) {
          const times = got.filter(({ thing, name }) => `${thing} ${name}` === lane).map(({ time }) => time);
          expect(times).toEqual([...times].sort((a, b) => a - b));
        }
        expect(outbox.counts().dropped).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
