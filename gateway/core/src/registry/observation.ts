import type { Cause, EpochMs, Json, PropertyKey, ThingId } from "@tram/protocol";

/** A reading as an adapter hands it in. Its Thing is named as the adapter's source calls it. */
export interface Observation {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  readonly value: Json;
  readonly time?: EpochMs;
  readonly cause?: Cause;
  /** The adapter could not even decode the value: keep the property as `bad` for this reason. */
  readonly problem?: string;
}

export type AnnounceResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: "invalid-thing" | "foreign-thing" | "too-many-things";
      readonly path: string;
      readonly problem: string;
    };

export type ReportRefusal = {
  readonly observation: Observation;
  readonly code: "unknown-thing" | "unknown-property" | "foreign-thing";
};

/** An event as an adapter hands it in. Its Thing is named as the adapter's source calls it. */
export interface Occurrence {
  readonly thing: ThingId;
  readonly event: string;
  readonly data?: Json | undefined;
  readonly time?: EpochMs | undefined;
}

export type RaiseResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: "unknown-thing" | "foreign-thing" | "unknown-event" | "invalid-data";
      readonly problem: string;
    };
