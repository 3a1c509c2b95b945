import type { SpecVersion, Statement } from "./statement.ts";

const NO_AUTH = "No extended authentication is offered: AUTH is never sent.";
const ALL_QOS = "All three QoS are supported.";

/** Why no test proves a statement that binds servers. */
const REASONS: Readonly<Record<SpecVersion, Readonly<Record<string, string>>>> = {
  "3.1.1": {
    "MQTT-7.0.0-1": "The engine dials nobody.",
    "MQTT-7.0.0-2": "All tests speak what the specification has, and nothing else.",
  },
  "5.0": {
    "MQTT-3.2.2-9": ALL_QOS,
    "MQTT-3.2.2-10": ALL_QOS,
    "MQTT-3.2.2-12": ALL_QOS,
    "MQTT-3.2.2-13": "Retained messages are supported.",
    "MQTT-3.3.4-5": "One copy is sent, however many subscriptions match (3.3.4-4).",
    "MQTT-3.15.2-2": NO_AUTH,
    "MQTT-3.15.2-3": NO_AUTH,
    "MQTT-4.12.0-2": NO_AUTH,
    "MQTT-4.12.0-5": NO_AUTH,
    "MQTT-4.12.1-2": NO_AUTH,
  },
};

/** Why a statement has no test; undefined where it must have one. */
export function reasonWhyNot(version: SpecVersion, { applies, id }: Statement): string | undefined {
  return REASONS[version][id] ?? (applies === "client" ? "It binds clients alone." : undefined);
}

/** The statements that have a reason of their own. */
export function excused(version: SpecVersion): readonly string[] {
  return Object.keys(REASONS[version]);
}
