import type { Clock } from "@tram/core";
import type { Json } from "@tram/protocol";
import type { QoS } from "../codec/packet.ts";
import { NO_PROPERTIES, type UserProperty } from "../codec/properties.ts";
import type { TopicName } from "../topics/index.ts";
import { restoreDue, type SavedDue, saveDue } from "./due.ts";
import { type ForwardedProperties, Message } from "./message.ts";

/** A message in the store. Its topic stands beside it. */
export interface MessageRecord {
  /** Base64: payloads are bytes. */
  readonly payload: string;
  readonly qos: QoS;
  readonly retain?: true;
  readonly properties?: SavedProperties;
  readonly due?: SavedDue;
  /** Of a retained one: the account that said it. Not there in older stores, nor for what the gateway says. */
  readonly by?: string;
}

type SavedProperties = Omit<ForwardedProperties, "correlationData" | "userProperties"> & {
  /** Base64. */
  readonly correlationData?: string;
  readonly userProperties?: UserProperty[];
};

export function saveMessage(message: Message, clock: Clock): Record<string, Json> {
  const { expiresAt, payload, properties, qos, retain } = message;
  const record: Record<string, Json> = { payload: payload.toString("base64"), qos };
  if (retain) record.retain = true;
  if (properties !== NO_PROPERTIES) {
    const { correlationData, ...rest } = properties;
    const saved = correlationData && { correlationData: correlationData.toString("base64") };
    record.properties = { ...rest, ...saved } as unknown as Json;
  }
  if (expiresAt !== undefined) record.due = saveDue(expiresAt, clock);
  return record;
}

export function restoreMessage(topic: TopicName, record: MessageRecord, clock: Clock): Message {
  const { due, payload, properties, qos, retain = false } = record;
  return new Message({
    topic,
    payload: Buffer.from(payload, "base64"),
    qos,
    retain,
    ...(properties === undefined ? {} : { properties: restoreProperties(properties) }),
    expiresAt: due && restoreDue(due, clock),
  });
}

function restoreProperties({ correlationData, ...rest }: SavedProperties): ForwardedProperties {
  return correlationData === undefined
    ? rest
    : { ...rest, correlationData: Buffer.from(correlationData, "base64") };
}
