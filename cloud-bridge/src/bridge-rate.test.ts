import { type LogRow, type Store, StoreError, Unit } from "@tram/core";
import type { Json, Reading } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { type Bridge, openBridge } from "./bridge.ts";
import type { MqttBridgeConfig } from "./bridge-config.ts";
import { forgetBridge } from "./forget-bridge.ts";
import { EMPTY_HOUSE } from "./testing/empty-house.ts";
import { QuietLog } from "./testing/quiet-log.ts";

const HOUR = 3_600_000;

/** A bridge whose cloud is not there: what would go is what lies in its queue. */
async function house(config: Partial<MqttBridgeConfig> = {}) {
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  const log = new QuietLog();
  const open = (disk: Store = store): Promise<Bridge> =>
    openBridge({
      config: { id: "up", provider: "mqtt", url: "mqtt://127.0.0.1:1", rate_s: 60, ...config },
      gateway: { id: "gw" },
      house: EMPTY_HOUSE,
      store: disk,
      clock,
      random: () => 0.5,
      log,
    });
  const offer = async (bridge: Bridge, value: Json, more: Partial<Reading> = {}): Promise<void> => {
    const reading = {
      thing: "roof",
      property: "air/temperature",
      value,
      quality: "good",
      time: clock.now(),
      receivedAt: clock.now(),
      origin: "device",
      ...more,
    } as unknown as Reading;
    const unit = new Unit(store, (error) => {
      throw error;
    });
    bridge.offer(reading, unit);
    await unit.commit();
  };
  const rows = async (): Promise<readonly LogRow[]> =>
    await store.rows("outbox-up", { after: 0, limit: 1_000 });
  const queued = async (): Promise<readonly unknown[]> =>
    (await rows()).map(({ value }) => (value as { readonly v: Json }).v);
  return { store, clock, log, open, offer, rows, queued };
}

describe("what comes while the rate is used up", () => {
  it("goes at the end of the time, the last of it alone, with the time that it had", async () => {
    const { clock, offer, open, queued, rows } = await house();
    await using bridge = await open();
    await offer(bridge, 20);
    for (const value of [21, 25, 23]) {
      await clock.advance(5_000);
      await offer(bridge, value);
    }
    const at = clock.now();
    expect(await queued()).toEqual([20]);
    await clock.advance(44_999);
    expect(await queued()).toEqual([20]);
    await clock.advance(300);
    expect(await queued()).toEqual([20, 23]);
    expect((await rows())[1]?.value).toMatchObject({ t: at });
    // That one counts too: the next has to wait for it.
    await offer(bridge, 24);
    await clock.advance(50_000);
    expect(await queued()).toEqual([20, 23]);
    await clock.advance(HOUR);
    expect(await queued()).toEqual([20, 23, 24]);
  });

  it("is at most one in that time, and the last value is always there, whatever comes", async () => {
    const { clock, offer, open, queued, rows } = await house({ rate_s: 10 });
    await using bridge = await open();
    let last = 0;
    for (let turn = 0; turn < 500; turn++) {
      last = turn;
      await offer(bridge, turn, { time: turn as Reading["time"] });
      await clock.advance((turn * 7_919) % 13_000);
    }
    await clock.advance(20_000);
    expect((await queued()).at(-1)).toBe(last);
    const values = await queued();
    expect(new Set(values).size).toBe(values.length);
    expect([...values]).toEqual([...values].sort((a, b) => Number(a) - Number(b)));
    const all = await rows();
    const queuedAt = all.map(({ value }) => (value as { readonly r: number }).r);
    for (const [index, at] of queuedAt.slice(1).entries()) {
      expect(at - (queuedAt[index] ?? 0)).toBeGreaterThanOrEqual(10_000);
    }
  });

  it("survives a crash, and goes at once after it", async () => {
    const { clock, offer, open, queued } = await house();
    const first = await open();
    await offer(first, 20);
    await offer(first, 21);
    await offer(first, 22);
    const again = await open();
    await clock.advance(0);
    expect(await queued()).toEqual([20, 22]);
    await clock.advance(HOUR);
    expect(await queued()).toEqual([20, 22]);
    await first[Symbol.asyncDispose]();
    await again[Symbol.asyncDispose]();
  });

  it("is written once in each unit of a reading, and is gone in the unit that queues it", async () => {
    const { clock, offer, open, store } = await house();
    await using bridge = await open();
    await offer(bridge, 20);
    await offer(bridge, 21);
    expect(store.commits.at(-1)?.operations).toMatchObject([{ op: "put", table: "outbox-trailing" }]);
    await offer(bridge, 22);
    await clock.advance(60_300);
    expect(store.commits.map(({ operations }) => operations.map(({ op }) => op)).at(-1)).toEqual([
      "delete",
      "append",
    ]);
    expect(await store.entries("outbox-trailing")).toEqual(new Map());
  });

  it.each<
    [string, Partial<MqttBridgeConfig>, readonly (readonly [Json, Partial<Reading>?])[], readonly Json[]]
  >([
    ["comes back to what was sent", { on_change: true }, [[20], [21], [20]], [20]],
    ["comes back near what was sent", { deadband: 2 }, [[20], [25], [21]], [20]],
    ["gets another quality", {}, [[20], [21], [22, { quality: "stale" }]], [20, 22]],
    ["is followed by an alarm", { alarms: ["roof"] }, [[20], [20], [22]], [20, 22]],
    [
      "is told by another property too",
      {},
      [[20], [21], [7, { property: "air/humidity" as never }]],
      [20, 7, 21],
    ],
  ])("is forgotten where it is old: %s", async (_what, config, values, expected) => {
    const { clock, offer, open, queued, store } = await house(config);
    await using bridge = await open();
    for (const [value, more] of values) await offer(bridge, value, more);
    await clock.advance(HOUR);
    expect(await queued()).toEqual(expected);
    expect(await store.entries("outbox-trailing")).toEqual(new Map());
  });

  it("waits on when the store does not take it, and is no drop", async () => {
    const { clock, offer, open, queued, store } = await house();
    await using bridge = await open();
    await offer(bridge, 20);
    await offer(bridge, 21);
    store.failWith(new StoreError("full", "no space left"));
    await clock.advance(60_300);
    store.failWith(undefined);
    expect(await queued()).toEqual([20]);
    await clock.advance(60_000);
    expect(await queued()).toEqual([20, 21]);
    expect(bridge.status()).toMatchObject({ queued: 2, dropped: 0 });
  });

  it("leaves no timer behind, and nothing to the next bridge of this id once that is forgotten", async () => {
    const { clock, offer, open, queued, store } = await house();
    const bridge = await open();
    await offer(bridge, 20);
    await offer(bridge, 21);
    await bridge[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    await store.commit([{ op: "put", table: "outbox-trailing", key: "other roof/a/b", value: {} }], "crash");
    await forgetBridge(store, "up");
    expect([...(await store.entries("outbox-trailing")).keys()]).toEqual(["other roof/a/b"]);
    await using next = await open();
    await clock.advance(HOUR);
    expect([await queued(), next.status().queued]).toEqual([[], 0]);
  });
});
