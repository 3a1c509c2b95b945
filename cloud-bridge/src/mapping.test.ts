import type { Command, CommandId, PropertyKey, Reading, ThingId } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { Mapping } from "./mapping.ts";
import type { Draft } from "./outbox.ts";

const reading = {
  thing: "pump",
  property: "motor/power",
  value: true,
  quality: "good",
  time: Date.UTC(2026, 0, 5, 6, 0, 0, 250),
  receivedAt: Date.UTC(2026, 0, 5, 6, 0, 1),
  origin: "device",
} as Reading;

const command: Command = {
  id: "c-1" as CommandId,
  thing: "pump" as ThingId,
  target: { property: "motor/power" as PropertyKey },
  value: true,
  origin: "rule:heat",
  depth: 1,
  state: "confirmed",
  submittedAt: 1_000,
  sentAt: 1_100,
  endedAt: 2_000,
};

const mapping = new Mapping({ gateway: "gw" });

/** A reading that is news, which is told then. */
function newsOf(house: Mapping, what: Reading, now: number): Draft | undefined {
  const found = house.judge(what, now);
  if (found?.verdict.is !== "news") return undefined;
  house.told(found.draft, now);
  return found.draft;
}

describe("a reading", () => {
  it("goes to its topic, with the time of its source", () => {
    const draft = mapping.reading(reading);
    if (draft === undefined) throw new Error("not mapped");
    const message = { ...draft, id: "gw-x-1" };
    expect(mapping.topic(message)).toBe("tram/gw/pump/motor/power");
    expect(JSON.parse(mapping.payload(message))).toEqual({
      id: "gw-x-1",
      time: "2026-01-05T06:00:00.250Z",
      value: true,
      quality: "good",
    });
    expect(message).toMatchObject({ class: "telemetry", group: "pump" });
  });

  it("takes another prefix and another class", () => {
    const other = new Mapping({ gateway: "gw", topicPrefix: "farm/north" });
    const draft = other.reading(reading, "alarm");
    expect(draft).toMatchObject({ class: "alarm" });
    expect(other.topic({ ...(draft as NonNullable<typeof draft>), id: "x" })).toBe(
      "farm/north/pump/motor/power",
    );
  });

  it.each([Number.NaN, 1e300, Number.POSITIVE_INFINITY])(
    "with the impossible time %s gets the gateway's",
    (time) => {
      expect(mapping.reading({ ...reading, time })?.time).toBe(reading.receivedAt);
    },
  );

  it.each([
    [["pump"], true],
    [["pump/motor/power"], true],
    [["pump/motor/speed"], false],
    [["fan"], false],
    [[], false],
  ])("passes the filter %j: %s", (things, passes) => {
    expect(new Mapping({ gateway: "gw", things }).reading(reading) !== undefined).toBe(passes);
  });
});

describe("a command", () => {
  it("goes beside its property once it has ended", () => {
    expect(
      mapping.command({ ...command, state: "sent", endedAt: undefined } as unknown as Command),
    ).toBeUndefined();
    const draft = mapping.command({
      ...command,
      state: "failed",
      code: "overridden",
      reason: "the device reports 0",
    });
    if (draft === undefined) throw new Error("not mapped");
    const message = { ...draft, id: "gw-x-2" };
    expect(mapping.topic(message)).toBe("tram/gw/pump/motor/power/command");
    expect(JSON.parse(mapping.payload(message))).toEqual({
      id: "gw-x-2",
      time: "1970-01-01T00:00:02.000Z",
      command: "c-1",
      state: "failed",
      value: true,
      origin: "rule:heat",
      code: "overridden",
      reason: "the device reports 0",
    });
    expect(message.class).toBe("reply");
  });

  it("of an action goes beside the action", () => {
    const draft = mapping.command({ ...command, target: { action: "rinse" } });
    expect(mapping.topic({ ...(draft as NonNullable<typeof draft>), id: "x" })).toBe(
      "tram/gw/pump/rinse/command",
    );
  });

  it("that names what can be no topic stays here", () => {
    expect(mapping.command({ ...command, state: "refused", target: { action: "a/#" } })).toBeUndefined();
    expect(mapping.command({ ...command, state: "refused", thing: "+" as Command["thing"] })).toBeUndefined();
  });
});

describe("what goes first, and what of it is enough", () => {
  const ALARM = { alarm: true, settable: false, numeric: false };
  const SWITCH = { alarm: false, settable: true, numeric: false };
  const SENSOR = { alarm: false, settable: false, numeric: true };

  it("the change of an alarm, and not what repeats it", () => {
    const house = new Mapping({ gateway: "gw", facts: () => ALARM });
    const classes = [true, true, false, false].map((value) => newsOf(house, { ...reading, value }, 0)?.class);
    expect(classes).toEqual(["alarm", "telemetry", "alarm", "telemetry"]);
  });

  it("what the configuration calls an alarm", () => {
    const house = new Mapping({ gateway: "gw", alarms: ["*/motor/power"], facts: () => SWITCH });
    expect(newsOf(house, reading, 0)?.class).toBe("alarm");
    expect(newsOf(house, { ...reading, property: "motor/speed" as PropertyKey }, 0)?.class).toBe("telemetry");
  });

  it("an alarm waits for no interval, and does not have to cross a deadband", () => {
    const changes = { intervalMs: 60_000, onChange: true, deadband: 100 };
    const house = new Mapping({ gateway: "gw", alarms: ["pump"], changes, facts: () => SENSOR });
    const sent = [1, 2, 2, 3].map((value) => newsOf(house, { ...reading, value }, 0)?.class);
    expect(sent).toEqual(["alarm", "alarm", undefined, "alarm"]);
  });

  it.each([
    [SWITCH, true, "state"],
    [SENSOR, true, "telemetry"],
    [{ ...SENSOR, settable: true }, true, "state"],
    [SWITCH, false, "telemetry"],
  ])("%j with the latest alone %s is %s", (facts, latest, expected) => {
    expect(newsOf(new Mapping({ gateway: "gw", latest, facts: () => facts }), reading, 0)?.class).toBe(
      expected,
    );
  });
});

describe("the filters", () => {
  const facts = { alarm: false, settable: false, numeric: true };
  it.each([
    [{ areas: ["garden"] }, "garden", true],
    [{ areas: ["garden"] }, "kitchen", false],
    [{ areas: ["garden"] }, undefined, false],
    [{ properties: ["*/power"] }, undefined, true],
    [{ properties: ["*/speed"] }, undefined, false],
    [{ things: ["p*"], properties: ["*/power"], areas: ["garden"] }, "garden", true],
    [{ things: ["f*"], properties: ["*/power"], areas: ["garden"] }, "garden", false],
  ])("%j in the area %s: %s", (options, area, passes) => {
    const house = new Mapping({
      gateway: "gw",
      ...options,
      facts: () => (area === undefined ? facts : { ...facts, area }),
    });
    expect(house.reading(reading) !== undefined).toBe(passes);
  });

  it("leave no request of this cloud without its answer", () => {
    const house = new Mapping({ gateway: "gw", things: ["fan"] });
    expect(house.command(command)).toBeUndefined();
    expect(house.command(command, { topic: "answers" })).toMatchObject({ context: { topic: "answers" } });
  });

  it("and the interval keep no value from the snapshot", () => {
    const house = new Mapping({ gateway: "gw", changes: { intervalMs: 60_000, onChange: true } });
    expect(newsOf(house, reading, 0)).toBeDefined();
    expect(newsOf(house, reading, 1)).toBeUndefined();
    expect(house.reading(reading)).toBeDefined();
  });

  it("let a value out again that was not kept", () => {
    const house = new Mapping({ gateway: "gw", changes: { onChange: true } });
    newsOf(house, reading, 0);
    house.lost({ thing: reading.thing, name: reading.property });
    expect(newsOf(house, reading, 1)).toBeDefined();
  });
});

it("templates say where a reading goes, and what it looks like; the ends of commands stay where they were", () => {
  const house = new Mapping({ gateway: "gw", topic: "plant/{thing}/{property}", payload: { v: "{value}" } });
  const message = { ...(house.reading(reading) as NonNullable<ReturnType<Mapping["reading"]>>), id: "x" };
  expect([house.topic(message), house.payload(message)]).toEqual(["plant/pump/power", '{"v":true}']);
  const reply = { ...(house.command(command) as NonNullable<ReturnType<Mapping["command"]>>), id: "y" };
  expect(house.topic(reply)).toBe("tram/gw/pump/motor/power/command");
  expect(JSON.parse(house.payload(reply))).toMatchObject({ id: "y", state: "confirmed" });
});

it("the end of a cloud's command names its request", () => {
  const asked: Command = { ...command, origin: "cloud:up", key: "r-7" };
  expect(mapping.command(asked)?.value).toMatchObject({ request: "r-7", state: "confirmed" });
  expect(mapping.command({ ...command, key: "of the API" })?.value).not.toHaveProperty("request");
});
