import type { Json, Ms, PropertyAffordance, PropertyKey, ThingId } from "@tram/protocol";

/** What a payload says. */
export type Decoded =
  | { readonly ok: true; readonly value: Json }
  /** It says nothing about this property: another one is meant. */
  | { readonly ok: true; readonly value: undefined }
  | { readonly ok: false; readonly problem: string };

/** A message to a device. */
export interface ForeignMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Where the device answers it, for devices that answer. */
  readonly reply?: ForeignReply;
}

/** The answer of a device to one message. */
export interface ForeignReply {
  readonly topic: string;
  /** @returns undefined when this is the answer to something else. */
  readonly decode: (payload: string) => ForeignAnswer | undefined;
}

export type ForeignAnswer = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/** One topic that tells a property. */
export interface ReadBinding {
  readonly topic: string;
  /** @param payload as UTF-8 text. */
  readonly decode: (payload: string) => Decoded;
  /** Not heard for so long, it is not known any more. */
  readonly expireAfterMs?: Ms;
}

/** How a property is read from MQTT and written to it. */
export interface PropertyBinding {
  readonly affordance: PropertyAffordance;
  /** All topics that tell it: what came last counts. */
  readonly reads: readonly ReadBinding[];
  readonly write?: {
    readonly topic: string;
    /** @param value has passed the affordance. @returns a sentence for what cannot be said. */
    readonly encode: (value: Json) => ForeignMessage | string;
    /**
     * Whether a device that was told `wanted` and reports `reported` does as it was told: it may count in steps of its
     * own. Default: only if they are equal.
     */
    readonly isSame?: (wanted: Json, reported: Json) => boolean;
  };
}

/** One way in which a device tells whether it is there. */
export interface AvailabilityBinding {
  readonly topic: string;
  /** @returns undefined when the payload says neither. */
  readonly decode: (payload: string) => boolean | undefined;
}

/**
 * A device that speaks MQTT in its own way: what it is, and how its topics are read. Where it comes from (discovery of
 * Home Assistant, that of its maker, a mapping by hand) nobody sees who uses it.
 */
export interface ForeignDevice {
  readonly id: ThingId;
  readonly title: string;
  /** The account that may speak for it. */
  readonly owner: string;
  /** An administrator named its topics: they are not bounded by what the owner may do. */
  readonly trusted?: boolean;
  /** Thing Model that it follows. */
  readonly model?: string;
  readonly nodes: Readonly<Record<string, { readonly title: string }>>;
  readonly properties: ReadonlyMap<PropertyKey, PropertyBinding>;
  readonly availability: readonly AvailabilityBinding[];
  /** `all` of them must say that it is there, `any` one, or the `latest` heard counts. */
  readonly availabilityMode: "all" | "any" | "latest";
  /** It describes itself to Home Assistant too, which need not hear of it from the gateway. */
  readonly tellsHass?: boolean;
  /** Messages that make it tell its state, for when it was described just now. */
  readonly ask?: readonly ForeignMessage[];
  /** What of it is not understood, for people. */
  readonly problems: readonly string[];
}
