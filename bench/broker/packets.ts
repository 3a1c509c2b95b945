import { ACCOUNT } from "./account.ts";

/** MQTT 3.1.1 packets, made once and sent many times. */

export const CONNACK = 0x20;
export const PUBLISH = 0x30;
export const PUBACK = 0x40;
export const PUBREC = 0x50;
export const PUBREL = 0x62; // §3.6.1: the flags of PUBREL are 0010.
export const PUBCOMP = 0x70;
export const SUBACK = 0x90;
export const REFUSED_FILTER = 0x80;
export const DISCONNECT = Buffer.from([0xe0, 0]);

const CONNECT = 0x10;
const SUBSCRIBE = 0x82;
/** §3.1.2.3: user name and password. */
const LOGIN = 0b1100_0000;
const CLEAN_SESSION = 0b10;

export type Qos = 0 | 1 | 2;

/** CONNECT without a keep-alive. @param options.clean false when the session is to outlive the connection. */
export function connectPacket(clientId: string, options: { readonly clean: boolean }): Buffer {
  const flags = LOGIN | (options.clean ? CLEAN_SESSION : 0);
  const head = Buffer.concat([text("MQTT"), Buffer.from([4, flags, 0, 0])]);
  const { username, password } = ACCOUNT;
  return packet(CONNECT, [head, text(clientId), text(username), text(password)]);
}

export function subscribePacket(packetId: number, filters: readonly string[], qos: Qos): Buffer {
  const wanted = filters.flatMap((filter) => [text(filter), Buffer.from([qos])]);
  return packet(SUBSCRIBE, [uint16(packetId), ...wanted]);
}

/** @param packetId 1 to 65,535; none is sent at QoS 0. */
export function publishPacket(message: {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly packetId: number;
}): Buffer {
  const { topic, payload, qos, packetId } = message;
  const id = qos === 0 ? [] : [uint16(packetId)];
  return packet(PUBLISH | (qos << 1), [text(topic), ...id, payload]);
}

/**
 * Packets that leave in one write: `count` messages of one topic, their identifiers counted up from `firstId`.
 * @param message.topic of each message, by its place in the burst.
 */
export function burst(
  count: number,
  message: {
    readonly topic: (index: number) => string;
    readonly payload: Uint8Array;
    readonly qos: Qos;
    readonly firstId: number;
  },
): Buffer {
  const { topic, payload, qos, firstId } = message;
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      publishPacket({ topic: topic(index), payload, qos, packetId: firstId + index }),
    ),
  );
}

function packet(head: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = [head];
  let rest = body.length;
  do {
    const digit = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
