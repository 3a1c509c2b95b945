import type { Bus, Registry } from "@tram/core";
import { commandView, notificationView, propertyView, thingView } from "../http/views.ts";
import type { LiveHub } from "./live-hub.ts";

/** Turns the house's events into changes of the live API, once they are kept. */
export function feedLive(bus: Bus, registry: Registry, hub: LiveHub): readonly Disposable[] {
  return [
    bus.on("thing", (record, unit) =>
      unit.after(() => hub.push(() => ({ kind: "thing", thing: thingView(record, registry) }))),
    ),
    bus.on("retired", ({ id }, unit) => unit.after(() => hub.push(() => ({ kind: "retired", id })))),
    bus.on("availability", ({ record }, unit) =>
      unit.after(() =>
        hub.push(() => ({ kind: "availability", id: record.thing.id, availability: record.availability })),
      ),
    ),
    ...(["reading", "quality"] as const).map((name) =>
      bus.on(name, ({ reading }, unit) =>
        unit.after(() =>
          hub.pushState(`reading ${reading.thing}/${reading.property}`, () => ({
            kind: "reading",
            id: reading.thing,
            property: reading.property,
            view: propertyView(reading),
          })),
        ),
      ),
    ),
    bus.on("command", (command, unit) =>
      unit.after(() => hub.push(() => ({ kind: "command", command: commandView(command) }))),
    ),
    bus.on("notification", (notification, unit) =>
      unit.after(() =>
        hub.push(() => ({ kind: "notification", notification: notificationView(notification) })),
      ),
    ),
  ];
}
