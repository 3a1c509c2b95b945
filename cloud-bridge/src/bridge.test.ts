import { type LogRow, type Store, Unit } from "@tram/core";
import type { Command, Reading } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { type Bridge, openBridge } from "./bridge.ts";
import type { MqttBridgeConfig } from "./bridge-config.ts";
import { EMPTY_HOUSE } from "./testing/empty-house.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { freePort, Mosquitto, mosquittoIsMissing } from "./testing/mosquitto.ts";
import { QuietLog } from "./testing/quiet-log.ts";
import { TcpLine } from "./testing/tcp-line.ts";

const missing = mosquittoIsMissing();

interface House {
  readonly store: MemoryStore;
  readonly clock: VirtualClock;
  readonly log: QuietLog;
  open(config?: Partial<MqttBridgeConfig>, signal?: AbortSignal, disk?: Store): Promise<Bridge>;
}

function house(port: number): House {
  const [store, clock, log] = [new MemoryStore(), new VirtualClock(), new QuietLog()];
  return {
    store,
    clock,
    log,
    open: (config, signal, disk = store) =>
      openBridge(
        {
          config: { id: "up", provider: "mqtt", url: `mqtt://127.0.0.1:${port}`, ...config },
          gateway: { id: "gw" },
          house: EMPTY_HOUSE,
          store: disk,
          clock,
          random: Math.random,
          log,
        },
        signal,
      ),
  };
}

function reading(thing: string, value: number): Reading {
  return {
    thing,
    property: "meter/count",
    value,
    quality: "good",
    time: 1_767_600_000_000 + value,
    receivedAt: 1_767_600_000_000,
    origin: "device",
  } as Reading;
}

async function inUnit(store: MemoryStore, work: (unit: Unit) => void): Promise<void> {
  const unit = new Unit(store, (error) => {
    throw error;
  });
  work(unit);
  await unit.commit();
}

/** Waits for what the status must come to. While the bridge sleeps between attempts, time is made to pass. */
function until(
  bridge: Bridge,
  clock: VirtualClock,
  reached: (view: ReturnType<Bridge["status"]>) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    let passing = false;
    const passTime = async (): Promise<void> => {
      // A timer waits while the bridge sleeps; while it connects, only the network can tell.
      if (bridge.status().state === "offline" && clock.pending > 0) await clock.advance(60_000);
      passing = false;
    };
    const look = (): void => {
      const view = bridge.status();
      if (reached(view)) {
        watch[Symbol.dispose]();
        resolve();
      } else if (view.state === "offline" && !passing) {
        passing = true;
        setImmediate(() => void passTime());
      }
    };
    const watch = bridge.onChange(look);
    look();
  });
}

interface Arrived {
  readonly topic: string;
  readonly id: string;
  readonly value: number;
  readonly time: string;
}

async function arrivedAt(mosquitto: Mosquitto): Promise<readonly Arrived[]> {
  return (await mosquitto.received()).map(({ topic, payload }) => ({ topic, ...JSON.parse(payload) }));
}

/** What a receiver is left with that drops what it has seen. */
function firstOnly(arrived: readonly Arrived[]): readonly Arrived[] {
  const seen = new Set<string>();
  return arrived.filter(({ id }) => !seen.has(id) && seen.add(id));
}

describe.skipIf(missing)("a bridge to a real mosquitto", () => {
  it.each([4, 5] as const)(
    "brings 500 readings of an outage, over a crash in the middle, in order per Thing, MQTT %s",
    async (version) => {
      const port = await freePort();
      const { store, clock, log, open } = house(port);
      const config = { protocol_version: version };
      const things = ["a", "b", "c", "d", "e"];
      const first = await open(config);
      for (let value = 0; value < 500; value++) {
        await inUnit(store, (unit) => first.offer(reading(things[value % 5] as string, value), unit));
      }
      expect(first.status()).toMatchObject({ queued: 500, sent: 0 });
      await first[Symbol.asyncDispose]();

      await using mosquitto = await Mosquitto.open();
      await using _line = await TcpLine.open(mosquitto.port, port);
      // The next process dies in the middle of the drain: what it removes from then on never reaches the disk.
      const disk = new GatedStore(store);
      const second = await open(config, undefined, disk);
      expect(second.status()).toMatchObject({
        queued: 500,
        // Since when it waits; what it tells of was at another time.
        oldest: new Date(clock.now()).toISOString(),
      });
      await until(second, clock, ({ sent }) => sent >= 100);
      disk.holding = true;
      void second[Symbol.asyncDispose]();
      await until(second, clock, ({ state }) => state === "stopped");

      const bridge = await open(config);
      expect(bridge.status().queued).toBeGreaterThan(0);
      await until(bridge, clock, ({ queued }) => queued === 0);
      const arrived = firstOnly(await arrivedAt(mosquitto));
      expect(arrived).toHaveLength(500);
      for (const [index, thing] of things.entries()) {
        const mine = arrived.filter(({ topic }) => topic === `tram/gw/${thing}/meter/count`);
        expect(mine.map(({ value }) => value)).toEqual(
          Array.from({ length: 100 }, (_, turn) => turn * 5 + index),
        );
      }
      expect(arrived[7]?.time).toMatch(/^2026-01-05T08:00:00\.\d{3}Z$/);
      await bridge[Symbol.asyncDispose]();
      expect(await store.extent("outbox-up")).toMatchObject({ count: 0 });
      expect(clock.pending).toBe(0);
      expect(log.texts.filter((text) => text.startsWith("error"))).toEqual([]);
    },
  );

  it("loses nothing when the line is cut again and again in the middle of it", async () => {
    await using mosquitto = await Mosquitto.open();
    await using line = await TcpLine.open(mosquitto.port);
    const { store, clock, open } = house(line.port);
    const bridge = await open();
    for (let value = 0; value < 600; value++) {
      await inUnit(store, (unit) => bridge.offer(reading(`t-${value % 3}`, value), unit));
      if (value % 100 === 50) {
        await until(bridge, clock, ({ state }) => state === "online");
        await line.cut();
      }
    }
    await until(bridge, clock, ({ queued }) => queued === 0);
    const arrived = firstOnly(await arrivedAt(mosquitto));
    for (const thing of [0, 1, 2]) {
      const mine = arrived.filter(({ topic }) => topic === `tram/gw/t-${thing}/meter/count`);
      expect(mine.map(({ value }) => value)).toEqual(
        Array.from({ length: 200 }, (_, turn) => turn * 3 + thing),
      );
    }
    await bridge[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it("survives mosquitto itself being killed and started again", async () => {
    await using mosquitto = await Mosquitto.open();
    await using line = await TcpLine.open(mosquitto.port);
    const { store, clock, log, open } = house(line.port);
    const bridge = await open();
    await until(bridge, clock, ({ state }) => state === "online");
    await inUnit(store, (unit) => bridge.offer(reading("a", 1), unit));
    await until(bridge, clock, ({ queued }) => queued === 0);
    expect(await arrivedAt(mosquitto)).toHaveLength(1);
    await line.stop();
    await mosquitto.stop();
    await until(bridge, clock, ({ state }) => state === "offline");
    await inUnit(store, (unit) => bridge.offer(reading("a", 2), unit));
    await mosquitto.start();
    await line.start();
    await until(bridge, clock, ({ queued }) => queued === 0);
    expect((await arrivedAt(mosquitto)).map(({ value }) => value)).toEqual([1, 2]);
    expect(log.texts).toEqual([
      "info the bridge is online",
      "warn the bridge is offline",
      "info the bridge is online",
    ]);
    await bridge[Symbol.asyncDispose]();
  });

  it("brings the end of a command", async () => {
    await using mosquitto = await Mosquitto.open();
    const { store, clock, open } = house(mosquitto.port);
    const bridge = await open();
    const command = {
      id: "c-1",
      thing: "pump",
      target: { property: "motor/power" },
      value: true,
      origin: "rule:heat",
      depth: 1,
      state: "accepted",
      submittedAt: 1,
    } as unknown as Command;
    await inUnit(store, (unit) => bridge.offerCommand(command, unit));
    await inUnit(store, (unit) => bridge.offerCommand({ ...command, state: "confirmed", endedAt: 5 }, unit));
    await until(bridge, clock, ({ sent }) => sent === 1);
    expect(await arrivedAt(mosquitto)).toMatchObject([
      { topic: "tram/gw/pump/motor/power/command", command: "c-1", state: "confirmed", value: true },
    ]);
    await bridge[Symbol.asyncDispose]();
  });
});

describe("a bridge to nowhere", () => {
  it("queues, says why, shows no password, and closes when its signal aborts", async () => {
    const { store, clock, log, open } = house(await freePort());
    const stop = new AbortController();
    const bridge = await open({ username: "u", password: "s3cret" }, stop.signal);
    await until(bridge, clock, ({ state }) => state === "offline");
    await inUnit(store, (unit) => bridge.offer(reading("a", 1), unit, { class: "alarm" }));
    const view = bridge.status();
    expect(view).toMatchObject({
      id: "up",
      provider: "mqtt",
      state: "offline",
      queued: 1,
      queuedByClass: { alarm: 1, telemetry: 0 },
      sent: 0,
      dropped: 0,
      parked: 0,
      lastError: expect.stringContaining("ECONNREFUSED"),
    });
    expect(JSON.stringify([view, log.lines])).not.toContain("s3cret");
    stop.abort();
    await bridge[Symbol.asyncDispose]();
    expect(bridge.status().state).toBe("stopped");
    expect(clock.pending).toBe(0);
  });

  it("is not hurt by a listener that throws", async () => {
    const { store, log, open } = house(await freePort());
    const bridge = await open();
    const heard: number[] = [];
    bridge.onChange(() => {
      throw new Error("not my day");
    });
    const listening = bridge.onChange(() => heard.push(bridge.status().queued));
    await inUnit(store, (unit) => bridge.offer(reading("a", 1), unit));
    listening[Symbol.dispose]();
    await inUnit(store, (unit) => bridge.offer(reading("a", 2), unit));
    expect(heard).toContain(1);
    expect(heard).not.toContain(2);
    expect(log.texts).toContain("error a listener of the bridge threw");
    await bridge[Symbol.asyncDispose]();
  });

  it("makes no id twice, over restarts that forgot where they were", async () => {
    const ids = new Set<string>();
    for (let start = 0; start < 5; start++) {
      // A new store each time: the worst power cut there is.
      const { store, open } = house(1);
      const bridge = await open();
      await inUnit(store, (unit) => bridge.offer(reading("a", 1), unit));
      const [row] = await store.rows("outbox-up", { after: 0, limit: 1 });
      ids.add(JSON.stringify((row as LogRow).value));
      await bridge[Symbol.asyncDispose]();
    }
    expect(ids.size).toBe(5);
  });
});
