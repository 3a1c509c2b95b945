import type { Bus, Clock, Unit } from "@tram/core";
import {
  type EpochMs,
  type HomieLogLevel,
  type Json,
  jsonEqual,
  type PropertyKey,
  type ThingId,
} from "@tram/protocol";

/** What one device can make the gateway keep beside its values. */
export const NOTE_LIMITS = { alerts: 16, lines: 20, characters: 256 } as const;

export interface RaisedAlert {
  readonly id: string;
  readonly text: string;
  /** When this text was first heard. */
  readonly since: EpochMs;
}

export interface LogLine {
  readonly time: EpochMs;
  readonly level: HomieLogLevel;
  readonly text: string;
}

interface Notes {
  readonly alerts: Map<string, RaisedAlert>;
  readonly targets: Map<PropertyKey, Json>;
  lines: readonly LogLine[];
}

/**
 * What devices say beside their values: alerts, the latest lines of their logs, and to which values they are on the way.
 * In memory alone: alerts and targets are retained on the broker, and come again from there.
 */
export class DeviceNotes implements Disposable {
  readonly #clock: Pick<Clock, "now">;
  readonly #bus: Bus;
  readonly #notes = new Map<ThingId, Notes>();
  readonly #retired: Disposable;

  constructor(parts: { clock: Pick<Clock, "now">; bus: Bus }) {
    this.#clock = parts.clock;
    this.#bus = parts.bus;
    this.#retired = parts.bus.on("retired", ({ id }) => void this.#notes.delete(id));
  }

  alerts(thing: ThingId): readonly RaisedAlert[] {
    return [...(this.#notes.get(thing)?.alerts.values() ?? [])];
  }

  /** The latest lines, the oldest first. */
  lines(thing: ThingId): readonly LogLine[] {
    return this.#notes.get(thing)?.lines ?? [];
  }

  target(thing: ThingId, property: PropertyKey): Json | undefined {
    return this.#notes.get(thing)?.targets.get(property);
  }

  /**
   * Keeps an alert, or with no text forgets it.
   * @returns false when the Thing has too many.
   */
  setAlert(thing: ThingId, id: string, text: string, unit: Unit): boolean {
    const shown = plain(text);
    const known = this.#notes.get(thing)?.alerts.get(id);
    if (shown === (known?.text ?? "")) return true;
    const { alerts } = this.#of(thing);
    if (shown === "") {
      alerts.delete(id);
      this.#bus.emit("alert", { thing, id }, unit);
      return true;
    }
    if (known === undefined && alerts.size >= NOTE_LIMITS.alerts) return false;
    alerts.set(id, { id, text: shown, since: this.#clock.now() });
    this.#bus.emit("alert", { thing, id, text: shown }, unit);
    return true;
  }

  addLine(thing: ThingId, level: HomieLogLevel, text: string): LogLine {
    const notes = this.#of(thing);
    const line = { time: this.#clock.now(), level, text: plain(text) };
    notes.lines = [...notes.lines.slice(1 - NOTE_LIMITS.lines), line];
    return line;
  }

  /** @param property must be one of the Thing's, which bounds how many there are. */
  setTarget(thing: ThingId, property: PropertyKey, value: Json | undefined, unit: Unit): void {
    const known = this.target(thing, property);
    if (known === value || (value !== undefined && jsonEqual(known, value))) return;
    if (value === undefined) this.#notes.get(thing)?.targets.delete(property);
    else this.#of(thing).targets.set(property, value);
    this.#bus.emit("target", { thing, property, ...(value === undefined ? {} : { value }) }, unit);
  }

  /** Its description is another: targets of properties that are gone, or of another type, say nothing any more. */
  redescribed(thing: ThingId, unit: Unit): void {
    for (const property of [...(this.#notes.get(thing)?.targets.keys() ?? [])]) {
      this.setTarget(thing, property, undefined, unit);
    }
  }

  [Symbol.dispose](): void {
    this.#retired[Symbol.dispose]();
  }

  #of(thing: ThingId): Notes {
    const known = this.#notes.get(thing);
    if (known !== undefined) return known;
    const notes: Notes = { alerts: new Map(), targets: new Map(), lines: [] };
    this.#notes.set(thing, notes);
    return notes;
  }
}

/** Shown on terminals too, which would obey control characters. */
function plain(text: string): string {
  return text
    .slice(0, NOTE_LIMITS.characters)
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
}
