import {
  type DataSchema,
  homieDatatype,
  type PropertyAffordance,
  type PropertyKey,
  setTopic,
  type ThingId,
  valueTopic,
} from "@tram/protocol";
import type { Form } from "./forms.ts";

/** Homie 5 as forms: the value is retained, unless it is an occurrence, and `/set` never is. */
export function mqttForms(
  door: string,
  id: ThingId,
  key: PropertyKey,
  affordance: PropertyAffordance,
): readonly Form[] {
  const momentary = affordance.momentary === true;
  const contentType = payloadType(affordance);
  const heard = ["observeproperty", "unobserveproperty"];
  const topic = valueTopic(id, key);
  return [
    ...(affordance.writeOnly === true
      ? []
      : [
          {
            ...mqttForm(door, topic, momentary ? heard : ["readproperty", ...heard]),
            contentType,
            "mqv:controlPacket": "subscribe",
            "mqv:filter": topic,
            "mqv:retain": !momentary,
            "mqv:qos": "1",
          },
        ]),
    ...(affordance.readOnly === true
      ? []
      : [
          {
            ...mqttForm(door, setTopic(id, key), ["writeproperty"]),
            contentType,
            "mqv:controlPacket": "publish",
            "mqv:topic": setTopic(id, key),
            "mqv:retain": false,
            // Homie 5.0 "QoS and retained messages": at most once for what must not happen twice.
            "mqv:qos": momentary ? "0" : "1",
          },
        ]),
  ];
}

export function eventForm(door: string, topic: string): Form {
  return {
    ...mqttForm(door, topic, ["subscribeevent", "unsubscribeevent"]),
    contentType: "application/json",
    "mqv:controlPacket": "subscribe",
    "mqv:filter": topic,
    "mqv:retain": false,
    "mqv:qos": "1",
  };
}

function mqttForm(door: string, topic: string, op: readonly string[]): Form {
  return { href: `${door}/${topic}`, op, security: ["basic"] };
}

/**
 * Homie writes truth values, numbers and JSON as JSON does, and strings as they are. (The empty string, which MQTT cannot
 * keep, is one zero byte there.)
 */
function payloadType(schema: DataSchema): string {
  const datatype = homieDatatype(schema);
  const isJson = ["boolean", "integer", "float", "json"].includes(datatype);
  return isJson ? "application/json" : "text/plain;charset=utf-8";
}
