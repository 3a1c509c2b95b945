import type { CloudMessage } from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";
import type { MqttOutgoing } from "../mqtt-connection.ts";
import type { DeviceNames } from "./device-names.ts";
import { BLUEMIX_LIMITS } from "./limits.ts";
import type { BluemixTopics } from "./topics.ts";

/**
 * A message as an event of its device: the event's name is its class. The value is under the property's own key too, as
 * `motor_speed`, because Maximo Monitor makes a metric of each key; `name` has it as the house writes it.
 */
export function eventOf(
  message: CloudMessage,
  { names, topics }: { readonly names: DeviceNames; readonly topics: BluemixTopics },
): MqttOutgoing | { readonly unfit: string } {
  const topic = topics.event(names.of(message.thing), message.class);
  const payload = JSON.stringify(bodyOf(message));
  const bytes = Buffer.byteLength(payload);
  if (bytes <= BLUEMIX_LIMITS.payloadBytes) return { topic, payload };
  return { unfit: `it has ${bytes} bytes, and IBM takes ${BLUEMIX_LIMITS.payloadBytes}` };
}

function bodyOf(message: CloudMessage): Readonly<Record<string, Json>> {
  const { class: kind, context, id, name, quality, thinned, time, timeUncertain, value } = message;
  const head = {
    id,
    time: new Date(time).toISOString(),
    ...(timeUncertain === undefined ? {} : { timeUncertain }),
    ...(thinned === undefined ? {} : { from: new Date(thinned.from).toISOString() }),
    name,
  };
  if (kind === "reply" && isJsonObject(value)) {
    // Inside the house a request has another name.
    const request = isJsonObject(context) ? context.request : undefined;
    return { ...head, ...value, ...(request === undefined ? {} : { request }) };
  }
  return { ...head, quality, [name.replace(/[^A-Za-z0-9]/g, "_")]: value };
}
