import type { PropertyHome, PropertyName } from "./properties.ts";

/** How a property's value stands on the wire (MQTT 5.0 §1.5). */
export type PropertyForm =
  | "boolean"
  | "byte"
  | "two-bytes"
  | "four-bytes"
  | "variable"
  | "text"
  | "topic"
  | "binary"
  | "pair";

export interface PropertyRow {
  readonly id: number;
  readonly name: PropertyName;
  readonly form: PropertyForm;
  readonly homes: readonly PropertyHome[];
  /** May come more than once: its value is a list. */
  readonly many: boolean;
  /** Of a number; absent where every value of the form is allowed. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** The section that tells what the value means and forbids to send it twice. */
  readonly clause: string;
}

const MESSAGE = ["publish", "will"] as const;
const HANDSHAKE = ["connect", "connack"] as const;
const AUTHENTICATION = ["connect", "connack", "auth"] as const;
const ANSWERS = [
  "connack",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "suback",
  "unsuback",
  "disconnect",
  "auth",
];
const EVERYWHERE = ["connect", "will", "publish", "subscribe", "unsubscribe", ...ANSWERS];

/** MQTT 5.0, table 2-4. The order is that in which the encoder writes them. */
export const PROPERTY_TABLE: readonly PropertyRow[] = [
  row(0x01, "payloadIsUtf8", "boolean", MESSAGE, "3.3.2.3.2"),
  row(0x02, "messageExpirySeconds", "four-bytes", MESSAGE, "3.3.2.3.3"),
  row(0x03, "contentType", "text", MESSAGE, "3.3.2.3.9"),
  row(0x08, "responseTopic", "topic", MESSAGE, "3.3.2.3.5"),
  row(0x09, "correlationData", "binary", MESSAGE, "3.3.2.3.6"),
  row(0x0b, "subscriptionIdentifiers", "variable", ["publish"], "3.3.2.3.8", { many: true, minimum: 1 }),
  row(0x0b, "subscriptionIdentifier", "variable", ["subscribe"], "3.8.2.1.2", { minimum: 1 }),
  row(0x11, "sessionExpirySeconds", "four-bytes", [...HANDSHAKE, "disconnect"], "3.1.2.11.2"),
  row(0x12, "assignedClientIdentifier", "text", ["connack"], "3.2.2.3.7"),
  row(0x13, "serverKeepAliveSeconds", "two-bytes", ["connack"], "3.2.2.3.14"),
  row(0x15, "authenticationMethod", "text", AUTHENTICATION, "3.1.2.11.9"),
  row(0x16, "authenticationData", "binary", AUTHENTICATION, "3.1.2.11.10"),
  row(0x17, "requestProblemInformation", "boolean", ["connect"], "3.1.2.11.7"),
  row(0x18, "willDelaySeconds", "four-bytes", ["will"], "3.1.3.2.2"),
  row(0x19, "requestResponseInformation", "boolean", ["connect"], "3.1.2.11.6"),
  row(0x1a, "responseInformation", "text", ["connack"], "3.2.2.3.15"),
  row(0x1c, "serverReference", "text", ["connack", "disconnect"], "3.2.2.3.16"),
  row(0x1f, "reasonString", "text", ANSWERS, "3.2.2.3.9"),
  row(0x21, "receiveMaximum", "two-bytes", HANDSHAKE, "3.1.2.11.3", { minimum: 1 }),
  row(0x22, "topicAliasMaximum", "two-bytes", HANDSHAKE, "3.1.2.11.5"),
  // Zero has a reason code of its own, so the decoder of PUBLISH looks at it.
  row(0x23, "topicAlias", "two-bytes", ["publish"], "3.3.2.3.4"),
  row(0x24, "maximumQos", "byte", ["connack"], "3.2.2.3.4", { maximum: 1 }),
  row(0x25, "retainAvailable", "boolean", ["connack"], "3.2.2.3.5"),
  row(0x26, "userProperties", "pair", EVERYWHERE, "3.1.2.11.8", { many: true }),
  row(0x27, "maximumPacketSize", "four-bytes", HANDSHAKE, "3.1.2.11.4", { minimum: 1 }),
  row(0x28, "wildcardSubscriptionAvailable", "boolean", ["connack"], "3.2.2.3.11"),
  row(0x29, "subscriptionIdentifiersAvailable", "boolean", ["connack"], "3.2.2.3.12"),
  row(0x2a, "sharedSubscriptionAvailable", "boolean", ["connack"], "3.2.2.3.13"),
];

/** Ids are below 128, so each is one byte on the wire, although it is a Variable Byte Integer by name. */
const HIGHEST_ID = 0x7f;

const known = new Set(PROPERTY_TABLE.map(({ id }) => id));
const byHome = new Map<string, readonly (PropertyRow | undefined)[]>(
  EVERYWHERE.map((home) => [
    home,
    Array.from({ length: HIGHEST_ID + 1 }, (_, id) =>
      PROPERTY_TABLE.find((row) => row.id === id && row.homes.includes(home as PropertyHome)),
    ),
  ]),
);

/** The rows that a home allows, indexed by id. */
export function propertiesIn(home: PropertyHome): readonly (PropertyRow | undefined)[] {
  return byHome.get(home) ?? [];
}

/** Whether any packet knows the id. */
export function isPropertyId(id: number): boolean {
  return known.has(id);
}

function row(
  id: number,
  name: PropertyName,
  form: PropertyForm,
  homes: readonly string[],
  section: string,
  rest: { readonly many?: boolean; readonly minimum?: number; readonly maximum?: number } = {},
): PropertyRow {
  const range = form === "boolean" ? { maximum: 1 } : {};
  return {
    ...{ id, name, form, many: false, clause: `§${section}` },
    ...{ homes: homes as readonly PropertyHome[], ...range, ...rest },
  };
}
