import { HostError, type ModuleCommand, type Session } from "@tram/module-sdk";
import type { CommandId, Json, PropertyKey, ThingId } from "@tram/protocol";
import { RecordingHost, type RecordingHostOptions, VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import type { SimConfig } from "./config.ts";
import { GREENHOUSE } from "./greenhouse-model.ts";
import { simModule } from "./sim-module.ts";
import { DEVICE_DELAY_MS } from "./sim-session.ts";

const HOUR_MS = 3_600_000;
/** Six in the morning in Vietnam. */
const SUNRISE = Date.UTC(2026, 2, 1, 23, 0, 0);

async function open(
  config: SimConfig = {},
  options: Omit<RecordingHostOptions, "signal"> = {},
): Promise<{ host: RecordingHost<SimConfig>; session: Session; stop: AbortController }> {
  const stop = new AbortController();
  const host = new RecordingHost(config, {
    clock: new VirtualClock({ wall: SUNRISE }),
    ...options,
    signal: stop.signal,
  });
  const session = await simModule.open(host, stop.signal);
  await host.clock.advance(0);
  return { host, session, stop };
}

function command(address: string, value: Json, id = "command-1"): ModuleCommand {
  const [thing, ...property] = address.split("/");
  return {
    id: id as CommandId,
    thing: thing as ThingId,
    target: { property: property.join("/") as PropertyKey },
    value,
    timeoutMs: 10_000,
  };
}

const never = new AbortController().signal;

function latest(host: RecordingHost<SimConfig>, address: string): Json | undefined {
  const [thing = "", ...property] = address.split("/");
  return host.latest(thing, property.join("/"))?.value;
}

describe("what it shows", () => {
  test("a Thing for each device, ready, with titles in English and Vietnamese", async () => {
    const { host } = await open();
    expect([...host.things.keys()]).toEqual(
      ["climate", "soil", "fan", "valve", "door", "button", "weather"].map((part) => `greenhouse-${part}`),
    );
    for (const [id, thing] of host.things) {
      expect(host.availabilities.get(id)).toBe("ready");
      for (const { titles } of [thing, ...Object.values(thing.properties)]) {
        expect(Object.keys(titles ?? {}).sort()).toEqual(["en", "vi"]);
      }
    }
    expect(host.problems).toEqual([]);
  });

  test("at once the state of every property, but for the button, which has none", async () => {
    const { host } = await open();
    const described = [...host.things].flatMap(([id, { properties }]) =>
      Object.keys(properties).map((property) => `${id}/${property}`),
    );
    const told = host.readings.map(({ thing, property }) => `${thing}/${property}`);
    expect(told.sort()).toEqual(described.filter((address) => !address.endsWith("button/press")).sort());
  });

  test("two greenhouses side by side, by prefix", async () => {
    const { host } = await open({ prefix: "north-9" });
    expect(host.things.has("north-9-fan" as ThingId)).toBe(true);
    expect(host.things.has("greenhouse-fan" as ThingId)).toBe(false);
  });
});

describe("the simulation", () => {
  async function day(config: SimConfig): Promise<RecordingHost<SimConfig>> {
    const { host, session } = await open(config);
    await host.clock.advance(20 * 60_000);
    await session[Symbol.asyncDispose]();
    return host;
  }

  test("the same seed on the same clock gives the same readings, another seed gives others", async () => {
    const first = await day({ seed: 5, speed: 60 });
    expect((await day({ seed: 5, speed: 60 })).readings).toEqual(first.readings);
    expect((await day({ seed: 6, speed: 60 })).readings).not.toEqual(first.readings);
  });

  test("it becomes hot enough in the simulated afternoon to need the fan, and the fan helps", async () => {
    const { host, session } = await open({ speed: 3_600 });
    await host.clock.advance(8_500);
    const hot = latest(host, "greenhouse-climate/air/temperature");
    expect(hot).toBeGreaterThan(36);
    await session.execute?.(command("greenhouse-fan/fan/on", true), never);
    await host.clock.advance(1_200);
    expect(latest(host, "greenhouse-climate/air/temperature")).toBeLessThan(Number(hot) - 2);
  });

  test("at night it is cool", async () => {
    const { host } = await open({ speed: 3_600 });
    await host.clock.advance(20_000);
    expect(latest(host, "greenhouse-climate/air/temperature")).toBeLessThan(26);
    expect(latest(host, "greenhouse-weather/weather/sun")).toBe(0);
  });

  test("a person can make it hot at any hour, and hand the weather back to the day", async () => {
    const { host, session } = await open({ speed: 60 });
    await session.execute?.(command("greenhouse-weather/weather/outside-temperature", 40), never);
    await session.execute?.(command("greenhouse-weather/weather/sun", 1_000), never);
    await host.clock.advance(60_000);
    expect(latest(host, "greenhouse-weather/weather/automatic")).toBe(false);
    expect(latest(host, "greenhouse-weather/weather/sun")).toBe(1_000);
    expect(latest(host, "greenhouse-climate/air/temperature")).toBeGreaterThan(42);
    await session.execute?.(command("greenhouse-weather/weather/automatic", true), never);
    await host.clock.advance(2_000);
    expect(latest(host, "greenhouse-weather/weather/outside-temperature")).toBeLessThan(32);
  });

  test("the valve waters the soil while it is open", async () => {
    const { host, session } = await open({ speed: 10 });
    const before = Number(latest(host, "greenhouse-soil/soil/moisture"));
    await session.execute?.(command("greenhouse-valve/valve/open", true), never);
    await host.clock.advance(60_000);
    expect(latest(host, "greenhouse-valve/valve/flow")).toBeCloseTo(8, 0);
    // 10 minutes of 8 L/min into 400 L are 20 %.
    expect(Number(latest(host, "greenhouse-soil/soil/moisture")) - before).toBeCloseTo(20, 0);
    await session.execute?.(command("greenhouse-valve/valve/open", false), never);
    await host.clock.advance(2_000);
    expect(latest(host, "greenhouse-valve/valve/flow")).toBe(0);
  });

  test("the door and the button are used now and then", async () => {
    const { host } = await open();
    await host.clock.advance(HOUR_MS);
    const door = host.readings.filter(({ property }) => property === "door/open").map(({ value }) => value);
    expect(door.length).toBeGreaterThan(4);
    expect(door.length).toBeLessThan(60);
    expect(door.every((value, index) => index === 0 || value !== door[index - 1])).toBe(true);
    const presses = host.readings.filter(({ property }) => property === "button/press");
    expect(presses.length).toBeGreaterThan(4);
    expect(presses.length).toBeLessThan(40);
  });

  test("an unchanged analog value is repeated each reportMs and no more, a state is not", async () => {
    const { host, session } = await open({ reportMs: 7_000 });
    await session.execute?.(command("greenhouse-weather/weather/outside-temperature", 30), never);
    await host.clock.advance(1_000);
    const from = host.readings.length;
    await host.clock.advance(70_000);
    const since = host.readings.slice(from);
    expect(since.filter(({ property }) => property === "weather/outside-temperature")).toHaveLength(10);
    expect(since.filter(({ property }) => property === "fan/on")).toHaveLength(0);
  });

  test("a clock that is set while it runs sets the time of day", async () => {
    const { host } = await open();
    expect(latest(host, "greenhouse-weather/weather/sun")).toBe(0);
    host.clock.step(6 * HOUR_MS);
    await host.clock.advance(2_000);
    expect(latest(host, "greenhouse-weather/weather/sun")).toBeGreaterThan(500);
  });
});

describe("commands", () => {
  test("the device answers after its delay, with the command as the cause", async () => {
    const { host, session } = await open();
    expect(await session.execute?.(command("greenhouse-fan/fan/speed", 42), never)).toEqual({
      outcome: "sent",
    });
    await host.clock.advance(DEVICE_DELAY_MS - 1);
    expect(latest(host, "greenhouse-fan/fan/speed")).toBe(100);
    await host.clock.advance(1);
    expect(host.latest("greenhouse-fan", "fan/speed")).toMatchObject({
      value: 40,
      cause: { commandId: "command-1", depth: 1 },
      time: SUNRISE + DEVICE_DELAY_MS,
    });
  });

  test("a command that changes nothing is answered all the same", async () => {
    const { host, session } = await open();
    await session.execute?.(command("greenhouse-valve/valve/open", false), never);
    await host.clock.advance(DEVICE_DELAY_MS);
    expect(host.latest("greenhouse-valve", "valve/open")?.cause?.commandId).toBe("command-1");
  });

  test.each([
    ["greenhouse-roof/roof/open", true, /no device greenhouse-roof/],
    ["greenhouse-fan/fan/colour", true, /no property fan\/colour/],
    ["greenhouse-climate/air/temperature", 20, /cannot be set/],
    ["greenhouse-fan/fan/speed", 110, /at most 100/],
    ["greenhouse-fan/fan/on", "true", /expected boolean/],
  ])("%s = %s is rejected with the reason", async (address, value, reason) => {
    const { session } = await open();
    expect(await session.execute?.(command(address, value), never)).toEqual({
      outcome: "rejected",
      reason: expect.stringMatching(reason),
    });
  });
});

describe("restarts and faults", () => {
  test("switches and soil are as they were after a restart, and new without the store", async () => {
    const first = await open({ speed: 60 });
    await first.session.execute?.(command("greenhouse-valve/valve/open", true), never);
    await first.host.clock.advance(60_000);
    await first.session.execute?.(command("greenhouse-fan/fan/on", true), never);
    await first.host.clock.advance(1_000);
    await first.session[Symbol.asyncDispose]();

    const again = await open({ speed: 60 }, { store: first.host.stored });
    expect(latest(again.host, "greenhouse-valve/valve/open")).toBe(true);
    expect(latest(again.host, "greenhouse-fan/fan/on")).toBe(true);
    expect(latest(again.host, "greenhouse-soil/soil/moisture")).toBeGreaterThan(90);

    const fresh = await open({ speed: 60 });
    expect(latest(fresh.host, "greenhouse-valve/valve/open")).toBe(false);
    expect(latest(fresh.host, "greenhouse-soil/soil/moisture")).toBeLessThan(60);
  });

  test("a store that makes no sense is told once and left alone", async () => {
    const { host } = await open({}, { store: new Map([["house", { controls: "?" }]]) });
    expect(host.calls).toContainEqual(expect.objectContaining({ call: "log", level: "warn" }));
    expect(latest(host, "greenhouse-fan/fan/on")).toBe(false);
  });

  test("a gateway that takes no readings is told once; what waits stays small and comes later", async () => {
    const { host, session } = await open({ speed: 60 });
    host.failReportsWith(new HostError("not-stored", "the disk is full"));
    await session.execute?.(command("greenhouse-fan/fan/on", true), never);
    await host.clock.advance(600_000);
    expect(host.healthNow).toMatchObject({
      state: "degraded",
      reason: expect.stringContaining("disk is full"),
    });
    const offered = host.calls.findLast(({ call }) => call === "report");
    expect(offered?.call === "report" ? offered.readings.length : 0).toBeLessThan(20);
    expect(host.calls.filter(({ call }) => call === "health")).toHaveLength(1);

    host.failReportsWith(undefined);
    await host.clock.advance(1_000);
    expect(host.healthNow).toEqual({ state: "up" });
    expect(host.latest("greenhouse-fan", "fan/on")).toMatchObject({
      value: true,
      cause: { commandId: "command-1" },
      time: SUNRISE + DEVICE_DELAY_MS,
    });
    expect(host.calls.filter(({ call }) => call === "log")).toHaveLength(2);
  });

  test("a gateway that cannot keep the Things gets readings of them all the same", async () => {
    const stop = new AbortController();
    const host = new RecordingHost<SimConfig>({}, { signal: stop.signal });
    host.failAnnouncementsWith(new HostError("not-stored", "the disk is full"));
    await using _session = await simModule.open(host, stop.signal);
    await host.clock.advance(1_000);
    expect(host.things.size).toBeGreaterThan(3);
    expect(host.readings.length).toBeGreaterThan(0);
  });

  test("an answer to a command waits, also when newer values of the property come", async () => {
    const { host, session } = await open();
    host.failReportsWith(new HostError("flooding", "too fast"));
    await session.execute?.(command("greenhouse-weather/weather/outside-temperature", 35), never);
    await host.clock.advance(30_000);
    host.failReportsWith(undefined);
    await host.clock.advance(1_000);
    const told = host.readings.filter(({ property }) => property === "weather/outside-temperature").slice(1);
    expect(told.map(({ cause }) => cause?.commandId)).toEqual(["command-1", undefined]);
  });

  test("a refusal that will not pass ends the session with its cause", async () => {
    const { host, session } = await open();
    const refusal = new HostError("foreign-thing", "belongs to another module");
    host.failReportsWith(refusal);
    const closed = expect(session.closed).rejects.toBe(refusal);
    await host.clock.advance(10_000);
    await closed;
    expect(host.clock.pending).toBe(0);
  });

  test("waters for as long as it is told, and tells how much it was", async () => {
    const { host, session } = await open();
    const water = { ...command("greenhouse-valve/x/x", 30), target: { action: "water" } };
    expect(await session.execute?.(water, never)).toEqual({ outcome: "confirmed" });
    expect(await session.execute?.({ ...water, value: 601 }, never)).toMatchObject({ outcome: "rejected" });
    await host.clock.advance(29_000);
    expect(host.latest("greenhouse-valve", "valve/open")).toMatchObject({ value: true });
    expect(host.events).toEqual([]);
    await host.clock.advance(2_000);
    expect(host.latest("greenhouse-valve", "valve/open")).toMatchObject({ value: false });
    expect(host.events).toEqual([
      { thing: "greenhouse-valve", event: "watered", data: expect.any(Number), time: expect.any(Number) },
    ]);
    expect(host.events[0]?.data).toBeCloseTo(GREENHOUSE.valveFlow / 2, 0);
    expect(host.problems).toEqual([]);
  });

  test("whoever closes the valve by hand ends the watering", async () => {
    const { host, session } = await open();
    const water = { ...command("greenhouse-valve/x/x", 600), target: { action: "water" } };
    await session.execute?.(water, never);
    await host.clock.advance(5_000);
    await session.execute?.(command("greenhouse-valve/valve/open", false), never);
    await host.clock.advance(2_000);
    expect(host.events).toMatchObject([{ event: "watered" }]);
    await session.execute?.(command("greenhouse-valve/valve/open", true), never);
    await host.clock.advance(700_000);
    expect(host.events).toHaveLength(1);
    expect(host.latest("greenhouse-valve", "valve/open")).toMatchObject({ value: true });
  });

  test("an abort ends it as meant, and it does nothing any more", async () => {
    const { host, session, stop } = await open();
    await session.execute?.(command("greenhouse-fan/fan/on", true), never);
    stop.abort(new Error("the gateway stops"));
    await expect(session.closed).resolves.toBeUndefined();
    expect(host.clock.pending).toBe(0);
    expect(await session.execute?.(command("greenhouse-fan/fan/on", true), never)).toMatchObject({
      outcome: "rejected",
    });
  });
});
