import {
  type CloudMessage,
  type CloudPace,
  type CloudProvider,
  type MessageClass,
  StoreError,
  Unit,
  type WanState,
} from "@tram/core";
import { FakeCloud, type FakeProviderOptions, MemoryStore, NO_REQUESTS, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Traffic } from "./link/traffic.ts";
import { ANSWER_WITHIN_MS, Link } from "./link.ts";
import { DEFAULT_LIMITS, type Outbox, openOutbox } from "./outbox.ts";
import type { BridgeProvider } from "./providers/provider.ts";
import { QuietLog } from "./testing/quiet-log.ts";

interface Bench extends AsyncDisposable {
  readonly cloud: FakeCloud;
  readonly store: MemoryStore;
  readonly clock: VirtualClock;
  readonly log: QuietLog;
  readonly outbox: Outbox;
  readonly link: Link;
  readonly traffic: Traffic;
  changes: number;
  /** Reconsiders what the line costs. */
  wan(state: WanState["state"]): void;
  enqueue(thing: string, ...values: readonly number[]): Promise<void>;
  offer(messageClass: MessageClass, thing: string, value: unknown): Promise<void>;
}

interface BenchOptions extends FakeProviderOptions {
  readonly random?: () => number;
  readonly store?: MemoryStore;
  readonly offline?: boolean;
  readonly disturb?: (provider: CloudProvider) => BridgeProvider;
  readonly pace?: CloudPace;
  readonly budgetBytes?: number;
  readonly whileMetered?: "defer" | "send";
}

async function bench(options: BenchOptions = {}): Promise<Bench> {
  const { store = new MemoryStore(), random = () => 0.5, disturb = (provider) => provider } = options;
  const [cloud, clock, log] = [new FakeCloud(), new VirtualClock(), new QuietLog()];
  if (options.offline === true) await cloud.stop();
  const { pace } = options;
  const provider = { ...disturb(cloud.provider(options)), ...(pace === undefined ? {} : { pace }) };
  const outbox = await openOutbox(store, {
    bridge: "up",
    idPrefix: `gw-${Math.random()}`,
    limits: DEFAULT_LIMITS,
    window: options.maxInFlightPerGroup ?? 1,
    clock,
    log,
  });
  const onChange = (): void => {
    made.changes++;
  };
  const listeners = new Set<() => void>();
  const wan = {
    state: "unknown" as WanState["state"],
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  const traffic = await Traffic.open(store, {
    bridge: "up",
    timezone: "UTC",
    clock,
    wan,
    ...(options.budgetBytes === undefined ? {} : { budgetBytes: options.budgetBytes }),
    log,
    onChange: () => opened.link?.reconsider(),
  });
  const opened: { link?: Link } = {};
  const thrift = { whileMetered: options.whileMetered ?? "defer" };
  const parts = {
    bridge: "up",
    provider,
    desk: NO_REQUESTS,
    outbox,
    clock,
    random,
    log,
    traffic,
    wan,
    thrift,
  };
  const link = Link.open({ ...parts, onChange });
  opened.link = link;
  const offer = async (messageClass: MessageClass, thing: string, value: unknown): Promise<void> => {
    const unit = new Unit(store, (error) => {
      throw error;
    });
    const draft = {
      class: messageClass,
      group: thing,
      thing,
      name: "a/b",
      time: 0,
      quality: "good",
    } as const;
    outbox.enqueue({ ...draft, value: value as number }, unit);
    await unit.commit();
  };
  const made: Bench = {
    cloud,
    store,
    clock,
    log,
    outbox,
    link,
    traffic,
    changes: 0,
    wan: (state) => {
      wan.state = state;
      for (const listener of listeners) listener();
    },
    enqueue: async (thing, ...values) => {
      for (const value of values) await offer("telemetry", thing, value);
    },
    offer,
    [Symbol.asyncDispose]: async () => {
      await link[Symbol.asyncDispose]();
      await traffic[Symbol.asyncDispose]();
      expect(clock.pending).toBe(0);
      expect(listeners.size).toBe(0);
    },
  };
  return made;
}

const valuesOf = (messages: readonly CloudMessage[]): readonly unknown[] =>
  messages.map(({ value }) => value);
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("the link", () => {
  it("drains what was queued, sends what comes, and removes it", async () => {
    await using house = await bench({ offline: true });
    await house.enqueue("pump", 1, 2, 3);
    await house.cloud.start();
    await house.clock.advance(2_000);
    expect(house.link.status()).toMatchObject({ state: "online", sent: 3 });
    await house.enqueue("pump", 4);
    await house.clock.advance(0);
    expect(valuesOf(house.cloud.arrived)).toEqual([1, 2, 3, 4]);
    await house.outbox.flush();
    expect(await house.store.extent("outbox-up")).toMatchObject({ count: 0 });
  });

  it("is connecting at first, tells each edge once, and since when", async () => {
    await using house = await bench({ offline: true });
    expect(house.link.status()).toMatchObject({ state: "connecting" });
    const start = new Date(house.clock.now()).toISOString();
    await house.clock.advance(300_000);
    expect(house.cloud.attempts).toBeGreaterThan(5);
    const { nextAttempt, ...status } = house.link.status();
    expect(status).toEqual({
      state: "offline",
      since: start,
      sent: 0,
      lastError: "fake: nothing listens there",
      traffic: { today: 0, month: 0, undated: 0 },
    });
    const wait = Date.parse(nextAttempt ?? "") - house.clock.now();
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60_000);
    await house.cloud.start();
    await house.clock.advance(60_000);
    expect(house.link.status()).toMatchObject({ state: "online" });
    expect(house.link.status()).not.toHaveProperty("lastError");
    expect(house.link.status()).not.toHaveProperty("nextAttempt");
    expect(house.log.texts).toEqual(["warn the bridge is offline", "info the bridge is online"]);
  });

  it("waits longer each time, within 1 and 60 s, and never without a random part", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (random) => {
        await using house = await bench({ offline: true, random: () => random });
        const waits: number[] = [];
        await house.clock.advance(0);
        for (let attempt = 0; attempt < 10; attempt++) {
          const from = house.clock.monotonic();
          const before = house.cloud.attempts;
          while (house.cloud.attempts === before) await house.clock.advance(100);
          waits.push(house.clock.monotonic() - from);
        }
        for (const wait of waits) {
          expect(wait).toBeGreaterThanOrEqual(1_000);
          expect(wait).toBeLessThanOrEqual(60_100);
        }
        expect(waits.at(-1)).toBeGreaterThanOrEqual(30_000);
        expect(waits[0]).toBeLessThanOrEqual(2_100);
      }),
      { numRuns: 10 },
    );
  });

  it("returns soon after a connection that was good, and slowly to a peer that throws it out at once", async () => {
    await using house = await bench();
    await house.enqueue("pump", 1);
    await house.clock.advance(10);
    for (let round = 0; round < 8; round++) {
      await house.enqueue("pump", round);
      await house.clock.advance(10);
      await house.cloud.cut();
      await house.clock.advance(2_000);
      expect(house.link.status().state).toBe("online");
    }
    const before = house.cloud.accepted;
    for (let second = 0; second < 600; second++) {
      await house.cloud.cut();
      await house.clock.advance(1_000);
    }
    expect(house.cloud.accepted - before).toBeLessThan(25);
  });

  it("has as many in flight as the provider allows, and keeps a tenth of the places for what is urgent", async () => {
    await using house = await bench({ offline: true, maxInFlight: 20 });
    for (const thing of numbers(60)) await house.enqueue(`thing-${thing}`, thing);
    house.cloud.hold();
    await house.cloud.start();
    await house.clock.advance(2_000);
    expect(house.cloud.arrived).toHaveLength(18);
    for (const thing of numbers(5)) await house.offer("alarm", `thing-${thing}`, -thing);
    await house.clock.advance(0);
    expect(valuesOf(house.cloud.arrived.slice(18))).toEqual([-1, -2]);
    house.cloud.letGo();
    await house.clock.advance(10);
    expect(house.cloud.arrived).toHaveLength(65);
    expect(house.cloud.mostInFlight).toBe(20);
  });

  it("sends again, with the same id, what was not answered when the line was cut", async () => {
    await using house = await bench({ maxInFlightPerGroup: 100 });
    house.cloud.hold();
    await house.enqueue("pump", 1, 2, 3);
    await house.clock.advance(10);
    expect(house.cloud.arrived).toHaveLength(3);
    await house.cloud.cut();
    await house.clock.advance(10_000);
    expect(valuesOf(house.cloud.arrived)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(new Set(house.cloud.arrived.map(({ id }) => id)).size).toBe(3);
    expect(house.link.status().sent).toBe(3);
  });

  it("parks what is rejected, tells it once a connection, and goes on", async () => {
    await using house = await bench();
    house.cloud.answer = ({ value }) =>
      Number(value) % 2 === 0
        ? { outcome: "rejected", reason: "odd ones only" }
        : { outcome: "acknowledged" };
    await house.enqueue("pump", ...numbers(6));
    await house.clock.advance(10);
    expect(valuesOf(house.cloud.arrived)).toEqual([1, 3, 5]);
    expect(house.outbox.counts()).toMatchObject({ queued: 0, parked: 3 });
    expect(house.link.status().lastError).toBe("odd ones only");
    expect(house.log.texts).toEqual([
      "info the bridge is online",
      "warn the cloud will never take a message: it is parked",
    ]);
  });

  it("does not empty the queue into a cloud that refuses everything, and goes on when that is mended", async () => {
    await using house = await bench();
    let limit = 0;
    house.cloud.answer = ({ value }) =>
      Number(value) > limit ? { outcome: "rejected", reason: "too large" } : { outcome: "acknowledged" };
    for (const thing of ["pump", "fan", "roof"]) await house.enqueue(thing, ...numbers(400));
    for (let minute = 0; minute < 20; minute++) await house.clock.advance(60_000);
    expect(house.outbox.counts()).toMatchObject({ queued: 1_100, parked: 100, dropped: 0 });
    expect(house.link.status().lastError).toBe(
      "too large; 100 messages in a row were refused so: the others wait",
    );
    limit = 399;
    while (house.outbox.counts().queued > 0) await house.clock.advance(1_000);
    // What is at fault itself is set aside like before.
    expect(house.outbox.counts()).toMatchObject({ queued: 0, parked: 103, dropped: 0 });
    expect(house.cloud.arrived).toHaveLength(1_097);
  });

  it("parks a message over which the provider breaks, and goes on: it would break at it for ever", async () => {
    const disturb = (provider: CloudProvider): BridgeProvider => ({
      ...provider,
      sizeOf: (message) => {
        if (message.value === 2) throw new Error("no such unit");
        return provider.sizeOf(message);
      },
    });
    await using house = await bench({ disturb });
    await house.enqueue("pump", 1, 2, 3);
    await house.clock.advance(0);
    expect(valuesOf(house.cloud.arrived)).toEqual([1, 3]);
    expect(house.link.status()).toMatchObject({ state: "online", sent: 2 });
    expect(house.link.status().lastError).toContain("no such unit");
    expect(house.outbox.counts()).toMatchObject({ queued: 0, parked: 1 });
  });

  it("holds back only the Thing whose message is refused for now, and asks less and less often", async () => {
    await using house = await bench();
    let asked = 0;
    let full = true;
    house.cloud.answer = ({ thing }) => {
      if (thing !== "full") return { outcome: "acknowledged" };
      asked++;
      return full ? { outcome: "retry", reason: "quota exceeded" } : { outcome: "acknowledged" };
    };
    await house.enqueue("full", 1, 2);
    await house.enqueue("free", 3, 4);
    await house.clock.advance(100);
    expect(valuesOf(house.cloud.arrived)).toEqual([3, 4]);
    expect(house.link.status().lastError).toBe("quota exceeded");
    await house.clock.advance(600_000);
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThan(25);
    full = false;
    await house.clock.advance(60_000);
    expect(valuesOf(house.cloud.arrived)).toEqual([3, 4, 1, 2]);
    expect(house.cloud.accepted).toBe(1);
  });

  it("asks a cloud that takes nothing at all ever more rarely: somebody may pay for it", async () => {
    await using house = await bench();
    let asked = 0;
    let refuses = true;
    house.cloud.answer = () => {
      asked++;
      return refuses ? { outcome: "retry", reason: "not authorised" } : { outcome: "acknowledged" };
    };
    for (const each of numbers(20)) await house.enqueue(`thing-${each}`, 1);
    for (let minute = 0; minute < 60; minute++) await house.clock.advance(60_000);
    asked = 0;
    for (let minute = 0; minute < 60; minute++) await house.clock.advance(60_000);
    expect(asked).toBeGreaterThanOrEqual(20 * 12);
    expect(asked).toBeLessThanOrEqual(20 * 24);
    refuses = false;
    for (let minute = 0; minute < 6; minute++) await house.clock.advance(60_000);
    expect(house.outbox.counts()).toMatchObject({ queued: 0, dropped: 0 });
  });

  it("gives up a connection that takes messages and never answers", async () => {
    await using house = await bench();
    house.cloud.hold();
    await house.enqueue("pump", 1);
    await house.clock.advance(ANSWER_WITHIN_MS - 1_000);
    expect(house.link.status().state).toBe("online");
    await house.clock.advance(2_000);
    expect(house.link.status()).toMatchObject({ state: "offline" });
    house.cloud.letGo();
    await house.clock.advance(5_000);
    expect(house.link.status()).toMatchObject({ state: "online", sent: 1 });
    expect(house.cloud.connected).toBe(1);
  });

  it("takes a provider that throws or answers too little for one that must be asked again", async () => {
    let calls = 0;
    const disturb = (provider: CloudProvider): BridgeProvider => ({
      name: "broken",
      maxInFlight: 10,
      sizeOf: (message) => provider.sizeOf(message),
      connect: async (signal, desk) => {
        const inner = await provider.connect(signal, desk);
        return {
          closed: inner.closed,
          publish: async (batch) => {
            if (++calls === 1) throw new Error("oops");
            return calls === 2 ? [] : await inner.publish(batch);
          },
          [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
        };
      },
    });
    await using house = await bench({ disturb });
    await house.enqueue("pump", 1, 2);
    await house.clock.advance(60_000);
    expect(valuesOf(house.cloud.arrived)).toEqual([1, 2]);
  });

  it("tries again when the store cannot be read", async () => {
    const store = new MemoryStore();
    {
      await using before = await bench({ store, offline: true });
      await before.enqueue("pump", 1);
    }
    await using house = await bench({ store, offline: true });
    const rows = store.rows.bind(store);
    store.rows = () => Promise.reject(new StoreError("io", "bad block"));
    await house.cloud.start();
    await house.clock.advance(3_000);
    expect(house.link.status()).toMatchObject({
      state: "online",
      lastError: "the queue cannot be read: bad block",
    });
    store.rows = rows;
    await house.clock.advance(60_000);
    expect(valuesOf(house.cloud.arrived)).toEqual([1]);
  });

  it.each(["connecting", "online", "waiting", "unanswered", "refused"])(
    "stops at once while %s, with no timer left",
    async (when) => {
      const house = await bench({ offline: when === "waiting" });
      if (when === "unanswered") house.cloud.hold();
      if (when === "refused") house.cloud.answer = () => ({ outcome: "retry", reason: "not now" });
      await house.enqueue("pump", 1);
      if (when !== "connecting") await house.clock.advance(100);
      const changes = house.changes;
      await house.link[Symbol.asyncDispose]();
      await house.traffic[Symbol.asyncDispose]();
      expect(house.clock.pending).toBe(0);
      expect(house.link.status().state).toBe("stopped");
      expect(house.changes).toBeGreaterThan(changes);
      expect(house.cloud.connected).toBe(0);
      await house.link[Symbol.asyncDispose]();
      const warnings = house.log.lines.filter(({ level }) => level === "warn");
      expect(warnings).toHaveLength(when === "waiting" ? 1 : 0);
    },
  );

  it("drains below the provider's limits in every second, on and on, with alarms before everything", async () => {
    const pace = { messagesPerS: 100, bytesPerS: 50_000 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 100, maxLength: 300 }),
        async (sizes) => {
          await using house = await bench({ offline: true, pace, maxInFlightPerGroup: 10 });
          const arrivals: { at: number; bytes: number; class: MessageClass; value: unknown }[] = [];
          house.cloud.answer = (message) => {
            const bytes = JSON.stringify(message).length;
            arrivals.push({ at: house.clock.monotonic(), bytes, class: message.class, value: message.value });
            return { outcome: "acknowledged" };
          };
          for (const [index, size] of sizes.entries())
            await house.offer("telemetry", `t-${index % 7}`, "x".repeat(size));
          await house.cloud.start();
          await house.clock.advance(3_000);
          const alarmAt = house.clock.monotonic();
          await house.offer("alarm", "t-1", "fire");
          await house.clock.advance(120_000);
          expect(arrivals).toHaveLength(sizes.length + 1);
          for (const { at: from } of arrivals) {
            const second = arrivals.filter(({ at }) => at >= from && at < from + 1_000);
            expect(second.length).toBeLessThanOrEqual(pace.messagesPerS);
            expect(second.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(pace.bytesPerS);
          }
          const total = arrivals.reduce((sum, { bytes }) => sum + bytes, 0);
          const tookS = ((arrivals.at(-1)?.at ?? 0) - (arrivals[0]?.at ?? 0)) / 1_000;
          const leastS = Math.max(sizes.length / pace.messagesPerS, total / pace.bytesPerS);
          expect(tookS).toBeLessThan(leastS / 0.6 + 1);
          const alarm = arrivals.find(({ value }) => value === "fire");
          expect((alarm?.at ?? Number.NaN) - alarmAt).toBeLessThanOrEqual(20);
        },
      ),
      { numRuns: 15 },
    );
  });

  it("tells how fast it drains and when it is done, and neither while it is offline", async () => {
    await using house = await bench({ offline: true, pace: { messagesPerS: 10, bytesPerS: 100_000 } });
    for (const thing of numbers(200)) await house.enqueue(`t-${thing}`, thing);
    expect(house.link.status()).not.toHaveProperty("ratePerS");
    await house.cloud.start();
    await house.clock.advance(12_000);
    const { etaS = 0, ratePerS = 0 } = house.link.status();
    expect(ratePerS).toBeGreaterThan(7);
    expect(ratePerS).toBeLessThanOrEqual(10);
    await house.clock.advance(etaS * 1_000 * 0.9);
    expect(house.outbox.counts().queued).toBeGreaterThan(0);
    await house.clock.advance(etaS * 1_000 * 0.2);
    expect(house.outbox.counts().queued).toBe(0);
    expect(house.link.status()).not.toHaveProperty("etaS");
    await house.cloud.stop();
    await house.clock.advance(100);
    expect(house.link.status()).not.toHaveProperty("ratePerS");
  });

  it("lets telemetry wait on a metered line, nothing else, and catches up when it costs nothing", async () => {
    await using house = await bench();
    house.wan("metered");
    await house.enqueue("pump", 1, 2);
    for (const messageClass of ["alarm", "reply", "state"] as const)
      await house.offer(messageClass, "pump", messageClass);
    await house.clock.advance(100_000);
    expect(valuesOf(house.cloud.arrived)).toEqual(["alarm", "reply", "state"]);
    expect(house.link.status()).toMatchObject({ state: "online", holding: "metered" });
    house.wan("unmetered");
    await house.clock.advance(10);
    expect(valuesOf(house.cloud.arrived).slice(3)).toEqual([1, 2]);
    expect(house.link.status()).not.toHaveProperty("holding");
  });

  it("sends telemetry on a metered line where that is asked for, until the month's bytes are used up", async () => {
    await using house = await bench({ whileMetered: "send", budgetBytes: 3_000 });
    house.wan("metered");
    // 84 bytes around each, and about 120 in it.
    for (const value of numbers(100)) await house.enqueue(`t-${value}`, value);
    await house.clock.advance(100);
    const sent = house.cloud.arrived.length;
    expect(sent).toBeGreaterThan(10);
    expect(sent).toBeLessThan(100);
    expect(house.link.status()).toMatchObject({ holding: "budget", traffic: { budget: { level: "spent" } } });
    await house.offer("alarm", "pump", "fire");
    await house.clock.advance(10);
    expect(valuesOf(house.cloud.arrived).slice(sent)).toEqual(["fire"]);
    // The month ends.
    await house.clock.advance(27 * 86_400_000);
    expect(house.cloud.arrived.length).toBeGreaterThan(sent + 10);
  });
});
