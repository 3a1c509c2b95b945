import type { Bus, Registry, SafeActuators } from "@tram/core";
import { alertViews, commandView, iso, notificationView, propertyView, thingView } from "../http/views.ts";
import type { DeviceNotes } from "../mqtt/homie/device-notes.ts";
import type { LiveHub } from "./live-hub.ts";

export interface FeedParts {
  readonly bus: Bus;
  readonly registry: Registry;
  readonly safety: SafeActuators;
  readonly notes: DeviceNotes;
}

/** Turns the house's events into changes of the live API, once they are kept. */
export function feedLive(house: FeedParts, hub: LiveHub): readonly Disposable[] {
  const { bus } = house;
  return [
    bus.on("thing", (record, unit) =>
      unit.after(() => hub.push(() => ({ kind: "thing", thing: thingView(record, house) }))),
    ),
    bus.on("retired", ({ id }, unit) => unit.after(() => hub.push(() => ({ kind: "retired", id })))),
    bus.on("availability", ({ record }, unit) =>
      unit.after(() =>
        hub.push(() => ({ kind: "availability", id: record.thing.id, availability: record.availability })),
      ),
    ),
    ...(["reading", "quality", "repaired"] as const).map((name) =>
      bus.on(name, ({ reading }, unit) =>
        unit.after(() =>
          hub.pushState(`reading ${reading.thing}/${reading.property}`, () => ({
            kind: "reading",
            id: reading.thing,
            property: reading.property,
            view: propertyView(reading, house),
          })),
        ),
      ),
    ),
    bus.on("alert", ({ thing }, unit) =>
      unit.after(() =>
        hub.pushState(`alerts ${thing}`, () => ({
          kind: "alerts",
          id: thing,
          alerts: alertViews(thing, house.notes),
        })),
      ),
    ),
    ...(["guarded", "target"] as const).map((name) =>
      bus.on(name, ({ thing, property }, unit) =>
        unit.after(() =>
          hub.pushState(`reading ${thing}/${property}`, () => {
            const reading = house.registry.read(thing, property);
            if (reading === undefined) return undefined;
            return { kind: "reading", id: thing, property, view: propertyView(reading, house) };
          }),
        ),
      ),
    ),
    bus.on("command", (command, unit) =>
      unit.after(() => hub.push(() => ({ kind: "command", command: commandView(command) }))),
    ),
    bus.on("event", ({ data, event, thing, time }, unit) =>
      unit.after(() => hub.push(() => ({ kind: "event", id: thing, event, data, time: iso(time) }))),
    ),
    bus.on("notification", (notification, unit) =>
      unit.after(() =>
        hub.push(() => ({ kind: "notification", notification: notificationView(notification) })),
      ),
    ),
  ];
}
