import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Flight } from "./outbox.ts";
import { draftOf, drainAll, keep, openQueue, RETRY } from "./testing/queue-bench.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
/** What a router without a battery believes. */
const WRONG = Date.UTC(2024, 0, 1);

const untrusted = (): VirtualClock =>
  new VirtualClock({ wall: WRONG, monotonic: 10_000, trust: "untrusted" });
const takenOf = (clock: VirtualClock) => ({ bootId: clock.bootId, monotonic: clock.monotonic() });

describe("a message from before the clock was set", () => {
  it("has its right time when it leaves after that, over a restart too", async () => {
    for (const restart of [false, true]) {
      const [store, clock] = [new MemoryStore(), untrusted()];
      const { outbox } = await openQueue(store, { clock });
      await keep(store, outbox, draftOf("a", 1, { time: clock.now(), taken: takenOf(clock) }));
      await clock.advance(90_000);
      clock.step(NOW - clock.now(), "synced");
      await clock.advance(30_000);
      const sender = restart ? (await openQueue(store, { clock })).outbox : outbox;
      const [flight] = await drainAll(sender);
      expect(flight?.message.time).toBe(NOW - 90_000);
      expect(flight?.message).not.toHaveProperty("timeUncertain");
      expect(flight?.message).not.toHaveProperty("taken");
    }
  });

  it("says that its time is uncertain while the clock is not set, and for ever after another start", async () => {
    const [store, clock] = [new MemoryStore(), untrusted()];
    const { outbox } = await openQueue(store, { clock });
    const drafts = ["a", "b"].map((thing) => draftOf(thing, 1, { time: clock.now(), taken: takenOf(clock) }));
    await keep(store, outbox, ...drafts);
    const [first] = await outbox.take(1);
    expect(first?.message).toMatchObject({ time: WRONG, timeUncertain: true });
    clock.reboot({ bootId: "boot-2", wall: NOW, trust: "synced" });
    const { outbox: again } = await openQueue(store, { clock });
    for (const { message } of await drainAll(again)) {
      expect(message).toMatchObject({ time: WRONG, timeUncertain: true });
    }
  });

  it("does not change once it was sent, whatever becomes of the clock", async () => {
    const [store, clock] = [new MemoryStore(), untrusted()];
    const { outbox } = await openQueue(store, { clock });
    await keep(store, outbox, draftOf("a", 1, { time: clock.now(), taken: takenOf(clock) }));
    const [first] = await outbox.take(1);
    outbox.settle(first as Flight, RETRY);
    clock.step(NOW - clock.now(), "synced");
    outbox.resume();
    const [second] = await outbox.take(1);
    expect(second?.message).toEqual(first?.message);

    outbox.settle(second as Flight, RETRY);
    await keep(store, outbox, draftOf("b", 1, { time: clock.now(), taken: takenOf(clock) }));
    outbox.resume();
    const flights = await outbox.take(2);
    for (const flight of flights) outbox.settle(flight, RETRY);
    clock.step(5_000);
    outbox.resume();
    expect(await outbox.take(2)).toEqual(flights);
  });

  it("of a device with a clock of its own has the time of that", async () => {
    const [store, clock] = [new MemoryStore(), untrusted()];
    const { outbox } = await openQueue(store, { clock });
    await keep(store, outbox, draftOf("a", 1, { time: NOW }));
    clock.step(2 * NOW - clock.now(), "synced");
    const [flight] = await drainAll(outbox);
    expect(flight?.message.time).toBe(NOW);
    expect(flight?.message).not.toHaveProperty("timeUncertain");
  });

  it("that is a reply is put right too: its time is the gateway's", async () => {
    const [store, clock] = [new MemoryStore(), untrusted()];
    const { outbox } = await openQueue(store, { clock });
    await clock.advance(60_000);
    const ended = clock.now() - 20_000;
    await keep(store, outbox, draftOf("a", 1, { class: "reply", time: ended, context: { job: 7 } }));
    clock.step(NOW - clock.now(), "synced");
    const { outbox: again } = await openQueue(store, { clock });
    const [flight] = await drainAll(again);
    expect(flight?.message).toMatchObject({ time: NOW - 20_000, context: { job: 7 } });
  });
});

describe("what waits no longer than its class may", () => {
  const HOUR = 3_600_000;
  const limits = { ...DEFAULT_LIMITS, classes: { telemetry: { ttlMs: 6 * HOUR } } };

  it("is not made older by a clock that jumps: one that was kept in local time, until the Internet is back", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock({ trust: "holdover" })];
    const { outbox } = await openQueue(store, { clock, limits });
    await keep(store, outbox, draftOf("a", 1, { time: clock.now() }));
    await clock.advance(HOUR);
    clock.step(7 * HOUR, "synced");
    await keep(store, outbox, draftOf("b", 2, { time: clock.now() }));
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 2, dropped: 0 });
    await clock.advance(5 * HOUR + 1);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 1, drops: { telemetry: { expired: 1 } } });
    await clock.advance(HOUR);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 0, drops: { telemetry: { expired: 2 } } });
  });

  it("nor younger, by jumps to and fro", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock()];
    const { outbox } = await openQueue(store, { clock, limits });
    await keep(store, outbox, draftOf("a", 1, { time: clock.now() }));
    for (let jump = 0; jump < 40; jump++) {
      clock.step(jump % 2 === 0 ? -48 * HOUR : 48 * HOUR);
      await outbox.tend();
    }
    clock.step(-48 * HOUR);
    await clock.advance(6 * HOUR);
    await outbox.tend();
    expect(outbox.counts().queued).toBe(1);
    await clock.advance(1);
    await outbox.tend();
    expect(outbox.counts()).toMatchObject({ queued: 0, drops: { telemetry: { expired: 1 } } });
  });

  it("of an earlier run, with the right time, is not touched by the jump of a clock that nobody believed", async () => {
    const [store, clock] = [new MemoryStore(), new VirtualClock({ wall: NOW })];
    const { outbox } = await openQueue(store, { clock, limits });
    await keep(store, outbox, draftOf("a", 1, { time: clock.now() }));
    clock.reboot({ bootId: "boot-2", wall: WRONG, trust: "untrusted" });
    const { outbox: again } = await openQueue(store, { clock, limits });
    await again.tend();
    clock.step(NOW + HOUR - clock.now(), "synced");
    await again.tend();
    expect(again.counts()).toMatchObject({ queued: 1, dropped: 0 });
    await clock.advance(5 * HOUR + 1);
    await again.tend();
    expect(again.counts()).toMatchObject({ queued: 0, drops: { telemetry: { expired: 1 } } });
  });
});
