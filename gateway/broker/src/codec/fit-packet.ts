import { encodedLength } from "./encode-packet.ts";
import type { Packet } from "./packet.ts";
import type { PropertiesOf } from "./properties.ts";

/** What a client of MQTT 5.0 said in CONNECT about the packets that it wants. */
export interface Receiver {
  /** Bytes; absent when there is no limit but the protocol's. */
  readonly maximumPacketSize?: number | undefined;
  /** Request Problem Information; absent means true (§3.1.2.11.7). */
  readonly requestProblemInformation?: boolean | undefined;
}

/** Packets that tell a reason. In others, user properties belong to the message. */
type Reasoned = Extract<Packet, { readonly properties: { readonly reasonString?: string } }>;

/**
 * Makes a packet of MQTT 5.0 fit for its receiver. Reason string and user properties go where they are not wanted
 * ([MQTT-3.1.2-29]), and where they would make the packet too large ([MQTT-3.2.2-19], [MQTT-3.4.2-2] and their
 * siblings): the user properties first, since the reason tells more.
 * @returns the packet itself, or one with less in it, or undefined when it is too large all the same: it is then dropped
 * as if it had been sent ([MQTT-3.1.2-24], [MQTT-3.1.2-25]).
 */
export function fitPacket(packet: Packet, receiver: Receiver): Packet | undefined {
  const { maximumPacketSize = Number.POSITIVE_INFINITY, requestProblemInformation = true } = receiver;
  for (const candidate of candidates(packet, requestProblemInformation)) {
    if (encodedLength(candidate, 5) <= maximumPacketSize) return candidate;
  }
  return undefined;
}

function* candidates(packet: Packet, problemInformation: boolean): Generator<Packet> {
  if (!isReasoned(packet)) {
    yield packet;
    return;
  }
  const wanted = problemInformation || packet.type === "connack" || packet.type === "disconnect";
  const { reasonString, userProperties, ...rest } = packet.properties as PropertiesOf["connack"];
  if (wanted) {
    yield packet;
    if (reasonString !== undefined) yield withProperties(packet, { ...rest, reasonString });
    // Small user properties with no room for the reason.
    if (userProperties !== undefined) yield withProperties(packet, { ...rest, userProperties });
  }
  yield withProperties(packet, rest);
}

function isReasoned(packet: Packet): packet is Reasoned {
  switch (packet.type) {
    case "connack":
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
    case "suback":
    case "unsuback":
    case "disconnect":
    case "auth":
      return true;
    default:
      return false;
  }
}

function withProperties(packet: Reasoned, properties: PropertiesOf["connack"]): Packet {
  return { ...packet, properties } as Packet;
}
