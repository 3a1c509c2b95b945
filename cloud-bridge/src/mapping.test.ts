import type { Command, CommandId, PropertyKey, Reading, ThingId } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { Mapping } from "./mapping.ts";

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
