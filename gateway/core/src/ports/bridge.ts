import type { EpochMs, Json } from "@tram/protocol";

/** Classes of messages to a cloud, most important first. */
export const MESSAGE_CLASSES = ["alarm", "reply", "state", "telemetry"] as const;
export type MessageClass = (typeof MESSAGE_CLASSES)[number];

/** A message on its way to a cloud, as the outbox keeps it. */
export interface CloudMessage {
  /** Stable over every retry: the receiver's key for dropping duplicates. */
  readonly id: string;
  readonly class: MessageClass;
  /** What order is kept by: the Thing. */
  readonly group: string;
  readonly thing: string;
  /** `node/property`, or the action's name. */
  readonly name: string;
  /** When the source observed it. */
  readonly time: EpochMs;
  readonly value: Json;
  readonly quality: "good" | "stale" | "bad";
}

/** What became of one published message. */
export type PublishOutcome =
  | { readonly outcome: "acknowledged" }
  /** The provider will never take this message: park it. */
  | { readonly outcome: "rejected"; readonly reason: string }
  /** Unknown or refused for now: keep and send again. */
  | { readonly outcome: "retry"; readonly reason: string };

/** A live connection to a cloud. */
export interface CloudConnection {
  /** Settles when the link is gone; the reason for people. */
  readonly closed: Promise<string>;
  /** Publishes in the given order; outcomes are in the same order. Never rejects for a message's sake. */
  publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One cloud's dialect. */
export interface CloudProvider {
  readonly name: string;
  /** Most messages that may be unacknowledged at once. */
  readonly maxInFlight: number;
  /** Connects once. Rejects with a reason for people; the bridge tries again with back-off. */
  connect(signal: AbortSignal): Promise<CloudConnection>;
}
