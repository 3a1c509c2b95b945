/** Name and value, both UTF-8; the same name may come several times, and the order counts (MQTT 5.0 §3.3.2.3.7). */
export type UserProperty = readonly [name: string, value: string];

/**
 * Every property of MQTT 5.0 §2.2.2.2 under one name. What is absent was not sent: its default is for the session to
 * know. The ranges are checked by the decoder; the encoder writes what it is given.
 */
export interface Properties {
  /** The payload is UTF-8. Whether it really is, is left to the session: [MQTT-3.3.2-4] has the broker hand it on. */
  readonly payloadIsUtf8?: boolean;
  /** Life of the message, seconds, 0–4,294,967,295. */
  readonly messageExpirySeconds?: number;
  readonly contentType?: string;
  /** A topic name: not empty, no wildcards. */
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** Of the subscriptions that matched, 1–268,435,455 each; only from server to client. */
  readonly subscriptionIdentifiers?: readonly number[];
  /** Of this subscription, 1–268,435,455. */
  readonly subscriptionIdentifier?: number;
  /** Seconds; 0xFFFFFFFF never expires. */
  readonly sessionExpirySeconds?: number;
  readonly assignedClientIdentifier?: string;
  /** Seconds, 0 for none. */
  readonly serverKeepAliveSeconds?: number;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
  readonly requestProblemInformation?: boolean;
  /** Seconds after the loss of the connection. */
  readonly willDelaySeconds?: number;
  readonly requestResponseInformation?: boolean;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  /** For people; never parsed. */
  readonly reasonString?: string;
  /** Unacknowledged QoS 1 and 2 publications at a time, 1–65,535. */
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  /** 1–65,535. */
  readonly topicAlias?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  readonly userProperties?: readonly UserProperty[];
  /** Bytes of a whole packet with its fixed header, 1–4,294,967,295. */
  readonly maximumPacketSize?: number;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly subscriptionIdentifiersAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
}

export type PropertyName = keyof Properties;

/** What carries properties: the packets that do, and the will inside CONNECT. */
export type PropertyHome = keyof PropertiesOf;

type Reason = Pick<Properties, "reasonString" | "userProperties">;
type Message = Pick<
  Properties,
  | "payloadIsUtf8"
  | "messageExpirySeconds"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "userProperties"
>;

/** Which properties each home allows; `property-table.ts` says the same to the machine. */
export interface PropertiesOf {
  readonly connect: Pick<
    Properties,
    | "sessionExpirySeconds"
    | "receiveMaximum"
    | "maximumPacketSize"
    | "topicAliasMaximum"
    | "requestResponseInformation"
    | "requestProblemInformation"
    | "userProperties"
    | "authenticationMethod"
    | "authenticationData"
  >;
  readonly will: Message & Pick<Properties, "willDelaySeconds">;
  readonly connack: Reason &
    Pick<
      Properties,
      | "sessionExpirySeconds"
      | "receiveMaximum"
      | "maximumQos"
      | "retainAvailable"
      | "maximumPacketSize"
      | "assignedClientIdentifier"
      | "topicAliasMaximum"
      | "wildcardSubscriptionAvailable"
      | "subscriptionIdentifiersAvailable"
      | "sharedSubscriptionAvailable"
      | "serverKeepAliveSeconds"
      | "responseInformation"
      | "serverReference"
      | "authenticationMethod"
      | "authenticationData"
    >;
  readonly publish: Message & Pick<Properties, "topicAlias" | "subscriptionIdentifiers">;
  readonly puback: Reason;
  readonly pubrec: Reason;
  readonly pubrel: Reason;
  readonly pubcomp: Reason;
  readonly subscribe: Pick<Properties, "subscriptionIdentifier" | "userProperties">;
  readonly suback: Reason;
  readonly unsubscribe: Pick<Properties, "userProperties">;
  readonly unsuback: Reason;
  readonly disconnect: Reason & Pick<Properties, "sessionExpirySeconds" | "serverReference">;
  readonly auth: Reason & Pick<Properties, "authenticationMethod" | "authenticationData">;
}

/** No properties: what every packet of MQTT 3.1.1 has, and most of MQTT 5.0. One object, so that it costs nothing. */
export const NO_PROPERTIES: Readonly<Record<never, never>> = Object.freeze({});
