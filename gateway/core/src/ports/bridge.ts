import type { CommandFailureCode, CommandRequest, EpochMs, Json, Ms, Thing } from "@tram/protocol";

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
  /**
   * `time` is the gateway's, and it had no clock that could be believed; it stays so where the power went before that was
   * set. Of two such messages the later one still came later.
   */
  readonly timeUncertain?: true;
  /** `{ min, max, mean, count, last }` where it is `thinned`. */
  readonly value: Json;
  readonly quality: "good" | "stale" | "bad";
  /** It stands for several readings of a long outage, the first of them `from`, the last at `time`. */
  readonly thinned?: { readonly from: EpochMs };
  /** Of a reply: what its request carried for the way back. */
  readonly context?: Json;
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
  /**
   * The address of an image as it is now, where addresses are good for a while only.
   * @param context of the request for it.
   * @returns `undefined` when the cloud does not want it any more, or does not answer.
   */
  firmwareUrl?(context: Json): Promise<string | undefined>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A command that a cloud gives. */
export interface CloudCommand {
  readonly kind: "command";
  /**
   * What names the request in its cloud, at most 100 characters: the same request once more (a session that is replayed,
   * a shadow that is read again) has the same id, is carried out once, and is answered the same.
   */
  readonly id: string;
  readonly thing: string;
  readonly target: CommandRequest["target"];
  readonly value: Json;
  /** When the cloud gave it, by the cloud's clock; it is too old a time-to-live later. Left out: the cloud does not say. */
  readonly givenAt?: EpochMs;
  /** It is not to be begun after this, by the cloud's clock. */
  readonly expiresAt?: EpochMs;
  /** It may wait so long from now, by nobody's clock: what was left of its life when it came. */
  readonly ttlMs?: Ms;
  /** What the provider needs for the answer (a response topic, a job id), at most 1 kB of JSON; comes back in the reply. */
  readonly context?: Json;
}

/** A cloud looks at the rules or at the configuration, or changes them. */
export interface CloudManagement {
  readonly kind: "manage";
  /** As for a command. */
  readonly id: string;
  readonly what: "rules" | "config";
  readonly operation: "get" | "put" | "remove";
  /** The rule file; left out for the configuration and for a list of the files. */
  readonly name?: string;
  /** The whole new text of a `put`. */
  readonly text?: string;
  /** What `get` said along with the text that this one was made of: when it is another by now, nothing is written. */
  readonly revision?: string;
}

/** A cloud has an image for a Thing, or for the gateway itself. */
export interface CloudFirmware {
  readonly kind: "firmware";
  /** As for a command. */
  readonly id: string;
  /** Left out: the gateway. */
  readonly thing?: string;
  readonly version: string;
  readonly url: string;
  /** SHA-256 of the image, in hex. */
  readonly sha256?: string;
  /** As for a command; and what `firmwareUrl` is asked with. */
  readonly context?: Json;
}

export type CloudRequest = CloudCommand | CloudManagement | CloudFirmware;

/** What a cloud is answered. */
export type CloudAnswer =
  /** It is kept, and survives a power cut; its end follows as a message of class `reply`. */
  | { readonly outcome: "accepted" }
  /** It is done. */
  | { readonly outcome: "done"; readonly value: Json }
  /** `forbidden`: nobody has allowed this cloud to. `expired`: it is older than it may be. `busy`: another time. */
  | {
      readonly outcome: "refused";
      readonly code: CommandFailureCode | "forbidden" | "expired" | "malformed" | "busy" | "not-available";
      readonly reason: string;
    };

/** What a cloud sees of the house, and where it asks. The provider translates; whether it may is decided behind this. */
export interface CloudDesk {
  /** Never rejects. The provider tells the cloud that it was heard only after this. */
  ask(request: CloudRequest): Promise<CloudAnswer>;
  /** The last reading of each property that goes to this cloud: what a shadow is compared with after an outage. */
  snapshot(): Iterable<Omit<CloudMessage, "id">>;
  /** The Things that go to this cloud. */
  things(): Iterable<CloudThing>;
  /** Calls `listener` when a Thing has come, has changed, or is gone; whether it goes to this cloud `things` tells. */
  onThing?(listener: (id: string) => void): Disposable;
  /** Tells of what came and was no request that anybody could have been asked: it is audited like one. */
  turnedAway?(what: TurnedAway): void;
}

/** What a provider did not take. */
export interface TurnedAway {
  /** Where it came in: a topic, a job. Bounded and shown by the one who hears it. */
  readonly where: string;
  readonly code: "malformed" | "retained" | "too-large" | "too-many";
  /** For people; never what it said. */
  readonly reason: string;
}

/** A Thing as a cloud is told of it. */
export interface CloudThing {
  readonly id: string;
  readonly title: string;
  /** The name of its Thing Model, where it has one. */
  readonly model?: string;
  readonly available: boolean;
  /** How it describes itself. */
  readonly description?: Thing;
  /** Its state, in Homie's words. */
  readonly state?: string;
}

/** What a provider's terms allow on one connection. */
export interface CloudPace {
  readonly messagesPerS: number;
  /** Of what goes over the line: topic, payload and headers. */
  readonly bytesPerS: number;
}

/** One cloud's dialect. */
export interface CloudProvider {
  readonly name: string;
  /** Most messages that may be unacknowledged at once. */
  readonly maxInFlight: number;
  /** Left out: as fast as it answers. */
  readonly pace?: CloudPace;
  /** How many bytes a message has on the line, at most; what pace and budget are counted in. */
  sizeOf(message: CloudMessage): number;
  /**
   * Connects once. Rejects with a reason for people; the bridge tries again with back-off.
   * @param desk hears what the cloud asks, from now until the connection is disposed.
   */
  connect(signal: AbortSignal, desk: CloudDesk): Promise<CloudConnection>;
}
