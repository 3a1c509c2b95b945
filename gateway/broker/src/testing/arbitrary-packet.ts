import fc from "fast-check";
import type {
  AcknowledgementType,
  Packet,
  ProtocolVersion,
  QoS,
  Subscription,
  Will,
} from "../codec/packet.ts";
import type { Sender } from "../codec/packet-reader.ts";
import { NO_PROPERTIES, type PropertiesOf, type PropertyHome } from "../codec/properties.ts";
import { PROPERTY_TABLE, type PropertyRow } from "../codec/property-table.ts";
import { ALLOWED_CODES } from "../codec/reason-code.ts";

/** Any string that MQTT can carry: well-formed, no U+0000. */
export const arbitraryText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).map((text) => text.replaceAll("\0", "\ufeff")),
  fc.string({ unit: "binary-ascii", maxLength: 80 }).map((text) => text.replaceAll("\0", "_")),
);

const topicName = arbitraryText.map((text) => text.replace(/[#+]/g, "/") || "t");
const binary = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const payload = fc.oneof(
  binary,
  fc.uint8Array({ minLength: 100, maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
);
const packetId = fc.integer({ min: 1, max: 65_535 });
const qos = fc.constantFrom<QoS>(0, 1, 2);
const twoBytes = fc.integer({ min: 0, max: 65_535 });

const level = fc.oneof(
  fc.constant("+"),
  arbitraryText.map((text) => text.replace(/[#+/]/g, "-")),
);
const plainFilter = fc
  .tuple(fc.array(level, { maxLength: 4 }), fc.boolean())
  .map(([levels, multi]) => [...levels, ...(multi ? ["#"] : [])].join("/") || "+");

function filter(version: ProtocolVersion): fc.Arbitrary<string> {
  const shared = fc.tuple(level, plainFilter).map(([name, rest]) => {
    return `$share/${name.replaceAll("+", "") || "group"}/${rest}`;
  });
  // A filter that begins like a shared one by chance would not be one of the valid kind.
  const plain = plainFilter.map((text) => text.replace(/^\$share/, "share"));
  return version === 5 ? fc.oneof({ arbitrary: plain, weight: 3 }, shared) : plain;
}

function propertyValue({ form, many, minimum = 0, maximum, name }: PropertyRow): fc.Arbitrary<unknown> {
  const number = (most: number) => fc.integer({ min: minimum, max: maximum ?? most });
  const single = (): fc.Arbitrary<unknown> => {
    switch (form) {
      case "boolean":
        return fc.boolean();
      case "byte":
        return number(255);
      case "two-bytes":
        return name === "topicAlias" ? packetId : number(65_535);
      case "four-bytes":
        return fc.oneof(number(0xffff_ffff), fc.constantFrom(minimum, 0xffff_ffff));
      case "variable":
        return fc.oneof(number(268_435_455), fc.constantFrom(1, 127, 128, 16_383, 16_384, 268_435_455));
      case "text":
        return arbitraryText;
      case "topic":
        return topicName;
      case "binary":
        return binary;
      case "pair":
        return fc.tuple(arbitraryText, arbitraryText);
    }
  };
  return many ? fc.array(single(), { minLength: 1, maxLength: 4 }) : single();
}

/** Any of the properties that a home allows in packets of the sender; none in 3.1.1. */
function properties<Home extends PropertyHome>(
  home: Home,
  version: ProtocolVersion,
  { without = [], required = [] }: { without?: readonly string[]; required?: readonly string[] } = {},
): fc.Arbitrary<PropertiesOf[Home]> {
  if (version === 4) return fc.constant(NO_PROPERTIES as PropertiesOf[Home]);
  const rows = PROPERTY_TABLE.filter(({ homes, name }) => homes.includes(home) && !without.includes(name));
  const model = Object.fromEntries(rows.map((row) => [row.name, propertyValue(row)]));
  const some = fc.record(model, { requiredKeys: [...required] });
  return (required.length > 0
    ? some
    : fc.oneof({ arbitrary: some, weight: 2 }, fc.constant({}))) as unknown as fc.Arbitrary<
    PropertiesOf[Home]
  >;
}

function codes(allowed: readonly boolean[]): fc.Arbitrary<number> {
  return fc.constantFrom(...allowed.flatMap((yes, code) => (yes ? [code] : [])));
}

function will(version: ProtocolVersion): fc.Arbitrary<Will> {
  return fc.record({
    topic: topicName,
    payload: binary,
    qos,
    retain: fc.boolean(),
    properties: properties("will", version),
  });
}

function connect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      type: fc.constant("connect"),
      version: fc.constant(version),
      cleanStart: fc.boolean(),
      keepAliveSeconds: twoBytes,
      clientId: arbitraryText,
      will: fc.option(will(version), { nil: undefined }),
      userName: fc.option(arbitraryText, { nil: undefined }),
      password: fc.option(binary, { nil: undefined }),
      properties: properties("connect", version),
    })
    .map((packet) => {
      const alone = version === 4 && packet.userName === undefined;
      const { authenticationData, ...rest } = packet.properties;
      const proper = packet.properties.authenticationMethod === undefined ? rest : packet.properties;
      return {
        ...packet,
        password: alone ? undefined : packet.password,
        properties: proper,
      } as Packet;
    });
}

function publish(version: ProtocolVersion, sender: Sender): fc.Arbitrary<Packet> {
  const without = sender === "client" ? ["subscriptionIdentifiers"] : [];
  return fc
    .record({
      type: fc.constant("publish"),
      topic: fc.oneof(topicName, fc.constant("")),
      payload,
      qos,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId,
      properties: properties("publish", version, { without }),
    })
    .map((packet) => {
      const named = packet.topic !== "" || (packet.properties.topicAlias ?? 0) > 0;
      const first = packet.qos === 0;
      return {
        ...packet,
        topic: named ? packet.topic : "t",
        dup: !first && packet.dup,
        packetId: first ? 0 : packet.packetId,
      } as Packet;
    });
}

function acknowledgement(type: AcknowledgementType, version: ProtocolVersion): fc.Arbitrary<Packet> {
  const record = fc.record({
    type: fc.constant(type),
    packetId,
    reasonCode: version === 5 ? codes(ALLOWED_CODES[type]) : fc.constant(0),
    properties: properties(type, version),
  });
  return record as fc.Arbitrary<Packet>;
}

function subscription(version: ProtocolVersion): fc.Arbitrary<Subscription> {
  const flag = version === 5 ? fc.boolean() : fc.constant(false);
  return fc
    .record({
      filter: filter(version),
      qos,
      noLocal: flag,
      retainAsPublished: flag,
      retainHandling: version === 5 ? fc.constantFrom<0 | 1 | 2>(0, 1, 2) : fc.constant<0>(0),
    })
    .map((line) => ({ ...line, noLocal: line.noLocal && !line.filter.startsWith("$share/") }));
}

function answer(type: "suback" | "unsuback", version: ProtocolVersion): fc.Arbitrary<Packet> {
  const allowed = type === "suback" && version === 4 ? ALLOWED_CODES.subackReturn : ALLOWED_CODES[type];
  const none = type === "unsuback" && version === 4;
  const record = fc.record({
    type: fc.constant(type),
    packetId,
    reasonCodes: none ? fc.constant([]) : fc.array(codes(allowed), { minLength: 1, maxLength: 5 }),
    properties: properties(type, version),
  });
  return record as fc.Arbitrary<Packet>;
}

function connack(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      type: fc.constant("connack"),
      sessionPresent: fc.boolean(),
      reasonCode: codes(version === 5 ? ALLOWED_CODES.connack : ALLOWED_CODES.connackReturn),
      properties: properties("connack", version),
    })
    .map((packet) => {
      return { ...packet, sessionPresent: packet.sessionPresent && packet.reasonCode === 0 } as Packet;
    });
}

function disconnect(version: ProtocolVersion, sender: Sender): fc.Arbitrary<Packet> {
  const allowed = sender === "client" ? ALLOWED_CODES.disconnectByClient : ALLOWED_CODES.disconnectByServer;
  const record = fc.record({
    type: fc.constant("disconnect"),
    reasonCode: version === 5 ? codes(allowed) : fc.constant(0),
    properties: properties("disconnect", version, {
      without: sender === "server" ? ["sessionExpirySeconds"] : [],
    }),
  });
  return record as fc.Arbitrary<Packet>;
}

function auth(sender: Sender): fc.Arbitrary<Packet> {
  const record = fc.record({
    type: fc.constant("auth"),
    reasonCode: codes(sender === "client" ? ALLOWED_CODES.authByClient : ALLOWED_CODES.authByServer),
    properties: properties("auth", 5, { required: ["authenticationMethod"] }),
  });
  return record as fc.Arbitrary<Packet>;
}

function fromClient(version: ProtocolVersion): fc.Arbitrary<Packet>[] {
  return [
    fc.record({
      type: fc.constant("subscribe"),
      packetId,
      subscriptions: fc.array(subscription(version), { minLength: 1, maxLength: 4 }),
      properties: properties("subscribe", version),
    }) as fc.Arbitrary<Packet>,
    fc.record({
      type: fc.constant("unsubscribe"),
      packetId,
      filters: fc.array(filter(version), { minLength: 1, maxLength: 4 }),
      properties: properties("unsubscribe", version),
    }) as fc.Arbitrary<Packet>,
    fc.constant<Packet>({ type: "pingreq" }),
    disconnect(version, "client"),
  ];
}

function fromServer(version: ProtocolVersion): fc.Arbitrary<Packet>[] {
  return [
    connack(version),
    answer("suback", version),
    answer("unsuback", version),
    fc.constant<Packet>({ type: "pingresp" }),
    ...(version === 5 ? [disconnect(version, "server")] : []),
  ];
}

/** Any valid CONNECT. */
export const arbitraryConnect = connect;

/** Any valid packet but CONNECT that this side may send in this version. */
export function arbitraryPacket(version: ProtocolVersion, sender: Sender): fc.Arbitrary<Packet> {
  return fc.oneof(
    { arbitrary: publish(version, sender), weight: 4 },
    acknowledgement("puback", version),
    acknowledgement("pubrec", version),
    acknowledgement("pubrel", version),
    acknowledgement("pubcomp", version),
    ...(sender === "client" ? fromClient(version) : fromServer(version)),
    ...(version === 5 ? [auth(sender)] : []),
  );
}
