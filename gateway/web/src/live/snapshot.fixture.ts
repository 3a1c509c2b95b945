import type { GatewayView, PropertyView, Snapshot, Thing, ThingView } from "@tram/protocol";

/** Made-up state for tests. */
export const TIME = "2026-03-01T08:00:00.000Z";

export const GATEWAY: GatewayView = {
  id: "tram-1",
  name: "Test",
  version: "0.1.0",
  startedAt: TIME,
  now: TIME,
  clock: "synced",
  timezone: "Asia/Ho_Chi_Minh",
  store: "ok",
  problems: [],
};

export function propertyOf(value: unknown, more: Partial<PropertyView> = {}): PropertyView {
  return { value, quality: "good", time: TIME, receivedAt: TIME, ...more };
}

export function thingOf(id: string, more: Partial<Thing> = {}): Thing {
  return { id, title: id, properties: { "lamp/on": { type: "boolean", title: "Power" } }, ...more };
}

export function thingViewOf(id: string, more: Partial<ThingView> = {}): ThingView {
  return {
    thing: thingOf(id),
    availability: "ready",
    source: "module:sim",
    properties: { "lamp/on": propertyOf(false) },
    ...more,
  };
}

export function snapshotOf(more: Partial<Snapshot> = {}): Snapshot {
  return {
    type: "snapshot",
    seq: 1,
    gateway: GATEWAY,
    things: [],
    rules: [],
    bridges: [],
    modules: [],
    ...more,
  };
}
