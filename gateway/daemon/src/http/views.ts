import type {
  ModuleStatus,
  Notification,
  Registry,
  SafeActuators,
  SafetyView,
  ThingRecord,
} from "@tram/core";
import {
  type AlertView,
  type Command,
  type CommandView,
  type EpochMs,
  jsonEqual,
  type ModuleView,
  type NotificationView,
  type PropertyView,
  type Reading,
  type ThingId,
  type ThingView,
} from "@tram/protocol";
import type { DeviceNotes } from "../mqtt/homie/device-notes.ts";

/** The longest time that ISO 8601 can write (ECMA-262 §21.4.1.1): a hostile clock must not break a page. */
const LAST_MS = 8_640_000_000_000_000;

export function iso(time: EpochMs): string {
  return new Date(Math.min(LAST_MS, Math.max(-LAST_MS, Number.isFinite(time) ? time : 0))).toISOString();
}

/** What the views are made of. */
export interface ViewParts {
  readonly registry: Pick<Registry, "readings" | "household">;
  readonly safety: Pick<SafeActuators, "view">;
  readonly notes: Pick<DeviceNotes, "alerts" | "target">;
}

export function propertyView(
  reading: Reading,
  { notes, safety }: Pick<ViewParts, "notes" | "safety">,
): PropertyView {
  const { value, quality, time, receivedAt, problem, taken } = reading;
  const guarded = safety.view(reading.thing, reading.property);
  const target = notes.target(reading.thing, reading.property);
  return {
    value,
    quality,
    time: iso(time),
    receivedAt: iso(receivedAt),
    ...(target === undefined || jsonEqual(target, value) ? {} : { target }),
    ...(problem === undefined ? {} : { problem }),
    ...(taken === undefined ? {} : { clock: "untrusted" as const }),
    ...(guarded === undefined ? {} : safetyTimes(guarded)),
  };
}

function safetyTimes({ heldBy, heldForMs, now, restsForMs, stopsInMs }: SafetyView): Partial<PropertyView> {
  return {
    ...(stopsInMs === undefined ? {} : { stopsAt: iso(now + stopsInMs) }),
    ...(restsForMs === undefined ? {} : { restsUntil: iso(now + restsForMs) }),
    ...(heldForMs === undefined ? {} : { heldUntil: iso(now + heldForMs) }),
    ...(heldBy === undefined ? {} : { heldBy }),
  };
}

export function alertViews(thing: ThingId, notes: Pick<DeviceNotes, "alerts">): AlertView[] {
  return notes.alerts(thing).map((alert) => ({ ...alert, since: iso(alert.since) }));
}

export function thingView(record: ThingRecord, parts: ViewParts): ThingView {
  const { thing, availability, source, problem, settings, links } = record;
  const area = settings?.area === undefined ? undefined : parts.registry.household.area(settings.area);
  const readings = parts.registry.readings(thing.id as ThingId);
  const alerts = alertViews(thing.id as ThingId, parts.notes);
  return {
    thing,
    availability,
    source,
    properties: Object.fromEntries(
      readings.map((reading) => [reading.property, propertyView(reading, parts)]),
    ),
    ...(alerts.length === 0 ? {} : { alerts }),
    ...(problem === undefined ? {} : { problem }),
    ...(settings === undefined ? {} : { settings }),
    ...(area === undefined ? {} : { area: area.title }),
    ...(links === undefined ? {} : { links: links.map((link) => ({ ...link })) }),
  };
}

export function commandView(command: Command): CommandView {
  const {
    id,
    thing,
    target,
    value,
    origin,
    state,
    submittedAt,
    sentAt,
    endedAt,
    code,
    reason,
    waiting,
    why,
  } = command;
  return {
    id,
    thing,
    ...("property" in target ? { property: target.property } : { action: target.action }),
    value,
    origin,
    ...(why === undefined ? {} : { why }),
    ...(waiting === undefined ? {} : { waiting }),
    state,
    submittedAt: iso(submittedAt),
    ...(sentAt === undefined ? {} : { sentAt: iso(sentAt) }),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export function moduleView(status: ModuleStatus): ModuleView {
  const { since, nextAttempt, ...rest } = status;
  return {
    ...rest,
    since: iso(since),
    ...(nextAttempt === undefined ? {} : { nextAttempt: iso(nextAttempt) }),
  };
}

export function notificationView(notification: Notification): NotificationView {
  const { time, rule, level, text } = notification;
  return { time: iso(time), ...(rule === undefined ? {} : { rule }), level, text };
}
