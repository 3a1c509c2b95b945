import type { Change } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { changesReceived, snapshotReceived } from "../live/actions.ts";
import { propertyOf, snapshotOf, thingOf, thingViewOf } from "../live/snapshot.fixture.ts";
import { thingsSlice } from "./things-slice.ts";

const reduce = thingsSlice.reducer;
const start = reduce(
  undefined,
  snapshotReceived(snapshotOf({ things: [thingViewOf("lamp"), thingViewOf("fan")] })),
);
const apply = (...changes: Change[]) => reduce(start, changesReceived(changes));

describe("thingsSlice", () => {
  it("replaces everything by a snapshot", () => {
    const next = reduce(start, snapshotReceived(snapshotOf({ things: [thingViewOf("pump")] })));
    expect(Object.keys(next.descriptions)).toEqual(["pump"]);
    expect(Object.keys(next.statuses)).toEqual(["pump"]);
    expect(Object.keys(next.readings)).toEqual(["pump"]);
  });

  it("takes readings of a Thing that is described in the same batch", () => {
    const next = apply(
      { kind: "thing", thing: thingViewOf("lamp") },
      { kind: "reading", id: "lamp", property: "lamp/on", view: propertyOf(true) },
      { kind: "reading", id: "lamp", property: "lamp/level", view: propertyOf(3) },
    );
    expect(next.readings.lamp?.["lamp/on"]?.value).toBe(true);
    expect(next.readings.lamp?.["lamp/level"]?.value).toBe(3);
  });

  it("takes a reading without touching anything else", () => {
    const view = propertyOf(true);
    const next = apply({ kind: "reading", id: "lamp", property: "lamp/on", view });
    expect(next.readings.lamp?.["lamp/on"]).toEqual(view);
    expect(next.readings.fan).toBe(start.readings.fan);
    expect(next.descriptions).toBe(start.descriptions);
    expect(next.statuses).toBe(start.statuses);
    expect(start.readings.lamp?.["lamp/on"]?.value).toBe(false);
  });

  it("applies the changes of a batch in order", () => {
    const next = apply(
      { kind: "reading", id: "lamp", property: "lamp/on", view: propertyOf(true) },
      { kind: "reading", id: "lamp", property: "lamp/on", view: propertyOf(false) },
    );
    expect(next.readings.lamp?.["lamp/on"]?.value).toBe(false);
  });

  it("takes new descriptions with their values", () => {
    const renamed = thingViewOf("lamp", {
      thing: thingOf("lamp", { title: "Desk" }),
      problem: "old firmware",
    });
    const next = apply({ kind: "thing", thing: renamed });
    expect(next.descriptions.lamp?.title).toBe("Desk");
    expect(next.statuses.lamp?.problem).toBe("old firmware");
  });

  it("takes a new Thing and its first value in one batch", () => {
    const next = apply(
      { kind: "thing", thing: thingViewOf("pump", { properties: {} }) },
      { kind: "reading", id: "pump", property: "lamp/on", view: propertyOf(true) },
      { kind: "reading", id: "pump", property: "lamp/on", view: propertyOf(false) },
    );
    expect(next.readings.pump?.["lamp/on"]?.value).toBe(false);
  });

  it("follows availability", () => {
    const next = apply({ kind: "availability", id: "fan", availability: "lost" });
    expect(next.statuses.fan).toMatchObject({ availability: "lost", source: "module:sim" });
  });

  it("shows alerts until they are over", () => {
    const alert = { id: "battery", text: "low", since: "2026-03-01T08:00:00Z" };
    const raised = apply({ kind: "alerts", id: "fan", alerts: [alert] });
    expect(raised.statuses.fan).toMatchObject({ alerts: [alert], source: "module:sim" });
    expect(raised.statuses.lamp).toBe(start.statuses.lamp);
    const over = reduce(raised, changesReceived([{ kind: "alerts", id: "fan", alerts: [] }]));
    expect(over.statuses.fan?.alerts).toEqual([]);
    expect(reduce(over, changesReceived([{ kind: "alerts", id: "nobody", alerts: [alert] }])).statuses).toBe(
      over.statuses,
    );
  });

  it("forgets a retired Thing, and what comes late for it", () => {
    const next = apply(
      { kind: "retired", id: "fan" },
      { kind: "reading", id: "fan", property: "lamp/on", view: propertyOf(true) },
      { kind: "availability", id: "fan", availability: "ready" },
    );
    expect([next.descriptions.fan, next.statuses.fan, next.readings.fan]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("takes values in again after it was given frozen ones", () => {
    const once = apply({ kind: "thing", thing: thingViewOf("lamp") });
    const twice = reduce(
      once,
      changesReceived([{ kind: "reading", id: "lamp", property: "lamp/level", view: propertyOf(3) }]),
    );
    expect(Object.keys(twice.readings.lamp ?? {})).toEqual(["lamp/on", "lamp/level"]);
  });
});
