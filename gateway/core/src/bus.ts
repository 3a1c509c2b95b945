import type {
  Availability,
  Command,
  EpochMs,
  Json,
  PropertyKey,
  Reading,
  RuleId,
  Thing,
  ThingEvent,
  ThingId,
  ThingSettings,
} from "@tram/protocol";
import type { Unit } from "./unit.ts";

/** A Thing with what the registry knows beside its description. */
export interface ThingRecord {
  readonly thing: Thing;
  /** `module:<id>`, `mqtt:<account>`, or `foreign:<account>` for one that speaks MQTT in its own way: who may describe it. */
  readonly source: Source;
  readonly availability: Availability;
  /** Why the latest description was refused, while an older one is kept. */
  readonly problem?: string;
  /** What the owner says of it. */
  readonly settings?: ThingSettings;
  /** The ways to its devices, the main one first; told where it is more than one of the Thing's own name. */
  readonly links?: readonly {
    readonly id: ThingId;
    readonly source: Source;
    readonly availability: Availability;
  }[];
}

export type Source = `module:${string}` | `mqtt:${string}` | `foreign:${string}`;

export interface Notification {
  readonly time: EpochMs;
  /** The rule that says it; without one it is the gateway. */
  readonly rule?: RuleId;
  readonly level: "info" | "warning" | "alarm";
  readonly text: string;
}

/** A device raised an alert for people, told it in other words, or took it back. */
export interface DeviceAlert {
  readonly thing: ThingId;
  /** Unique on its Thing. */
  readonly id: string;
  /** Absent when it is over. */
  readonly text?: string;
}

/** A device said on the way to which value a property is: it accepted a command, or changes by itself. */
export interface DeviceTarget {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  /** Absent when it says so no more. */
  readonly value?: Json;
}

/** What happens in the house. The bus is the truth; MQTT, HTTP and the clouds are adapters of it. */
export interface HouseEvents {
  /** A Thing appeared, or its description or its problem changed. */
  thing: ThingRecord;
  retired: { readonly id: ThingId; readonly source: Source };
  availability: { readonly record: ThingRecord; readonly previous: Availability };
  /** A device reported. */
  reading: { readonly reading: Reading; readonly previous: Reading | undefined };
  /** Only the quality of a known value changed: its device left, or vouches for it again. */
  quality: { readonly reading: Reading };
  /** It is known now when a reading was taken; `previous` is what was thought before. */
  repaired: { readonly reading: Reading; readonly previous: Reading };
  /** Something happened at a Thing that is no state of it. */
  event: ThingEvent;
  command: Command;
  /** What holds for an actuator changed: it must stop at some time, it rests, a person holds it. */
  guarded: PropertyAddress;
  notification: Notification;
  alert: DeviceAlert;
  target: DeviceTarget;
}

export type EventName = keyof HouseEvents;
export type Listener<Name extends EventName> = (event: HouseEvents[Name], unit: Unit) => void;

/**
 * The typed bus of the house. Delivery is synchronous and in the order of subscription, so that whatever a listener
 * adds to the unit is kept in the same commit as the event itself.
 */
export class Bus {
  readonly #listeners = new Map<EventName, Set<{ readonly listener: Listener<never> }>>();
  readonly #onFault: (error: unknown, name: EventName) => void;

  /** @param onFault is told of a listener that threw; the others hear the event all the same. */
  constructor(onFault: (error: unknown, name: EventName) => void) {
    this.#onFault = onFault;
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): Disposable {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // A subscription of its own each time: the same listener may be subscribed twice, and leave once.
    const subscription = { listener: listener as Listener<never> };
    listeners.add(subscription);
    return { [Symbol.dispose]: () => void listeners.delete(subscription) };
  }

  emit<Name extends EventName>(name: Name, event: HouseEvents[Name], unit: Unit): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const { listener } of listeners) {
      try {
        (listener as Listener<Name>)(event, unit);
      } catch (error) {
        this.#onFault(error, name);
      }
    }
  }

  /** Listeners of all events: a test's proof that nobody forgot to unsubscribe. */
  get size(): number {
    let total = 0;
    for (const listeners of this.#listeners.values()) total += listeners.size;
    return total;
  }
}

export type PropertyAddress = { readonly thing: ThingId; readonly property: PropertyKey };
