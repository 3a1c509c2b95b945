import { type LogRow, type Store, StoreError, Unit } from "@tram/core";
import type { Json, Reading } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { type Bridge, openBridge } from "./bridge.ts";
import type { MqttBridgeConfig } from "./bridge-config.ts";
import { EMPTY_HOUSE } from "./testing/empty-house.ts";
import { QuietLog } from "./testing/quiet-log.ts";

const HOUR = 3_600_000;

/** A bridge whose cloud is not there: what would go is what lies in its queue. */
async function house(config: Partial<MqttBridgeConfig> = {}) {
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  const log = new QuietLog();
  /** As the house keeps it, and has it after a start: the last reading of each property. */
  const last = new Map<string, Reading>();
  const open = (disk: Store = store): Promise<Bridge> =>
    openBridge({
      config: { id: "up", provider: "mqtt", url: "mqtt://127.0.0.1:1", rate_s: 60, ...config },
      gateway: { id: "gw" },
      house: { ...EMPTY_HOUSE, readings: () => last.values() },
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
    last.set(`${reading.thing}/${reading.property}`, reading);
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

  it("is told after a crash at once, and what was silent for longer is not told again", async () => {
    const { clock, offer, open, queued } = await house();
    const first = await open();
    await offer(first, 7, { property: "air/humidity" as Reading["property"] });
    await clock.advance(HOUR);
    await offer(first, 20);
    await offer(first, 21);
    await offer(first, 22);
    const again = await open();
    await clock.advance(0);
    expect(await queued()).toEqual([7, 20, 22]);
    await offer(again, 23);
    await clock.advance(59_000);
    expect(await queued()).toEqual([7, 20, 22]);
    await clock.advance(2_000);
    // The first one is dead in the test alone.
    expect((await queued()).filter((value) => value !== 22)).toEqual([7, 20, 23]);
    await first[Symbol.asyncDispose]();
    await again[Symbol.asyncDispose]();
  });

  it("costs the flash nothing until it goes, and goes early when the bridge is closed", async () => {
    const { clock, offer, open, queued, store } = await house();
    const bridge = await open();
    await offer(bridge, 20);
    const before = store.commits.flatMap(({ operations }) => operations).length;
    for (let value = 21; value < 30; value++) await offer(bridge, value);
    expect(store.commits.flatMap(({ operations }) => operations).length).toBe(before);
    await bridge[Symbol.asyncDispose]();
    expect(await queued()).toEqual([20, 29]);
    expect(clock.pending).toBe(0);
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
    const { clock, offer, open, queued } = await house(config);
    await using bridge = await open();
    for (const [value, more] of values) await offer(bridge, value, more);
    await clock.advance(HOUR);
    expect(await queued()).toEqual(expected);
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
});
