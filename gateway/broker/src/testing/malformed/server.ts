import { properties, raw, rawConnect, text } from "../raw-packet.ts";
import { MALFORMED, PROTOCOL, type Row } from "./row.ts";

/** What a server must not send in 3.1.1. */
export const SERVER_4: readonly Row[] = [
  ["direction", "SUBSCRIBE", PROTOCOL, "§2.2.1", raw(0x82, 0, 1, text("a"), 0)],
  ["direction", "UNSUBSCRIBE", PROTOCOL, "§2.2.1", raw(0xa2, 0, 1, text("a"))],
  ["direction", "PINGREQ", PROTOCOL, "§2.2.1", raw(0xc0)],
  ["direction", "CONNECT", PROTOCOL, "§2.2.1", rawConnect(4, 2, text("c"))],
  ["direction", "DISCONNECT, which comes with 5.0", PROTOCOL, "§2.2.1", raw(0xe0)],
  ["connack-flags", "bit 1", MALFORMED, "§3.2.2.1", raw(0x20, 2, 0)],
  ["connack-code", "6", PROTOCOL, "§3.2.2.3", raw(0x20, 0, 6)],
  ["session-of-refused", "code 5", PROTOCOL, "MQTT-3.2.2-4", raw(0x20, 1, 5)],
  ["granted-id-0", "SUBACK", PROTOCOL, "MQTT-2.3.1-7", raw(0x90, 0, 0, 0)],
  ["suback-code", "3", PROTOCOL, "MQTT-3.9.3-2", raw(0x90, 0, 1, 3)],
  ["suback-empty", "no code", PROTOCOL, "MQTT-3.9.3-1", raw(0x90, 0, 1)],
  ["trailing", "UNSUBACK with a code", MALFORMED, "§2.2.3", raw(0xb0, 0, 1, 0)],
  ["trailing", "CONNACK", MALFORMED, "§2.2.3", raw(0x20, 0, 0, 0)],
];

/** What a server must not send in 5.0. */
export const SERVER_5: readonly Row[] = [
  ["direction", "PINGREQ", PROTOCOL, "§2.1.2", raw(0xc0)],
  ["connack-flags", "bit 7", MALFORMED, "MQTT-3.2.2-1", raw(0x20, 0x80, 0, 0)],
  ["connack-code", "0x04", PROTOCOL, "MQTT-3.2.2-8", raw(0x20, 0, 4, 0)],
  ["session-of-refused", "0x87", PROTOCOL, "MQTT-3.2.2-6", raw(0x20, 1, 0x87, 0)],
  ["property-range", "Maximum QoS 2", PROTOCOL, "§3.2.2.3.4", raw(0x20, 0, 0, properties(0x24, 2))],
  ["property-range", "Retain Available 2", PROTOCOL, "§3.2.2.3.5", raw(0x20, 0, 0, properties(0x25, 2))],
  [
    "property-range",
    "Wildcard Subscription Available 2",
    PROTOCOL,
    "§3.2.2.3.11",
    raw(0x20, 0, 0, properties(0x28, 2)),
  ],
  [
    "property-range",
    "Subscription Identifier 0",
    PROTOCOL,
    "§3.3.2.3.8",
    raw(0x30, text("a"), properties(0x0b, 0)),
  ],
  ["granted-id-0", "UNSUBACK", PROTOCOL, "MQTT-2.2.1-6", raw(0xb0, 0, 0, 0, 0)],
  ["suback-code", "0x03", PROTOCOL, "MQTT-3.9.3-2", raw(0x90, 0, 1, 0, 3)],
  ["unsuback-code", "0x01", PROTOCOL, "MQTT-3.11.3-2", raw(0xb0, 0, 1, 0, 1)],
  ["unsuback-empty", "no code", PROTOCOL, "MQTT-3.11.3-1", raw(0xb0, 0, 1, 0)],
  ["disconnect-code", "Disconnect with Will, by a server", PROTOCOL, "MQTT-3.14.2-1", raw(0xe0, 0x04)],
  [
    "expiry-of-server",
    "DISCONNECT",
    PROTOCOL,
    "MQTT-3.14.2-2",
    raw(0xe0, 0x8b, properties(0x11, 0, 0, 0, 1)),
  ],
  [
    "auth-code",
    "re-authenticate, by a server",
    PROTOCOL,
    "MQTT-3.15.2-1",
    raw(0xf0, 0x19, properties(0x15, text("m"))),
  ],
];
