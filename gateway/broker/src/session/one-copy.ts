import type { QoS } from "../codec/packet.ts";

/** What a session was granted with one of its subscriptions. */
export interface Granted {
  readonly qos: QoS;
  /** 5.0 §3.8.3.1: not for the session's own messages. Always false for 3.1.1. */
  readonly noLocal: boolean;
  /** 5.0 §3.8.3.1: the RETAIN flag stays as the publisher set it. Always false for 3.1.1. */
  readonly retainAsPublished: boolean;
  /** 1 to 268,435,455. */
  readonly identifier?: number | undefined;
}

/** How a session gets a message. */
export interface Copy {
  readonly qos: QoS;
  readonly retain: boolean;
  /** In rising order; none for 3.1.1. */
  readonly identifiers: readonly number[];
}

/**
 * Makes one copy of what matches several subscriptions of a session: 5.0 §3.3.4 leaves servers the choice between one and
 * several, 3.1.1 wants the one.
 * @param own the session published the message itself.
 * @returns undefined when none of the subscriptions wants it.
 */
export function oneCopy(
  subscriptions: readonly Granted[],
  message: { readonly qos: QoS; readonly retain: boolean },
  own: boolean,
): Copy | undefined {
  // [MQTT-3.8.3-3]
  const wanting = own ? subscriptions.filter(({ noLocal }) => !noLocal) : subscriptions;
  if (wanting.length === 0) return undefined;
  let granted: QoS = 0;
  let retain = false;
  const identifiers: number[] = [];
  for (const { identifier, qos, retainAsPublished } of wanting) {
    if (qos > granted) granted = qos;
    // [MQTT-3.3.1-12], [MQTT-3.3.1-13]; of 3.1.1 [MQTT-3.3.1-9]: the flag is 0 for who has subscribed before.
    if (retainAsPublished) retain = message.retain;
    // [MQTT-3.3.4-3], [MQTT-3.3.4-4]
    if (identifier !== undefined && !identifiers.includes(identifier)) identifiers.push(identifier);
  }
  // [MQTT-3.3.4-2] the maximum that was granted, [MQTT-3.8.4-8] and never more than it was published with.
  const qos = granted < message.qos ? granted : message.qos;
  return { qos, retain, identifiers: identifiers.sort((a, b) => a - b) };
}
