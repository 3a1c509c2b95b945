import type { CloudDesk, CloudMessage, CloudRequest, TurnedAway } from "@tram/core";
import type { EpochMs, Json } from "@tram/protocol";
import type { MqttConnection, MqttOutgoing } from "./mqtt-connection.ts";

/** A message from the broker, as far as a dialect looks at it. */
export interface HeardMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  /** It may have been here before (MQTT 3.1.1 §3.3.1.1). */
  readonly dup: boolean;
  /** Of MQTT 5: where the answer is wanted, what it must carry, and how many seconds the message has left. */
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  readonly expiryS?: number;
}

/** Who asked, and where it is answered. */
export interface AnswerPlace {
  /** As the cloud calls it. */
  readonly request: string;
  readonly topic: string;
  readonly correlationData?: Buffer;
}

export type Heard =
  | { readonly request: CloudRequest; readonly place?: AnswerPlace }
  | { readonly turnedAway: TurnedAway; readonly place?: AnswerPlace };

/** What is answered, before the place is known. */
export type Answer = Readonly<Record<string, Json>>;

/** How the house looks at an MQTT broker. */
export interface MqttDialect {
  encode(message: CloudMessage): MqttOutgoing | { readonly unfit: string };
  /** What is listened to where the cloud may ask for something. */
  readonly filters: readonly string[];
  /** Longest payload of a topic that is read, in bytes. */
  readonly maxBytes: number;
  /** @returns `undefined` for what is nothing to this dialect. */
  read(heard: HeardMessage, desk: CloudDesk): Heard | undefined;
  /** @param at when it is answered. Left out: nothing is answered, what becomes of a request is seen in the values. */
  answer?(place: AnswerPlace, answer: Answer, at: EpochMs): MqttOutgoing;
  /** What the broker tells when we vanish. */
  readonly will?: {
    readonly topic: string;
    readonly payload: string;
    readonly qos: 0 | 1;
    readonly retain: boolean;
  };
  /** Says what the broker must know of us at the beginning of each connection. */
  greet?(connection: Pick<MqttConnection, "send" | "sessionPresent">, desk: CloudDesk): Promise<Disposable>;
}
